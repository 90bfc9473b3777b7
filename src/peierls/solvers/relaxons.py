"""Relaxons: the eigenvectors of the collision operator, each with one lifetime.

On vector fields the operator has the relaxons that can carry heat, all odd in q. An eigenfield Θ is normalised over
the mesh and its three components; with θ_0 = s ħω / sqrt(k_B T² C V) it contributes, to κ = C Σ_α τ_α V_α⊗V_α,

    κ_α = C τ_α W tr W,   W = Σ_ν θ_0 v⊗Θ,

which is C τ V² in each direction in which its partners under the point group move: V_i² = W_ii tr W. Source: A.
Cepellotti, N. Marzari, DOI 10.1103/PhysRevX.6.041013; physics.md, "Solvers".
"""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from peierls.collision_operator import CollisionOperator, Representation, scalars, vectors
from peierls.crystal import Floats
from peierls.dense_collision_operator import dense_gigabytes, dense_sector, n_coordinates
from peierls.errors import InputError
from peierls.health import check_convergence, check_definiteness, check_energy_conservation
from peierls.occupation import heat_capacities
from peierls.solvers import Transport, variational
from peierls.solvers.heat_conduction import HeatConduction, transport
from peierls.units import BOLTZMANN, WATT_PER_METRE_KELVIN

_log = logging.getLogger("peierls")

COPIES = 3
"""Dense matrices held at once: the matrix, its eigenvectors, and a workspace."""
N_SLOWEST = 50
"""Relaxons found by Lanczos where the matrix does not fit."""
NULL_RATE = 1e-15
"""Rates below this share of the largest are zero to rounding."""
NEGATIVE_RATE = 1e-12
"""Rates below minus this share of the largest are negative beyond rounding."""
RESIDUAL = 1e-6
"""Largest relative residual of the sum over relaxons."""


def solve(problem: HeatConduction) -> Transport:
    """κ by diagonalising Ω at each temperature; nan where a relaxon that carries heat has no finite lifetime.

    Where that needs more than `integration.max_memory` GB, the slowest relaxons by Lanczos: κ is then that of the
    variational solution, and `relaxon_kappa` what the slowest relaxons contribute to it.
    """
    operator, representation = problem.operator, vectors(problem.mesh)
    needed = dense_gigabytes(n_coordinates(operator, representation), COPIES)
    if needed > problem.settings["integration"]["max_memory"]:
        return _slow_end(problem, representation)
    spectra, responses, failures = [], [], []
    converged = np.ones(len(operator.temperatures), dtype=bool)
    for position, temperature in enumerate(operator.temperatures):
        sector = dense_sector(operator, position, representation)
        source = sector.coordinates(problem.source[..., position])
        _log.info("%g K: %d relaxons", temperature, len(source))
        rates, coordinates = linalg.eigh(sector.matrix) if len(source) else (np.ones(0), np.ones((0, 0)))
        overlaps = coordinates.T @ source
        null = np.abs(rates) <= NULL_RATE * rates.max(initial=0.0)
        solution = coordinates[:, ~null] @ (overlaps[~null] / rates[~null])
        # In the norm of the iterating solvers, so that every decade of rates counts alike.
        inverse_rates = 1 / operator.rates[sector.points, sector.bands, position]
        residual = source - sector.matrix @ solution
        if residual @ (inverse_rates * residual) > RESIDUAL**2 * (source @ (inverse_rates * source)):
            converged[position] = False
            failures.append(
                f"relaxons at {temperature:g} K have rates from {rates[0]:.1e} to {rates[-1]:.1e} rad/ps: one that "
                "carries heat is slower than double precision resolves, or nothing limits kappa"
            )
        responses.append(sector.field(solution))
        spectra.append((rates, sector.field(coordinates)))
    counts, ratios = [], []
    for position, (of_vectors, _) in enumerate(spectra):
        of_scalars = linalg.eigvalsh(dense_sector(operator, position, scalars(problem.mesh)).matrix)
        rates = np.concatenate([of_vectors, of_scalars])
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
        **_relaxon_records(problem, spectra),
    )


def _slow_end(problem: HeatConduction, representation: Representation) -> Transport:
    solution = variational.solve(problem)
    spectra = [
        slowest_relaxons(problem.operator, position, representation, N_SLOWEST)
        for position in range(len(problem.operator.temperatures))
    ]
    return replace(solution, solver="relaxons", **_relaxon_records(problem, spectra))


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


def _relaxon_records(problem: HeatConduction, spectra: list[tuple[Floats, Floats]]) -> dict[str, Any]:
    """Lifetimes, velocities and contributions to κ, slowest first, filled with nan to the same number at each
    temperature."""
    mesh, phonons = problem.mesh, problem.phonons
    volume = problem.volume
    n_relaxons = max(len(rates) for rates, _ in spectra)
    times = np.full((len(spectra), n_relaxons), np.nan)
    velocities = np.full((len(spectra), n_relaxons, 3), np.nan)
    contributions = np.full((len(spectra), n_relaxons, 3, 3), np.nan)
    stars = mesh.sums_over_stars()
    for position, (rates, fields) in enumerate(spectra):
        temperature = problem.operator.temperatures[position]
        capacity = heat_capacities(phonons.frequencies, temperature).sum() / volume
        source = problem.source[..., position] / np.sqrt(BOLTZMANN * temperature**2 * capacity * volume)
        own = np.einsum("qsa,qsbr->qabr", source, fields).reshape(mesh.n_irreducible, 9, -1)
        overlaps = np.einsum("qij,qjr->ir", stars, own).reshape(3, 3, -1).transpose(2, 0, 1)
        traces = np.einsum("raa->r", overlaps)
        n = len(rates)
        lifetimes = np.divide(
            1.0, rates, out=np.full(n, np.inf), where=np.abs(rates) > NULL_RATE * rates.max(initial=0.0)
        )
        times[position, :n] = lifetimes
        finite = np.isfinite(lifetimes)
        carried = np.full(n, np.nan)
        carried[finite] = capacity * lifetimes[finite] * traces[finite] / WATT_PER_METRE_KELVIN
        contributions[position, :n] = carried[:, None, None] * overlaps
        velocities[position, :n] = np.sqrt(np.maximum(np.einsum("raa->ra", overlaps) * traces[:, None], 0.0))
    return {
        "relaxation_times": times,
        "relaxon_velocities": velocities,
        "relaxon_kappa": contributions,
        "relaxon_parity": -1,
    }
