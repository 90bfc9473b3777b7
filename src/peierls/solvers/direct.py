"""A dense symmetric factorisation: the reference for the solvers that iterate, where the matrix fits."""

import numpy as np
from scipy import linalg

from peierls.collision_operator import vectors
from peierls.dense_collision_operator import dense_sector, n_coordinates
from peierls.errors import InputError
from peierls.health import check_energy_conservation
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport

_COPIES = 3
"""Dense matrices held at once: the matrix, its factor, and a workspace."""


def solve(problem: HeatConduction, max_memory: float) -> Transport:
    """κ by factorising Ω at each temperature.

    Raises InputError where the matrices would need more than `max_memory` GB.
    """
    representation = vectors(problem.mesh)
    refuse_too_large(n_coordinates(problem.operator, representation), max_memory, "direct")
    responses = []
    for position in range(len(problem.operator.temperatures)):
        sector = dense_sector(problem.operator, position, representation)
        source = sector.coordinates(problem.source[..., position])
        responses.append(sector.field(linalg.solve(sector.matrix, source, assume_a="sym")))
    return transport(
        *(problem.crystal, problem.mesh, problem.phonons, problem.linewidths, "direct"),
        problem.displacements(np.stack(responses, axis=-1)),
        converged=True,
        checks=[check_energy_conservation(problem.energy_conservation(), problem.operator.temperatures)],
    )


def dense_fits(size: int, max_memory: float) -> bool:
    """Whether dense matrices of `size` fit in `max_memory` GB."""
    return _COPIES * 8 * size**2 <= max_memory * 1e9


def refuse_too_large(size: int, max_memory: float, solver: str) -> None:
    """Raise InputError where dense matrices of `size` do not fit in `max_memory` GB."""
    if not dense_fits(size, max_memory):
        needed = _COPIES * 8 * size**2 / 1e9
        raise InputError(
            f"solvers: '{solver}' needs {_COPIES} dense matrices of {size} x {size}, {needed:.1f} GB, more than "
            f"integration.max_memory = {max_memory:g} GB; expected a smaller mesh, more memory, or 'variational'"
        )
