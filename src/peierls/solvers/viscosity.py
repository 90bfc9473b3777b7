"""The viscosity of the phonons: RTA, conjugate gradients, and the relaxons that are even in q.

    QΩQ x_kl = Q(φ_k v_l),   η_ijkl = sqrt(A_i A_k) (φ_i v_j)ᵀQ x_kl,   μ_ijkl = (η_ijkl + η_ilkj)/2

with Q = 1 - θ_0θ_0ᵀ; A drops out. Source: docs/hydrodynamics.md; DOI 10.1103/PhysRevX.10.011019.
"""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from peierls import crystal_momentum
from peierls.collision_operator import CollisionOperator, even_fields, opposite_operations
from peierls.crystal import Floats
from peierls.dense_collision_operator import dense_gigabytes, dense_sector, lifetimes_of, n_coordinates
from peierls.health import (
    check_convergence,
    check_energy_conservation,
    check_positive_viscosity,
    check_zone_boundary,
    grows_by_itself,
)
from peierls.hydrodynamics import MomentumFlux
from peierls.phonons import on_full_grid
from peierls.solvers import Viscosity, health_datasets
from peierls.solvers.heat_conduction import HeatConduction
from peierls.solvers.variational import conjugate_gradient, stopped
from peierls.sound import sound_speeds
from peierls.triplets import inverse_operations
from peierls.units import GIGABYTE, JOULE, KILOGRAM, METRE, METRE_PER_SECOND, PASCAL_SECOND, SECOND

_log = logging.getLogger("peierls")

FIELDS = 8
"""Fields on the full grid held at once by conjugate gradients."""
COPIES = 3
"""Dense matrices held at once: the matrix, its eigenvectors, and a workspace."""


class Exact(NamedTuple):
    """η at each temperature, whether it converged or met a negative eigenvalue, and its residuals, shape (iteration,
    temperature)."""

    eta: Floats
    converged: NDArray[np.bool_]
    indefinite: NDArray[np.bool_]
    residuals: Floats


class EvenRelaxons(NamedTuple):
    """η at one temperature; lifetimes, longest first, and what each contributes to Σ η_ijij/9."""

    eta: Floats
    lifetimes: Floats
    contributions: Floats


def solve(problem: HeatConduction) -> Viscosity:
    """All coefficients of the viscous heat equations; by relaxons, too, where the dense matrix fits."""
    flux = MomentumFlux(problem, problem.operator)
    temperatures = problem.operator.temperatures
    exact = conjugate_gradients(problem)
    reason = ", where the collisions have a negative eigenvalue"
    failures = stopped("viscosity", temperatures, exact.converged, exact.indefinite, exact.residuals, reason)
    share = _boundary_share(flux)
    checks = [
        check_convergence("viscosity", failures),
        check_positive_viscosity(exact.eta, exact.converged),
        check_energy_conservation(problem.energy_conservation(), temperatures),
        check_zone_boundary(share, temperatures),
        *problem.checks(),
    ]
    valid = exact.converged & ~grows_by_itself(exact.eta)
    viscosity = np.where(valid[:, None, None, None, None], symmetrised(exact.eta), np.nan)
    coupling = flux.coupling
    return Viscosity(
        solver="viscosity",
        temperature=temperatures,
        viscosity=viscosity / PASCAL_SECOND,
        viscosity_rta=symmetrised(flux.in_rta) / PASCAL_SECOND,
        converged=valid.astype(np.int64),
        specific_heat=flux.specific_heat / (JOULE / METRE**3),
        specific_momentum=flux.specific_momentum / (KILOGRAM / METRE**3),
        velocity_tensor=coupling / METRE_PER_SECOND,
        umklapp_dissipation=flux.dissipation * SECOND,
        first_sound=sound_speeds(problem.crystal, np.eye(3), problem.settings["nac"]) / METRE_PER_SECOND,
        second_sound=np.linalg.norm(coupling, axis=1) / METRE_PER_SECOND,
        friction_length=_friction_lengths(viscosity, flux) / METRE,
        boundary_share=share,
        **health_datasets(checks),
        iteration_residual=exact.residuals.T,
        **_relaxon_records(problem),
    )


def symmetrised(eta: Floats) -> Floats:
    """μ_ijkl = (η_ijkl + η_ilkj)/2 over the last four axes."""
    return 0.5 * (eta + np.moveaxis(eta, (-3, -1), (-1, -3)))


def conjugate_gradients(problem: HeatConduction) -> Exact:
    """η by preconditioned conjugate gradients, as many temperatures together as fit in `integration.max_memory`."""
    options, parts = problem.settings["solver_options"], []
    for operator in _batches(problem):
        flux = MomentumFlux(problem, operator)
        source = flux.without_energy(flux.source, flux.tensors)
        _log.info("%d choices of image on the boundary of the zone", flux.choices.count)
        descent = conjugate_gradient(
            flux.apply,
            np.broadcast_to(operator.rates[:, :, None], source.shape),
            source,
            operator.inner,
            options["tolerance"],
            options["max_iterations"],
        )
        eta = flux.response(source, descent.solution)
        parts.append(Exact(eta, descent.converged, descent.indefinite, descent.residuals))
    longest = max(len(part.residuals) for part in parts)
    # A batch that needed fewer iterations stays where it ended.
    residuals = [np.pad(part.residuals, ((0, longest - len(part.residuals)), (0, 0)), mode="edge") for part in parts]
    return Exact(
        np.concatenate([part.eta for part in parts]),
        np.concatenate([part.converged for part in parts]),
        np.concatenate([part.indefinite for part in parts]),
        np.concatenate(residuals, axis=1),
    )


def relaxons(problem: HeatConduction, position: int) -> EvenRelaxons:
    """η from the eigenvectors of QΩQ on all fields that are even in q, at temperature number `position`.

    w_ij = Σ φ_i v_j θ_α needs one choice of images; the choices that the point group relates give turned tensors.
    """
    operator, mesh = problem.operator, problem.mesh
    flux = MomentumFlux(problem, operator)
    sector = dense_sector(operator, position, even_fields(mesh))
    _log.info("%g K: a matrix of %d rows", operator.temperatures[position], len(sector.matrix))
    source, energy = _on_turned_crystals(problem, position)
    overlaps = np.stack([sector.coordinates(source[..., kl]) for kl in range(9)], axis=1)
    unit = sector.coordinates(energy)
    unit /= np.linalg.norm(unit)
    matrix = sector.matrix
    image = matrix @ unit
    # QΩQ, and far beyond its spectrum the vector that Q takes out of it.
    far = 2 * np.trace(matrix)
    image -= 0.5 * (unit @ image + far) * unit
    matrix -= np.outer(unit, image)
    matrix -= np.outer(image, unit)
    rates, vectors = linalg.eigh(matrix, overwrite_a=True)
    rates, vectors = rates[:-1], vectors[:, :-1]
    products = vectors.T @ overlaps
    lifetimes = lifetimes_of(rates)
    finite = np.where(np.isfinite(lifetimes), lifetimes, 0.0)
    total = (products * finite[:, None]).T @ products
    mean = flux.mean_over_group(total.reshape(1, 3, 3, 3, 3))[0]
    scale = flux.per_volume(np.ones(len(operator.temperatures)))[position]
    return EvenRelaxons(scale * mean, lifetimes, scale * finite * (products**2).sum(axis=1) / 9)


def _on_turned_crystals(problem: HeatConduction, position: int) -> tuple[Floats, Floats]:
    """p_k v_l s with the mesh's own images and ħω s, as `even_fields`, shapes (ir_q, band, turned crystal, 9) and
    (ir_q, band, turned crystal)."""
    mesh, operator, phonons = problem.mesh, problem.operator, problem.phonons
    active = operator.active[mesh.grid_to_irreducible, :, position]
    weights = operator.sqrt_nn[..., position] * active
    velocities = on_full_grid(phonons.group_velocities, mesh)
    flux = np.einsum("qk,qsl,qs->qskl", crystal_momentum.momenta(mesh), velocities, weights).reshape(*weights.shape, 9)
    # At its own opposite, where it has no velocity, q has no flux; rounding is no reason for one.
    flux[crystal_momentum.self_inverse(mesh)] = 0.0
    opposite = opposite_operations(mesh)
    kept = np.flatnonzero(np.arange(len(opposite)) < opposite)
    seen = mesh.rotated()[inverse_operations(mesh)[kept]][:, mesh.irreducible].T
    fields = [np.moveaxis(field[seen], 1, 2) / np.sqrt(len(kept)) for field in (flux, weights * phonons.frequencies)]
    return fields[0], fields[1]


def _boundary_share(flux: MomentumFlux) -> Floats:
    """Share of tr A at wave vectors with several images, shape (temperature,)."""
    mesh = flux.problem.mesh
    squares = np.einsum("qii->q", crystal_momentum.mean_squares(mesh)) * mesh.weights
    weights = np.einsum("q,qst->qt", squares, flux.operator.sqrt_nn[mesh.irreducible] ** 2)
    return np.asarray(weights[mesh.on_zone_boundary[mesh.irreducible] == 1].sum(axis=0) / weights.sum(axis=0))


def _batches(problem: HeatConduction) -> Iterator[CollisionOperator]:
    """The operator at as many temperatures at once as the memory allows."""
    components = 9 * MomentumFlux(problem, problem.operator).choices.count
    per_temperature = FIELDS * 8 * components * problem.mesh.n_points * problem.phonons.n_bands
    at_once = max(1, int(problem.settings["integration"]["max_memory"] * GIGABYTE / per_temperature))
    for start in range(0, len(problem.operator.temperatures), at_once):
        yield problem.operator.at(slice(start, start + at_once))


def _friction_lengths(viscosity: Floats, flux: MomentumFlux) -> Floats:
    """sqrt(μ_ijij / (A^½ D A^½)_ii), shape (temperature, 3, 3), Å; nan where there is no friction or no viscosity."""
    shear = np.einsum("tijij->tij", viscosity)
    friction = np.einsum("tii->ti", flux.friction)[:, :, None]
    return np.sqrt(np.divide(shear, friction, out=np.full_like(shear, np.nan), where=(friction > 0) & (shear >= 0)))


def _relaxon_records(problem: HeatConduction) -> dict[str, Any]:
    """What the relaxons give at each temperature; nothing where the dense matrix does not fit."""
    operator = problem.operator
    needed = dense_gigabytes(n_coordinates(operator, even_fields(problem.mesh)), COPIES)
    if needed > problem.settings["integration"]["max_memory"]:
        return {}
    spectra = [relaxons(problem, position) for position in range(len(operator.temperatures))]
    size = max(len(spectrum.lifetimes) for spectrum in spectra)
    times, contributions = np.full((2, len(spectra), size), np.nan)
    for row, spectrum in enumerate(spectra):
        times[row, : len(spectrum.lifetimes)] = spectrum.lifetimes
        contributions[row, : len(spectrum.lifetimes)] = spectrum.contributions
    return {
        "viscosity_relaxons": symmetrised(np.stack([spectrum.eta for spectrum in spectra])) / PASCAL_SECOND,
        "relaxation_times": times,
        "relaxon_viscosity": contributions / PASCAL_SECOND,
    }
