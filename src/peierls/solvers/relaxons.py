"""Relaxons: the eigenvectors of the collision operator, each with one lifetime.

On vector fields the operator has the relaxons that can carry heat, all odd in q. An eigenfield Θ is normalised over
the mesh and its three components; with θ_0 = s ħω / sqrt(k_B T² C V) it contributes, to κ = C Σ_α τ_α V_α⊗V_α,

    κ_α = C τ_α W tr W,   W = Σ_ν θ_0 v⊗Θ,

which is C τ V² in each direction in which its partners under the point group move: V_i² = W_ii tr W. Source: A.
Cepellotti, N. Marzari, DOI 10.1103/PhysRevX.6.041013; docs/equations.md, "Solvers".
"""

import logging
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from peierls.collision_operator import CollisionOperator, Representation, scalars, vectors
from peierls.crystal import Floats
from peierls.dense_collision_operator import (
    DenseSector,
    dense_gigabytes,
    dense_sector,
    lifetimes_of,
    n_coordinates,
    null_rates,
)
from peierls.errors import InputError
from peierls.health import check_convergence, check_definiteness, check_energy_conservation
from peierls.solvers import Transport, variational
from peierls.solvers.heat_conduction import HeatConduction, transport
from peierls.units import BOLTZMANN, WATT_PER_METRE_KELVIN

_log = logging.getLogger("peierls")

COPIES = 3
"""Dense matrices held at once: the matrix, its eigenvectors, and a workspace."""
N_SLOWEST = 50
"""Relaxons found by Lanczos where the matrix does not fit."""
NEGATIVE_RATE = 1e-12
"""Rates below minus this share of the largest are negative beyond rounding."""
RESIDUAL = 1e-6
"""Largest relative residual of the sum over relaxons."""


class Spectrum(NamedTuple):
    """Relaxons of one temperature, slowest first: lifetimes, ps, velocities along x, y, z, Å/ps, and what each
    contributes to κ, W/m/K, shapes (relaxon,), (relaxon, 3) and (relaxon, 3, 3)."""

    lifetimes: Floats
    velocities: Floats
    contributions: Floats


def solve(problem: HeatConduction) -> Transport:
    """κ by diagonalising Ω at each temperature; nan where a relaxon that carries heat has no finite lifetime.

    Where that needs more than `integration.max_memory` GB, the slowest relaxons by Lanczos: κ is then that of the
    variational solution, and `relaxon_kappa` what the slowest relaxons contribute to it.
    """
    operator, representation = problem.operator, vectors(problem.mesh)
    needed = dense_gigabytes(n_coordinates(operator, representation), COPIES)
    if needed > problem.settings["integration"]["max_memory"]:
        return _slow_end(problem, representation)
    spectra, responses, failures, counts, ratios = [], [], [], [], []
    converged = np.ones(len(operator.temperatures), dtype=bool)
    for position, temperature in enumerate(operator.temperatures):
        sector = dense_sector(operator, position, representation)
        source = sector.coordinates(problem.source[..., position])
        _log.info("%g K: %d relaxons", temperature, len(source))
        rates, coordinates = linalg.eigh(sector.matrix) if len(source) else (np.ones(0), np.ones((0, 0)))
        finite = ~null_rates(rates)
        solution = coordinates[:, finite] @ ((coordinates.T @ source)[finite] / rates[finite])
        converged[position] = _solves(sector, solution, source, operator.rates[..., position])
        if not converged[position]:
            failures.append(
                f"relaxons at {temperature:g} K have rates from {rates[0]:.1e} to {rates[-1]:.1e} rad/ps: one that "
                "carries heat is slower than double precision resolves, or nothing limits kappa"
            )
        responses.append(sector.field(solution))
        dual = np.stack([sector.coordinates(one) / sector.star_weights for one in _carriers(problem, position)])
        spectra.append(_spectrum(problem, position, rates, dual @ coordinates))
        # Or they would still be there when the next ones are made.
        del sector, coordinates
        of_scalars = linalg.eigvalsh(dense_sector(operator, position, scalars(problem.mesh)).matrix)
        rates = np.concatenate([rates, of_scalars])
        largest = float(rates.max(initial=np.finfo(float).tiny))
        counts.append(int((rates < -NEGATIVE_RATE * largest).sum()))
        ratios.append(float(rates.min(initial=largest)) / largest)
    return transport(
        problem,
        "relaxons",
        problem.displacements(np.stack(responses, axis=-1)),
        converged,
        checks=[
            check_convergence("relaxons", failures),
            check_definiteness(max(counts), min(ratios)),
            check_energy_conservation(problem.energy_conservation(), operator.temperatures),
        ],
        **_records(spectra),
    )


def _solves(sector: DenseSector, solution: Floats, source: Floats, rates: Floats) -> bool:
    """Whether what a solution leaves of the source is small, for the rates 1/τ, shape (ir_q, band), of all modes.

    In the norm of the iterating solvers, ⟨r, τ r⟩, so that every decade of rates counts alike.
    """
    lifetimes = 1 / rates[sector.points, sector.bands]
    residual = source - sector.matrix @ solution
    return bool(residual @ (lifetimes * residual) <= RESIDUAL**2 * (source @ (lifetimes * source)))


def _slow_end(problem: HeatConduction, representation: Representation) -> Transport:
    solution = variational.solve(problem)
    spectra = []
    for position in range(len(problem.operator.temperatures)):
        rates, fields = slowest_relaxons(problem.operator, position, representation, N_SLOWEST)
        overlaps = np.tensordot(_carriers(problem, position), fields, axes=3)
        spectra.append(_spectrum(problem, position, rates, overlaps))
    return replace(solution, solver="relaxons", **_records(spectra))


def slowest_relaxons(
    operator: CollisionOperator, position: int, representation: Representation, count: int
) -> tuple[Floats, Floats]:
    """The smallest rates of Ω at temperature number `position` and their fields, (relaxon,) and (ir_q, band,
    component, relaxon).

    Fields that the symmetry forbids and modes that take no part are moved to the fast end, out of the way.
    """
    shape = (*operator.rates.shape[:2], representation.matrices.shape[1])
    root_weights = np.sqrt(operator.mesh.weights)[:, None, None]
    active = operator.active[:, :, position][..., None]
    far = 2 * float(operator.rates[:, :, position].max())
    single = operator.at(slice(position, position + 1))

    def matvec(flat: Floats) -> Floats:
        field = flat.reshape(shape)
        allowed = active * (field @ representation.projectors.swapaxes(1, 2))
        image = root_weights * single.apply((allowed / root_weights)[..., None], representation)[..., 0]
        return np.asarray((image + far * (field - allowed)).ravel())

    size = int(np.prod(shape))
    # A start of one's own, so that equal work gives equal bytes.
    start = (active * representation.projectors.sum(axis=2)[:, None] + 1e-3).ravel()
    linear = LinearOperator((size, size), matvec=matvec, dtype=float)
    try:
        rates, fields = eigsh(linear, k=min(count, size - 1), which="SA", v0=start)
    except ArpackNoConvergence as error:
        raise InputError(
            f"solvers: 'relaxons' found {len(error.eigenvalues)} of the {count} slowest relaxons only, at "
            f"{operator.temperatures[position]:g} K; expected a matrix that fits in integration.max_memory"
        ) from error
    return rates, fields.reshape(*shape, count) / root_weights[..., None]


def _carriers(problem: HeatConduction, position: int) -> Floats:
    """W = Σ_ν θ_0 v⊗Θ as nine linear functions of the field Θ on irreducible points at temperature number `position`,
    shape (9, ir_q, band, 3)."""
    temperature, volume = problem.operator.temperatures[position], problem.volume
    energy = problem.specific_heat(temperature) * BOLTZMANN * temperature**2 * volume
    source = problem.source[..., position] / np.sqrt(energy)
    stars = problem.mesh.sums_over_stars().reshape(-1, 9, 3, 3)
    return np.asarray(np.einsum("qiab,qsa->iqsb", stars, source, optimize=True))


def _spectrum(problem: HeatConduction, position: int, rates: Floats, overlaps: Floats) -> Spectrum:
    """Relaxons of given rates, (relaxon,), and W, (9, relaxon), at temperature number `position`."""
    capacity = problem.specific_heat(problem.operator.temperatures[position])
    overlaps = overlaps.reshape(3, 3, -1).transpose(2, 0, 1)
    traces = np.einsum("raa->r", overlaps)
    lifetimes = lifetimes_of(rates)
    finite = np.isfinite(lifetimes)
    carried = np.full(len(rates), np.nan)
    carried[finite] = capacity * lifetimes[finite] * traces[finite] / WATT_PER_METRE_KELVIN
    velocities = np.sqrt(np.maximum(np.einsum("raa->ra", overlaps) * traces[:, None], 0.0))
    return Spectrum(lifetimes, velocities, carried[:, None, None] * overlaps)


def _records(spectra: list[Spectrum]) -> dict[str, Any]:
    """The spectra of all temperatures, filled with nan to the same number of relaxons."""
    longest = max(len(spectrum.lifetimes) for spectrum in spectra)

    def filled(arrays: list[Floats]) -> Floats:
        result = np.full((len(arrays), longest, *arrays[0].shape[1:]), np.nan)
        for row, array in zip(result, arrays, strict=True):
            row[: len(array)] = array
        return result

    return {
        "relaxation_times": filled([spectrum.lifetimes for spectrum in spectra]),
        "relaxon_velocities": filled([spectrum.velocities for spectrum in spectra]),
        "relaxon_kappa": filled([spectrum.contributions for spectrum in spectra]),
        "relaxon_parity": -1,
    }
