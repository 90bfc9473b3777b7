"""κ against the size of the sample: every mode is scattered at the boundary, 1/τ = |v|/L, beside all else.

In the relaxation-time approximation that changes each lifetime and nothing else. Beyond it, what a mode hands on to
others changes too, so the Boltzmann equation is solved again at every length; scaling the solution of the bulk is no
substitute (it is what TDEP does).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from peierls.collision_operator import vectors
from peierls.crystal import Floats
from peierls.linewidths import mean_free_paths
from peierls.quantities import quantity
from peierls.solvers import rta
from peierls.solvers.heat_conduction import HeatConduction
from peierls.solvers.shifted_systems import solve_shifted
from peierls.units import GIGABYTE, METRE

LENGTHS_PER_DECADE = 4
_LEAST, _MOST = 0.01, 0.99
"""Shares of κ in RTA that the shortest and the longest length of the scan leave, at the temperatures that need it."""

TOLERANCE = 3e-4
"""Relative residual at each length. The error of κ is of second order in it: at most TOLERANCE² tr κ_RTA over the least
eigenvalue that the collisions have relative to the rates."""
VECTORS = 100
"""The most vectors of the subspace in which all lengths are solved; 20 to 40 are needed."""


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
    residual: Floats = quantity(
        "1",
        "temperature length",
        "what the solution leaves of its source, relative; 0 in RTA, which is solved in closed form, infinite where the"
        " collisions have a negative eigenvalue",
        may_be_nan=True,
    )


def scan_in_rta(problem: HeatConduction, lengths: Sequence[float] | None) -> BoundaryScan:
    """κ(L) = Σ_λ κ_λ / (1 + |v|τ/L), exact in the relaxation-time approximation; lengths in m, or chosen."""
    length = boundary_lengths(problem, lengths)
    of_modes, paths = rta.solve(problem).mode_kappa, mean_free_paths(problem.phonons, problem.linewidths)
    shares = 1 / (1 + paths[:, None] / (length * METRE)[:, None, None])
    return BoundaryScan(
        solver="rta",
        temperature=problem.linewidths.temperature,
        length=length,
        kappa=np.einsum("tlqs,tqsab->tlab", shares, of_modes, optimize=True),
        kappa_bulk=of_modes.sum(axis=(1, 2)),
        residual=np.zeros((len(of_modes), len(length))),
    )


def scan_by_solving(problem: HeatConduction, lengths: Sequence[float] | None) -> BoundaryScan:
    """κ(L) of the exact solution at all lengths and in the bulk, for which the collisions are applied together.

    With the residual r that is left, κ = ⟨b, ψ⟩ + ⟨ψ, r⟩ is stationary around the solution.
    """
    length = boundary_lengths(problem, lengths)
    strengths = np.append(0.0, 1 / (length * METRE))
    n_temperatures = len(problem.linewidths.temperature)
    at_once = max(1, int(problem.settings["integration"]["max_memory"] * GIGABYTE / bytes_per_temperature(problem)))
    parts = [_solve(problem, slice(start, start + at_once), strengths) for start in range(0, n_temperatures, at_once)]
    kappa, residuals = (np.concatenate(each) for each in zip(*parts, strict=True))
    return BoundaryScan(
        solver="variational",
        temperature=problem.linewidths.temperature,
        length=length,
        kappa=kappa[:, 1:],
        kappa_bulk=kappa[:, 0],
        residual=residuals[:, 1:],
    )


def bytes_per_temperature(problem: HeatConduction) -> float:
    """Memory of a subspace of `VECTORS` at one temperature, bytes: vectors and images, and once more while one is
    added."""
    return 4 * VECTORS * 8.0 * 3 * problem.mesh.n_irreducible * problem.phonons.n_bands


def _solve(problem: HeatConduction, some: slice, strengths: Floats) -> tuple[Floats, Floats]:
    """κ at some temperatures, nan where it did not converge, and the residuals, shapes (temperature, strength, 3, 3)
    and (temperature, strength)."""
    operator, representation = problem.operator.at(some), vectors(problem.mesh)
    source = problem.source[..., some]
    # ⟨f, g⟩ has the weights of the stars; with their roots in the coordinates it is a plain sum.
    roots = np.sqrt(problem.mesh.weights)[:, None, None, None]

    def coordinates(field: Floats) -> Floats:
        return (roots * np.broadcast_to(field, source.shape)).transpose(3, 0, 1, 2).reshape(source.shape[3], -1)

    def field(coordinates: Floats) -> Floats:
        return coordinates.reshape(-1, *source.shape[:3]).transpose(1, 2, 3, 0) / roots

    space, residuals = solve_shifted(
        lambda vector: coordinates(operator.apply(field(vector), representation)),
        coordinates(operator.rates[:, :, None] / roots),
        coordinates((problem.phonons.speeds[..., None] * operator.active)[:, :, None] / roots),
        coordinates(source),
        strengths,
        TOLERANCE,
        min(problem.settings["solver_options"]["max_iterations"], VECTORS),
    )
    kappa = []
    for strength, left in zip(strengths, residuals, strict=True):
        solution, remainder = (field(each) for each in space.solve(strength)[:2])
        tensor = problem.tensor(source, solution, some) + problem.tensor(solution, remainder, some)
        kappa.append(np.where((left < TOLERANCE)[:, None, None], tensor, np.nan))
    return np.stack(kappa, axis=1), residuals.T


def boundary_lengths(problem: HeatConduction, lengths: Sequence[float] | None) -> Floats:
    """Lengths in m, ascending: those given, or in equal ratios, as round numbers, from where κ in RTA is 1 % of the
    bulk's to where it is 99 %, at every temperature."""
    if lengths is not None:
        return np.array(sorted(set(lengths)), dtype=float)
    of_modes = np.einsum("tqsaa->tqs", rta.solve(problem).mode_kappa) / 3
    trials = 10.0 ** (np.arange(-12 * LENGTHS_PER_DECADE, 6 * LENGTHS_PER_DECADE + 1) / LENGTHS_PER_DECADE)
    needed = np.zeros(len(trials), dtype=bool)
    for paths, weights in zip(mean_free_paths(problem.phonons, problem.linewidths), of_modes, strict=True):
        shares = np.array([(weights / (1 + paths / (trial * METRE))).sum() for trial in trials])
        if weights.sum() > 0:
            inside = (shares > _LEAST * weights.sum()) & (shares < _MOST * weights.sum())
            # One more on each side, so that the shares themselves are enclosed.
            needed |= inside | np.roll(inside, 1) | np.roll(inside, -1)
    return trials[needed]
