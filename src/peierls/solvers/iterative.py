"""The fixed-point iteration of Omini and Sparavigna, which says so when it cannot converge.

    f ← f + A_out⁻¹ (b - A f)

multiplies each eigencomponent of the error by 1 - μ, μ the eigenvalues of A_out⁻¹ A. In the norm ⟨r, A_out⁻¹ r⟩ the
residual therefore shrinks at every step if all |1 - μ| < 1; the first step at which it grows proves an eigenvalue
above 2 (the residual changes sign: oscillation) or below 0, with which the iteration cannot converge. Source: M.
Omini, A. Sparavigna, DOI 10.1103/PhysRevB.53.9064.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from peierls.collision_operator import vectors
from peierls.crystal import Floats
from peierls.health import check_convergence, check_energy_conservation
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport

ROUNDING = 1e-13
"""Relative residual below which growth is rounding."""

CONVERGED, EXHAUSTED, OSCILLATES, DIVERGES = "converged", "ran out of iterations", "oscillates", "diverges"

_log = logging.getLogger("peierls")


class FixedPoint(NamedTuple):
    """The iterate reached by each system of the last axis, its outcome, and the records, shapes (iteration, system)."""

    solution: Floats
    outcomes: list[str]
    values: Floats
    residuals: Floats


def omini_sparavigna(
    apply: Callable[[Floats], Floats],
    diagonal: Floats,
    source: Floats,
    inner: Callable[[Floats, Floats], Floats],
    tolerance: float,
    max_iterations: int,
) -> FixedPoint:
    """Solve Ω ψ = source by the fixed point, for all systems of the last axis at once; `values` are ⟨source, ψ⟩."""
    inverse = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    solution = source * inverse
    scale = inner(source, solution)
    outcomes = np.full(source.shape[-1], EXHAUSTED, dtype=object)
    values, residuals = [], []
    previous = None
    for _ in range(max_iterations + 1):
        residual = source - apply(solution)
        step = residual * inverse
        size = np.sqrt(np.divide(inner(residual, step), scale, out=np.zeros_like(scale), where=scale > 0))
        values.append(inner(source, solution))
        residuals.append(size)
        _log.info(
            "iteration %d: relative residual at most %.1e, %.1e is wanted", len(values) - 1, size.max(), tolerance
        )
        running = outcomes == EXHAUSTED
        outcomes[running & (size < tolerance)] = CONVERGED
        if previous is not None:
            grows = running & (size > residuals[-2]) & (size > ROUNDING) & (outcomes != CONVERGED)
            turns = inner(previous, step) < 0
            outcomes[grows & turns] = OSCILLATES
            outcomes[grows & ~turns] = DIVERGES
        running = outcomes == EXHAUSTED
        if not running.any():
            break
        solution = solution + step * running
        previous = residual
    return FixedPoint(solution, list(outcomes), np.array(values), np.array(residuals))


def solve(problem: HeatConduction) -> Transport:
    """κ by the Omini-Sparavigna iteration, each step projected on the fields that the crystal's symmetry allows."""
    operator, representation = problem.operator, vectors(problem.mesh)
    options = problem.settings["solver_options"]
    reached = omini_sparavigna(
        lambda field: operator.apply(field, representation),
        np.broadcast_to(operator.rates[:, :, None], problem.source.shape),
        problem.source,
        operator.inner,
        options["tolerance"],
        options["max_iterations"],
    )
    temperatures = operator.temperatures
    converged = np.array([outcome == CONVERGED for outcome in reached.outcomes])
    failures = [
        f"iterative {outcome} at {temperatures[i]:g} K after {len(reached.residuals) - 1} iterations at a residual of "
        f"{reached.residuals[-1][i]:.1e}: use the solver variational"
        for i, outcome in enumerate(reached.outcomes)
        if outcome != CONVERGED
    ]
    return transport(
        problem,
        "iterative",
        problem.displacements(reached.solution),
        converged,
        checks=[
            check_convergence("iterative", failures),
            check_energy_conservation(problem.energy_conservation(), temperatures),
        ],
        iteration_kappa=problem.trace(reached.values).T,
        iteration_residual=reached.residuals.T,
    )
