"""From the collision operator to κ: the source of a temperature gradient, the response to it, and the heat it carries.

In the scaled variables θ = s f of `collision_operator`, s = sqrt(n(n+1)), the Boltzmann equation A f = b with b = -v
ħω n(n+1) reads Ω ψ = v ħω s for ψ = -θ. Source: docs/equations.md, "The collision operator".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from peierls.adaptive_widths import mean_mismatch
from peierls.collision_operator import CollisionOperator, build_collision_operator, scalars
from peierls.crystal import Crystal, Floats
from peierls.health import (
    HealthCheck,
    check_acoustic_sum_rule,
    check_force_constants,
    check_positive_kappa,
    check_positive_rates,
    check_resolution,
    check_scattering,
    check_symmetry,
    check_thermal_resolution,
    flows_uphill,
)
from peierls.isotopes import isotope_scattering
from peierls.linewidths import Linewidths, isotope_disorder
from peierls.low_dimensions import assumed_extent, conducting_volume
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons
from peierls.solvers import Transport, health_datasets
from peierls.units import BOLTZMANN, HBAR, THZ, WATT_PER_METRE_KELVIN


@dataclass(frozen=True)
class HeatConduction:
    """A crystal, its phonons and their collisions: everything a solver needs.

    `matrix_elements` can be iterated over repeatedly; they are used only by solvers that go beyond the linewidths.
    `settings` holds the sections `integration`, `scattering`, `solver_options`, `geometry` and, for sound, `nac`.
    """

    crystal: Crystal
    mesh: Mesh
    phonons: Phonons
    linewidths: Linewidths
    matrix_elements: Iterable[MatrixElements]
    settings: Mapping[str, Any]

    @cached_property
    def operator(self) -> CollisionOperator:
        """The collision operator at all temperatures."""
        integration, isotopes = self.settings["integration"], self.settings["scattering"]["isotopes"]
        disorder = isotope_disorder(self.crystal, isotopes)
        elastic = isotope_scattering(self.mesh, self.phonons, disorder, integration)
        events = integration["weights"] == "event"
        return build_collision_operator(self.mesh, self.phonons, self.linewidths, self.matrix_elements, elastic, events)

    @cached_property
    def volume(self) -> float:
        """V of κ = (1/V) Σ c v⊗F, Å³: N cells, those of a sheet or a chain with the extent that is assumed for them."""
        cell = conducting_volume(self.crystal, self.mesh.sizes, self.settings["geometry"])
        return self.mesh.n_points * cell

    def specific_heat(self, temperature: float) -> float:
        """C = (1/V) Σ c of all modes, per volume, amu/(Å ps² K)."""
        return float(heat_capacities(self.phonons.frequencies, temperature).sum()) / self.volume

    @property
    def source(self) -> Floats:
        """v ħω s of the active modes, shape (ir_q, band, 3, temperature)."""
        weights = self._energies * self.operator.active
        return self.phonons.group_velocities[..., None] * weights[:, :, None]

    @property
    def _energies(self) -> Floats:
        """ħω s, shape (ir_q, band, temperature)."""
        sqrt_nn = self.operator.sqrt_nn[self.mesh.irreducible]
        return HBAR * self.phonons.frequencies[self.mesh.irreducible][..., None] * sqrt_nn

    def displacements(self, response: Floats) -> Floats:
        """F = ψ/(s ħω) of a response ψ, shape (ir_q, band, 3, temperature), Å."""
        energies = np.broadcast_to(self._energies[:, :, None], response.shape)
        return np.divide(response, energies, out=np.zeros_like(response), where=energies > 0)

    @property
    def rta_displacements(self) -> Floats:
        """vτ, shape (ir_q, band, 3, temperature), Å; 0 where a mode is not scattered."""
        return self.phonons.group_velocities[..., None] * self.linewidths.lifetimes.transpose(1, 2, 0)[:, :, None]

    def trace(self, products: Floats) -> Floats:
        """A product ⟨source, ψ⟩ per temperature as trace κ / 3, W/m/K."""
        scale = 3 * self.volume * BOLTZMANN * self.operator.temperatures**2 * WATT_PER_METRE_KELVIN
        return np.asarray(products / scale)

    def tensor(self, left: Floats, right: Floats, some: slice = slice(None)) -> Floats:
        """Σ left⊗right over the full mesh as a part of κ, for fields of shape (ir_q, band, 3, temperature) at all or
        `some` temperatures; shape (temperature, 3, 3), W/m/K."""
        own = np.einsum("qsat,qsbt->tqab", left, right)
        sums = np.einsum("qij,tqj->ti", self.mesh.sums_over_stars(), own.reshape(*own.shape[:2], 9))
        scale = self.volume * BOLTZMANN * self.operator.temperatures[some] ** 2 * WATT_PER_METRE_KELVIN
        return np.asarray(sums.reshape(-1, 3, 3) / scale[:, None, None])

    def energy_conservation(self) -> Floats:
        """Rayleigh quotient of the energy vector s ħω over the mean rate: how far it is from a null vector of the
        collisions.

        Boundaries, which absorb energy, are left out. Zero at each temperature if collisions conserve energy.
        """
        energy = (self._energies * self.operator.active)[:, :, None]
        boundaries = 2 * THZ * self.linewidths.linewidth_boundary[..., None] * self.operator.active
        image = self.operator.apply(energy, scalars(self.mesh)) - boundaries[:, :, None] * energy
        losses = (self.operator.rates - boundaries)[:, :, None] * energy
        total = self.operator.inner(energy, losses)
        return np.divide(self.operator.inner(energy, image), total, out=np.zeros_like(total), where=total > 0)

    def checks(self) -> list[HealthCheck]:
        """The health checks of what every solver starts from: force constants, phonons and rates."""
        found = [
            check_force_constants(self.crystal.rule_violations),
            check_acoustic_sum_rule(self.phonons),
            check_scattering(self.linewidths),
            check_positive_rates(self.linewidths),
        ]
        if self.settings["integration"]["weights"] == "event":
            spread = mean_mismatch(self.mesh, self.phonons)
            found.append(check_thermal_resolution(spread, self.linewidths.temperature))
        return found


def transport(
    problem: HeatConduction,
    solver: str,
    displacements: Floats,
    converged: Any,
    checks: Sequence[HealthCheck] = (),
    **records: Any,
) -> Transport:
    """κ = (1/V) Σ_λ c v⊗F with its health checks, for F of shape (ir_q, band, 3, temperature) in Å; nan where not
    `converged`."""
    mesh, phonons, linewidths = problem.mesh, problem.phonons, problem.linewidths
    temperatures = linewidths.temperature
    displacements = displacements.transpose(3, 0, 1, 2)
    mode_kappa = _mode_conductivities(problem.volume, mesh, phonons, temperatures, displacements)
    kappa = mode_kappa.sum(axis=(1, 2))
    extent = assumed_extent(problem.crystal, mesh.sizes, problem.settings["geometry"])
    in_rta = problem.rta_displacements.transpose(3, 0, 1, 2)
    kappa_rta = _mode_conductivities(problem.volume, mesh, phonons, temperatures, in_rta).sum(axis=(1, 2))
    converged = np.broadcast_to(np.asarray(converged, dtype=bool), temperatures.shape)
    if extent:
        records[extent[0]] = extent[1]
    all_checks = [
        *checks,
        check_positive_kappa(kappa, converged),
        check_symmetry(kappa[converged], mesh),
        check_resolution(mesh, np.einsum("tqsaa->tqs", mode_kappa[converged]) / 3, temperatures[converged]),
        *problem.checks(),
    ]
    # Heat that flows uphill is no result, whatever the linear algebra says.
    valid = converged & ~flows_uphill(kappa)
    kappa[~valid], mode_kappa[~valid] = np.nan, np.nan
    displacements = np.where(valid[:, None, None, None], displacements, np.nan)
    return Transport(
        solver=solver,
        temperature=temperatures,
        kappa=kappa,
        converged=valid.astype(np.int64),
        mode_kappa=mode_kappa,
        mean_free_displacement=displacements,
        kappa_rta=kappa_rta,
        **health_datasets(all_checks),
        **records,
    )


def _mode_conductivities(
    volume: float, mesh: Mesh, phonons: Phonons, temperatures: Floats, displacements: Floats
) -> Floats:
    """(1/V) c Σ v⊗F over the star of each irreducible mode, shape (temperature, ir_q, band, 3, 3), W/m/K."""
    frequencies = phonons.frequencies[mesh.irreducible]
    capacities = np.stack([heat_capacities(frequencies, temperature) for temperature in temperatures])
    own = np.einsum("qsa,tqsb->tqsab", phonons.group_velocities, displacements)
    over_star = np.einsum("qij,tqsj->tqsi", mesh.sums_over_stars(), own.reshape(*own.shape[:3], 9)).reshape(own.shape)
    return capacities[..., None, None] * over_star / (volume * WATT_PER_METRE_KELVIN)
