"""Solvers of the linearised Boltzmann equation, and what all of them give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    The mean free displacement F is vτ in the relaxation-time approximation, and κ = (1/V) Σ c v⊗F for every solver.
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

    @property
    def geometry(self) -> dict[str, float | None]:
        """The section `geometry` that κ assumes, of a sheet or a chain."""
        return {"thickness": self.thickness, "cross_section": self.cross_section}

    @property
    def health(self) -> list[HealthCheck]:
        """The health checks of this result."""
        rows = zip(self.health_names, self.health_passed, self.health_sentences, strict=True)
        return [HealthCheck(name, bool(passed), sentence) for name, passed, sentence in rows]


def single_mode_conductivities(
    volume: float, mesh: Mesh, phonons: Phonons, temperature: float, displacements: Floats
) -> Floats:
    """(1/V) c v⊗F of the irreducible modes alone, without the rest of their stars, shape (ir_q, band, 3, 3), W/m/K, for
    F of shape (ir_q, band, 3) in Å and a conducting volume of a cell in Å³."""
    capacities = heat_capacities(phonons.frequencies[mesh.irreducible], temperature)
    scaled = capacities / (mesh.n_points * volume * WATT_PER_METRE_KELVIN)
    return np.einsum("qs,qsa,qsb->qsab", scaled, phonons.group_velocities, displacements)
