"""κ resolved by frequency: which phonons carry the heat, by branch, atom and species.

    κ(ω) = Σ_λ κ_λ δ(ω - ω_λ),   κ_λ = (1/V) c v⊗F

A mode is spread over frequency as `spectral` says, so the integral of each curve is the κ of its part. The heat of a
mode is shared among the atoms by |ε_i|², which says how much they move, not that they carry it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.low_dimensions import conducting_volume
from peierls.mesh import Mesh
from peierls.parts import all_parts, counts_on_atoms, kappa_on_atoms, part_names, weights_on_atoms
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.solvers import Transport
from peierls.spectral import Spread, spread_over_frequency
from peierls.units import THZ

N_FREQUENCIES = 400
"""Points of the frequency axis; as many as TDEP has."""


@dataclass(frozen=True)
class SpectralConductivity:
    """κ(ω) by every solver that resolves κ by mode, and the density of states on the same axis.

    The parts are the total, the branches in order of frequency, the atoms, with weights |ε_i|² averaged over
    degenerate sets, and the species; each of the three splits adds up to the total. By the trapezoid rule the integral
    of `spectral_kappa` is the solver's κ and that of `dos` the number of branches, both to rounding.
    """

    solvers: tuple[str, ...] = quantity("", "solver", "names of the solvers")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    parts: tuple[str, ...] = quantity("", "part", "total, branches by frequency, atoms, species")
    frequency: Floats = quantity("THz", "frequency", "omega/2pi")
    spectral_kappa: Floats = quantity(
        "W/m/K/THz",
        "solver temperature part frequency 3 3",
        "spectral thermal conductivity; nan where the solver did not converge",
        may_be_nan=True,
    )
    dos: Floats = quantity("1/THz", "part frequency", "density of states per primitive cell")
    method: str = quantity("", "", "how a mode is spread over frequency: integration.method")

    def part(self, name: str) -> int:
        """Position of a part, such as "total", "branch 1", "atom 1 Si", "species Si"."""
        return self.parts.index(name)


def spectral_conductivity(
    crystal: Crystal, mesh: Mesh, phonons: Phonons, transports: Sequence[Transport], integration: Mapping[str, Any]
) -> SpectralConductivity:
    """κ(ω) of each of `transports`, all at the same temperatures, by the method of the section `integration`.

    Source: docs/spectral.md.
    """
    spread = spread_over_frequency(mesh, phonons, integration, N_FREQUENCIES)
    weights = weights_on_atoms(crystal, phonons)
    curves = []
    for transport in transports:
        volume = conducting_volume(crystal, mesh.sizes, transport.geometry)
        for position, temperature in enumerate(transport.temperature):
            displacements = transport.mean_free_displacement[position]
            on_atoms = kappa_on_atoms(volume, mesh, phonons, weights, temperature, displacements)
            curve = _by_parts(crystal.species, spread, transport.mode_kappa[position], on_atoms)
            curves.append(curve if transport.converged[position] else np.full_like(curve, np.nan))
    of_solvers = (len(transports), len(transports[0].temperature))
    counts = counts_on_atoms(mesh, weights)
    return SpectralConductivity(
        solvers=tuple(transport.solver for transport in transports),
        temperature=transports[0].temperature,
        parts=part_names(crystal.species, phonons.n_bands),
        frequency=spread.axis / THZ,
        spectral_kappa=np.stack(curves).reshape(*of_solvers, *curves[0].shape),
        dos=_by_parts(crystal.species, spread, counts.sum(axis=2), counts),
        method=integration["method"],
    )


def _by_parts(species: Sequence[str], spread: Spread, of_modes: Floats, on_atoms: Floats) -> Floats:
    """A spectrum for each part, shape (part, frequency, ...), of a quantity per mode and of what each atom has of
    it."""
    return all_parts(species, spread.spectra_of_branches(of_modes), np.moveaxis(spread.spectrum(on_atoms), 1, 0))
