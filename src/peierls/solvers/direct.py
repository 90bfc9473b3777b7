"""A dense symmetric factorisation: the reference for the solvers that iterate, where the matrix fits."""

import logging
import warnings

import numpy as np
from scipy import linalg

from peierls.collision_operator import vectors
from peierls.dense_collision_operator import dense_sector, n_coordinates
from peierls.errors import InputError
from peierls.health import check_convergence, check_energy_conservation
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport

_log = logging.getLogger("peierls")

_COPIES = 3
"""Dense matrices held at once: the matrix, its factor, and a workspace."""


def solve(problem: HeatConduction) -> Transport:
    """κ by factorising Ω at each temperature; nan where it is singular, as without Umklapp processes.

    The matrix is scaled by its rates first: they span so many decades at low temperature that it would pass for
    singular. Raises InputError where the matrices would need more than `integration.max_memory` GB.
    """
    operator, representation = problem.operator, vectors(problem.mesh)
    max_memory = problem.settings["integration"]["max_memory"]
    size = n_coordinates(operator, representation)
    if not dense_fits(size, max_memory):
        needed = _COPIES * 8 * size**2 / 1e9
        raise InputError(
            f"solvers: 'direct' needs {_COPIES} dense matrices of {size} x {size}, {needed:.1f} GB, more than "
            f"integration.max_memory = {max_memory:g} GB; expected a smaller mesh, more memory, or 'variational'"
        )
    responses, failures = [], []
    converged = np.ones(len(operator.temperatures), dtype=bool)
    for position, temperature in enumerate(operator.temperatures):
        sector = dense_sector(operator, position, representation)
        _log.info("%g K: a matrix of %d rows", temperature, len(sector.matrix))
        scale = 1 / np.sqrt(operator.rates[sector.points, sector.bands, position])
        source = scale * sector.coordinates(problem.source[..., position])
        try:
            with warnings.catch_warnings(action="error", category=linalg.LinAlgWarning):
                # In place: the matrix is the largest thing in memory and not needed again.
                matrix = sector.matrix
                matrix *= scale[:, None]
                matrix *= scale
                solution = scale * linalg.solve(matrix, source, assume_a="sym", overwrite_a=True)
        except (linalg.LinAlgWarning, linalg.LinAlgError):
            converged[position] = False
            solution = np.zeros_like(source)
            failures.append(f"the collision matrix is singular at {temperature:g} K, nothing limits kappa")
        responses.append(sector.field(solution))
    return transport(
        problem,
        "direct",
        problem.displacements(np.stack(responses, axis=-1)),
        converged,
        checks=[
            check_convergence("direct", failures),
            check_energy_conservation(problem.energy_conservation(), operator.temperatures),
        ],
    )


def dense_fits(size: int, max_memory: float) -> bool:
    """Whether dense matrices of `size` fit in `max_memory` GB."""
    return _COPIES * 8 * size**2 <= max_memory * 1e9
