"""Solvers of the linearised Boltzmann equation, and what they give: a conductivity or a viscosity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.health import HealthCheck
from peierls.occupation import heat_capacities
from peierls.quantities import quantity
from peierls.units import WATT_PER_METRE_KELVIN

# Those who only read results need no compiler.
if TYPE_CHECKING:
    from peierls.mesh import Mesh
    from peierls.phonons import Phonons


@dataclass(frozen=True)
class Transport:
    """The thermal conductivity by one solver.

    `mode_kappa` is the contribution of an irreducible mode's whole star, so it adds up to `kappa` over q and bands.
    The mean free displacement F is vτ in the relaxation-time approximation, and κ = (1/V) Σ c v⊗F for every solver but
    `wigner`, which adds the coherences to the populations of one of the others (`peierls.wigner`).
    """

    solver: str = quantity("", "", "name of the solver")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    kappa: Floats = quantity(
        "W/m/K", "temperature 3 3", "thermal conductivity; nan where the solver did not converge", may_be_nan=True
    )
    converged: Integers = quantity("1", "temperature", "1 where the solver converged")
    mode_kappa: Floats = quantity(
        "W/m/K", "temperature ir_q band 3 3", "contribution of each irreducible mode", may_be_nan=True
    )
    mean_free_displacement: Floats = quantity(
        "angstrom", "temperature ir_q band 3", "mean free displacement F of each irreducible mode", may_be_nan=True
    )
    kappa_rta: Floats = quantity("W/m/K", "temperature 3 3", "thermal conductivity of the same collisions in RTA")
    health_names: tuple[str, ...] = quantity("", "check", "health checks")
    health_passed: Integers = quantity("1", "check", "1 where the check passed")
    health_sentences: tuple[str, ...] = quantity("", "check", "what each check found")
    thickness: float | None = quantity("m", "", "thickness that kappa assumes, of a sheet (mesh NxNx1)", default=None)
    cross_section: float | None = quantity(
        "m^2", "", "cross-section that kappa assumes, of a chain (mesh Nx1x1)", default=None
    )
    kappa_callaway: Floats | None = quantity(
        "W/m/K", "temperature 3 3", "Callaway's model: normal processes relax to a drift", may_be_nan=True, default=None
    )
    iteration_kappa: Floats | None = quantity(
        "W/m/K",
        "temperature iteration",
        "trace/3 of kappa at each iteration; nan past the end",
        may_be_nan=True,
        default=None,
    )
    iteration_residual: Floats | None = quantity(
        "1",
        "temperature iteration",
        "relative residual norm at each iteration; nan past the end",
        may_be_nan=True,
        default=None,
    )
    relaxation_times: Floats | None = quantity(
        "ps", "temperature relaxon", "relaxon lifetimes, longest first; nan past the end", may_be_nan=True, default=None
    )
    relaxon_velocities: Floats | None = quantity(
        "angstrom/ps", "temperature relaxon 3", "relaxon velocities along x, y, z", may_be_nan=True, default=None
    )
    relaxon_kappa: Floats | None = quantity(
        "W/m/K", "temperature relaxon 3 3", "contribution of each relaxon", may_be_nan=True, default=None
    )
    relaxon_parity: int | None = quantity(
        "1", "", "parity of these relaxons under q to -q; only odd ones carry heat", default=None
    )
    populations: str | None = quantity("", "", "solver of the populations, to which the coherences add", default=None)
    kappa_populations: Floats | None = quantity(
        "W/m/K", "temperature 3 3", "part of the populations", may_be_nan=True, default=None
    )
    kappa_coherences: Floats | None = quantity("W/m/K", "temperature 3 3", "part of the coherences", default=None)
    mode_coherences: Floats | None = quantity(
        "W/m/K",
        "temperature ir_q band 3 3",
        "coherences of each irreducible mode with its star, a pair shared as heat capacities; part of mode_kappa",
        default=None,
    )
    coherence_map: Floats | None = quantity(
        "W/m/K/THz^2",
        "temperature bin bin",
        "trace/3 of the coherences per frequencies of the two modes; integrates to trace/3 of kappa_coherences",
        default=None,
    )
    coherence_map_edges: Floats | None = quantity(
        "THz", "edge", "frequencies omega/2pi between which the bins of the map lie", default=None
    )

    @property
    def geometry(self) -> dict[str, float | None]:
        """The section `geometry` that κ assumes, of a sheet or a chain."""
        return {"thickness": self.thickness, "cross_section": self.cross_section}

    @property
    def health(self) -> list[HealthCheck]:
        """The health checks of this result."""
        return _health_checks(self)


@dataclass(frozen=True)
class Viscosity:
    """The viscosity of the phonons and the other coefficients of the viscous heat equations.

    μ_ijkl is the flux along j of momentum along i that answers a gradient along l of a drift along k, symmetric in i, k
    and in j, l. The equations and all formulae are those of `hydrodynamics`.
    """

    solver: str = quantity("", "", "name of the solver")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    viscosity: Floats = quantity(
        "Pa s", "temperature 3 3 3 3", "viscosity, exact solution; nan where it did not converge", may_be_nan=True
    )
    viscosity_rta: Floats = quantity("Pa s", "temperature 3 3 3 3", "viscosity of the same collisions in RTA")
    converged: Integers = quantity("1", "temperature", "1 where the exact solution converged")
    specific_heat: Floats = quantity("J/K/m^3", "temperature", "specific heat C")
    specific_momentum: Floats = quantity("kg/m^3", "temperature 3 3", "specific momentum A_ij: a drift u holds A u")
    velocity_tensor: Floats = quantity("m/s", "temperature 3 3", "W_ij: drift along i, temperature along j")
    umklapp_dissipation: Floats = quantity("1/s", "temperature 3 3", "D_ij, rates at which collisions take momentum")
    first_sound: Floats = quantity(
        "m/s",
        "3 branch",
        "speeds of sound along x, y, z, slowest first; nan where a wave is not stable",
        may_be_nan=True,
    )
    second_sound: Floats = quantity("m/s", "temperature 3", "velocity of drifting second sound along x, y, z")
    friction_length: Floats = quantity(
        "m",
        "temperature 3 3",
        "sqrt(mu_ijij / (A^1/2 D A^1/2)_ii) of a flow along i that varies along j; nan where there is none",
        may_be_nan=True,
    )
    boundary_share: Floats = quantity(
        "1", "temperature", "share of the specific momentum on the boundary of the zone, where q has several images"
    )
    health_names: tuple[str, ...] = quantity("", "check", "health checks")
    health_passed: Integers = quantity("1", "check", "1 where the check passed")
    health_sentences: tuple[str, ...] = quantity("", "check", "what each check found")
    iteration_residual: Floats = quantity("1", "temperature iteration", "relative residual norm at each iteration")
    viscosity_relaxons: Floats | None = quantity(
        "Pa s",
        "temperature 3 3 3 3",
        "viscosity by relaxons; absent where the matrix does not fit",
        default=None,
    )
    relaxation_times: Floats | None = quantity(
        "ps",
        "temperature relaxon",
        "lifetimes of the relaxons even in q, energy's left out, longest first; nan past the end, inf where none",
        may_be_nan=True,
        default=None,
    )
    relaxon_viscosity: Floats | None = quantity(
        "Pa s",
        "temperature relaxon",
        "what each relaxon adds to sum_ij mu_ijij / 9",
        may_be_nan=True,
        default=None,
    )

    @property
    def health(self) -> list[HealthCheck]:
        """The health checks of this result."""
        return _health_checks(self)


Result = Transport | Viscosity
OTHER_RESULTS: dict[str, type[Viscosity]] = {"viscosity": Viscosity}
"""The kind of result of each solver that gives no conductivity."""


def kind_of_result(solver: str) -> type[Transport] | type[Viscosity]:
    """What a solver gives."""
    return OTHER_RESULTS.get(solver, Transport)


def _health_checks(result: Result) -> list[HealthCheck]:
    rows = zip(result.health_names, result.health_passed, result.health_sentences, strict=True)
    return [HealthCheck(name, bool(passed), sentence) for name, passed, sentence in rows]


def health_datasets(checks: Sequence[HealthCheck]) -> dict[str, Any]:
    """The datasets in which a result keeps its health checks."""
    return {
        "health_names": tuple(check.name for check in checks),
        "health_passed": np.array([check.passed for check in checks], dtype=np.int64),
        "health_sentences": tuple(check.sentence for check in checks),
    }


def single_mode_conductivities(
    volume: float, mesh: Mesh, phonons: Phonons, temperature: float, displacements: Floats
) -> Floats:
    """(1/V) c v⊗F of the irreducible modes alone, without the rest of their stars, shape (ir_q, band, 3, 3), W/m/K, for
    F of shape (ir_q, band, 3) in Å and a conducting volume of a cell in Å³."""
    capacities = heat_capacities(phonons.frequencies[mesh.irreducible], temperature)
    scaled = capacities / (mesh.n_points * volume * WATT_PER_METRE_KELVIN)
    return np.einsum("qs,qsa,qsb->qsab", scaled, phonons.group_velocities, displacements)
