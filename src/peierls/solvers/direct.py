"""A dense symmetric factorisation: the reference for the solvers that iterate, where the matrix fits."""

import logging

import numpy as np
from scipy.linalg import lapack

from peierls.collision_operator import vectors
from peierls.crystal import Floats
from peierls.dense_collision_operator import dense_gigabytes, dense_sector, n_coordinates
from peierls.errors import InputError
from peierls.health import check_convergence, check_energy_conservation
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport

_log = logging.getLogger("peierls")

_BLOCK = 64
"""Columns that the factorisation works on at once."""


def solve(problem: HeatConduction) -> Transport:
    """κ by factorising Ω at each temperature; nan where it is singular, as without Umklapp processes.

    The matrix is scaled by its rates first: they span so many decades at low temperature that it would pass for
    singular. Raises InputError where the matrix would need more than `integration.max_memory` GB.
    """
    operator, representation = problem.operator, vectors(problem.mesh)
    max_memory = problem.settings["integration"]["max_memory"]
    size = n_coordinates(operator, representation)
    needed = dense_gigabytes(size, 1)
    if needed > max_memory:
        raise InputError(
            f"solvers: 'direct' needs a dense matrix of {size} x {size}, {needed:.1f} GB, more than "
            f"integration.max_memory = {max_memory:g} GB; expected a smaller mesh, more memory, or 'variational'"
        )
    responses, failures = [], []
    converged = np.ones(len(operator.temperatures), dtype=bool)
    for position, temperature in enumerate(operator.temperatures):
        sector = dense_sector(operator, position, representation)
        _log.info("%g K: a matrix of %d rows", temperature, len(sector.matrix))
        scale = 1 / np.sqrt(operator.rates[sector.points, sector.bands, position])
        source = scale * sector.coordinates(problem.source[..., position])
        # In place: the matrix is the largest thing in memory and not needed again.
        matrix = sector.matrix
        matrix *= scale[:, None]
        matrix *= scale
        solution = solve_in_place(matrix, source)
        if solution is None:
            converged[position] = False
            solution = np.zeros_like(source)
            failures.append(f"the collision matrix is singular at {temperature:g} K, nothing limits kappa")
        responses.append(sector.field(scale * solution))
        # Or it would still be there when the next one is made.
        del sector, matrix
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


def solve_in_place(matrix: Floats, source: Floats) -> Floats | None:
    """Solve matrix · x = source for a symmetric matrix, which is overwritten; None where it is singular to rounding.

    scipy's `linalg.solve` does the same with a copy of the matrix.
    """
    if not len(source):
        return source
    norm = max(float(np.abs(row).sum()) for row in matrix)
    # The transpose of a symmetric matrix is itself, in the order of columns that LAPACK works on.
    factor, pivots, singular = lapack.dsytrf(matrix.T, lower=True, lwork=_BLOCK * len(matrix), overwrite_a=True)
    reciprocal_condition, _ = lapack.dsycon(factor, pivots, norm, lower=True)
    if singular or reciprocal_condition < np.finfo(float).eps:
        return None
    return np.asarray(lapack.dsytrs(factor, pivots, source, lower=True)[0])
