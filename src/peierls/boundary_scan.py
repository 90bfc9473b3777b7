"""κ against the size of the sample: every mode is scattered at the boundary, 1/τ = |v|/L, beside all else.

In the relaxation-time approximation that changes each lifetime and nothing else. Beyond it, what a mode hands on to
others changes too, so the Boltzmann equation is solved again at every length; scaling the solution of the bulk is no
substitute (it is what TDEP does).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from peierls.collision_operator import vectors
from peierls.crystal import Floats, Integers
from peierls.quantities import quantity
from peierls.solvers import rta
from peierls.solvers.heat_conduction import HeatConduction
from peierls.solvers.variational import conjugate_gradient
from peierls.units import METRE

LENGTHS_PER_DECADE = 4
_LEAST, _MOST = 0.01, 0.99
"""Shares of κ in RTA that the shortest and the longest length of the scan leave, at the temperatures that need it."""

_TOLERANCE = 3e-4
"""Relative residual at each length: the error of κ is of second order in it."""

_log = logging.getLogger("peierls")


@dataclass(frozen=True)
class BoundaryScan:
    """κ against the length L of an additional boundary scattering 1/τ = |v|/L, |v| the root mean square over the
    degenerate set.

    It adds to what the run has already (`scattering.boundary_length`, `max_mfp`), so `kappa_bulk`, the limit of long
    L, is the κ of the run. A mode that nothing scatters in the bulk is left out at every length, as it is there.
    """

    solver: str = quantity("", "", "rta, or variational for the exact solution at each length")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    length: Floats = quantity("m", "length", "boundary length L, ascending")
    kappa: Floats = quantity(
        "W/m/K", "temperature length 3 3", "thermal conductivity; nan where it did not converge", may_be_nan=True
    )
    kappa_bulk: Floats = quantity(
        "W/m/K", "temperature 3 3", "the same without this boundary; nan where it did not converge", may_be_nan=True
    )
    iterations: Integers = quantity("1", "length", "conjugate-gradient steps at each length")


def scan_in_rta(problem: HeatConduction, lengths: Sequence[float] | None) -> BoundaryScan:
    """κ(L) = Σ_λ κ_λ / (1 + |v|τ/L), exact in the relaxation-time approximation; lengths in m, or chosen."""
    length = boundary_lengths(problem, lengths)
    of_modes, paths = rta.solve(problem).mode_kappa, _paths(problem)
    shares = 1 / (1 + paths[:, None] / (length * METRE)[:, None, None])
    return BoundaryScan(
        solver="rta",
        temperature=problem.linewidths.temperature,
        length=length,
        kappa=np.einsum("tlqs,tqsab->tlab", shares, of_modes, optimize=True),
        kappa_bulk=of_modes.sum(axis=(1, 2)),
        iterations=np.zeros(len(length), dtype=np.int64),
    )


def scan_by_solving(problem: HeatConduction, lengths: Sequence[float] | None) -> BoundaryScan:
    """κ(L) of the exact solution, by conjugate gradients at each length, from long to short ones.

    Each starts from the solution before it, of which every mode is scaled by the ratio of its rates. With the residual
    r that is left, κ = ⟨b, ψ⟩ + ⟨ψ, r⟩ is stationary around the solution.
    """
    length = boundary_lengths(problem, lengths)
    bulk, representation = problem.operator, vectors(problem.mesh)
    speeds = problem.phonons.speeds[..., None] * bulk.active
    maximum = problem.settings["solver_options"]["max_iterations"]
    results, iterations = [], []
    start: Floats | None = None
    scaled: list[Floats] = []
    for size in [np.inf, *length[::-1]]:
        operator = replace(bulk, rates=bulk.rates + speeds / (size * METRE))
        if scaled:
            inverse = np.divide(1.0, operator.rates, out=np.zeros_like(bulk.rates), where=operator.rates > 0)
            ahead = scaled[-1] if len(scaled) < 3 else 2 * scaled[-1] - scaled[-2]
            start = ahead * inverse[:, :, None]
        descent = conjugate_gradient(
            partial(operator.apply, representation=representation),
            np.broadcast_to(operator.rates[:, :, None], problem.source.shape),
            problem.source,
            operator.inner,
            _TOLERANCE,
            maximum,
            start,
        )
        scaled = [*scaled[-2:], descent.solution * operator.rates[:, :, None]]
        kappa = problem.tensor(problem.source, descent.solution) + problem.tensor(descent.solution, descent.residual)
        results.append(np.where(descent.converged[:, None, None], kappa, np.nan))
        iterations.append(len(descent.residuals) - 1)
        _log.info("boundary length %.2g m: %d iterations", size, iterations[-1])
    return BoundaryScan(
        solver="variational",
        temperature=problem.linewidths.temperature,
        length=length,
        kappa=np.stack(results[:0:-1], axis=1),
        kappa_bulk=results[0],
        iterations=np.array(iterations[:0:-1], dtype=np.int64),
    )


def boundary_lengths(problem: HeatConduction, lengths: Sequence[float] | None) -> Floats:
    """Lengths in m, ascending: those given, or in equal ratios, as round numbers, from where κ in RTA is 1 % of the
    bulk's to where it is 99 %, at every temperature."""
    if lengths is not None:
        return np.array(sorted(set(lengths)), dtype=float)
    of_modes = np.einsum("tqsaa->tqs", rta.solve(problem).mode_kappa) / 3
    trials = 10.0 ** (np.arange(-12 * LENGTHS_PER_DECADE, 6 * LENGTHS_PER_DECADE + 1) / LENGTHS_PER_DECADE)
    needed = np.zeros(len(trials), dtype=bool)
    for paths, weights in zip(_paths(problem), of_modes, strict=True):
        shares = np.array([(weights / (1 + paths / (trial * METRE))).sum() for trial in trials])
        if weights.sum() > 0:
            inside = (shares > _LEAST * weights.sum()) & (shares < _MOST * weights.sum())
            # One more on each side, so that the shares themselves are enclosed.
            needed |= inside | np.roll(inside, 1) | np.roll(inside, -1)
    return trials[needed]


def _paths(problem: HeatConduction) -> Floats:
    """|v|τ, shape (temperature, ir_q, band), Å."""
    return problem.phonons.speeds * problem.linewidths.lifetimes
