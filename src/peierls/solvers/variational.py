"""The variational principle, followed to its end by conjugate gradients.

κ is the maximum of 2⟨b, f⟩ - ⟨f, A f⟩ over all f (G. Fugallo et al., DOI 10.1103/PhysRevB.88.045430), so with a
positive operator every iterate gives a lower bound, and conjugate gradients raise it at every step.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peierls.collision_operator import vectors
from peierls.crystal import Floats
from peierls.health import check_convergence, check_energy_conservation, failures_at
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport

_log = logging.getLogger("peierls")


class Descent(NamedTuple):
    """The solution of a set of linear systems along the last axis, what it leaves of the source, and how it was
    reached, shapes (iteration, system)."""

    solution: Floats
    residual: Floats
    converged: NDArray[np.bool_]
    indefinite: NDArray[np.bool_]
    values: Floats
    residuals: Floats


def conjugate_gradient(
    apply: Callable[[Floats], Floats],
    diagonal: Floats,
    source: Floats,
    inner: Callable[[Floats, Floats], Floats],
    tolerance: float,
    max_iterations: int,
) -> Descent:
    """Solve Ω ψ = source for all systems of the last axis at once, preconditioned with `diagonal`.

    A system has converged where |r|/|source| < tolerance in the norm ⟨r, r/diagonal⟩. `values` are 2⟨source, ψ⟩ -
    ⟨ψ, Ω ψ⟩. A system in which the operator turns out not to be positive stops where it stands. `diagonal` may be
    zero where nothing acts.
    """
    inverse = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    solution = source * inverse
    residual = source - apply(solution)
    scale = inner(source, source * inverse)
    direction = residual * inverse
    product = inner(residual, direction)
    values, residuals = [], []
    running = scale > 0
    indefinite = np.zeros_like(running)
    while True:
        values.append(inner(source, solution) + inner(residual, solution))
        residuals.append(np.sqrt(np.divide(np.maximum(product, 0.0), scale, out=np.zeros_like(scale), where=scale > 0)))
        running = running & (residuals[-1] >= tolerance)
        _log.info(
            "iteration %d: relative residual at most %.1e, %.1e is wanted",
            *(len(values) - 1, residuals[-1].max(), tolerance),
        )
        if not running.any() or len(values) > max_iterations:
            break
        image = apply(direction)
        curvature = inner(direction, image)
        indefinite |= running & (curvature <= 0)
        running = running & ~indefinite
        step = np.divide(product, curvature, out=np.zeros_like(product), where=running)
        solution = solution + step * direction
        residual = residual - step * image
        preconditioned = residual * inverse
        following = inner(residual, preconditioned)
        ratio = np.divide(following, product, out=np.zeros_like(product), where=running)
        direction = preconditioned + ratio * direction
        product = np.where(running, following, product)
    return Descent(solution, residual, residuals[-1] < tolerance, indefinite, np.array(values), np.array(residuals))


def stopped(
    solver: str,
    temperatures: Floats,
    converged: NDArray[np.bool_],
    indefinite: NDArray[np.bool_],
    residuals: Floats,
    reason: str,
) -> list[str]:
    """Sentences on the temperatures at which conjugate gradients did not converge, with a `reason` for those at which
    the operator is not positive; `residuals` are their record, shape (iteration, temperature)."""
    return failures_at(
        temperatures,
        [
            ("" if reached else f"{solver} stopped", "", residual, reason if negative else "")
            for reached, negative, residual in zip(converged, indefinite, residuals[-1], strict=True)
        ],
    )


def solve(problem: HeatConduction) -> Transport:
    """κ by preconditioned conjugate gradients, all directions and temperatures together."""
    operator, representation = problem.operator, vectors(problem.mesh)
    options = problem.settings["solver_options"]
    descent = conjugate_gradient(
        lambda field: operator.apply(field, representation),
        np.broadcast_to(operator.rates[:, :, None], problem.source.shape),
        problem.source,
        operator.inner,
        options["tolerance"],
        options["max_iterations"],
    )
    temperatures = operator.temperatures
    reason = ", where the collisions have a negative eigenvalue: use integration.weights event"
    if operator.events:
        reason = ", where rounding decides whether the collisions damp it"
    failures = stopped("variational", temperatures, descent.converged, descent.indefinite, descent.residuals, reason)
    return transport(
        problem,
        "variational",
        problem.displacements(descent.solution),
        descent.converged,
        checks=[
            check_convergence("variational", failures),
            check_energy_conservation(problem.energy_conservation(), temperatures),
        ],
        iteration_kappa=problem.trace(descent.values).T,
        iteration_residual=descent.residuals.T,
    )
