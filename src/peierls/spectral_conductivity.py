"""κ resolved by frequency: which phonons carry the heat, by branch, atom and species.

    κ(ω) = Σ_λ κ_λ δ(ω - ω_λ),   κ_λ = (1/V) c v⊗F

A mode is spread over frequency as `spectral` says, so the integral of each curve is the κ of its part. The heat of a
mode is shared among the atoms by |ε_i|², which says how much they move, not that they carry it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.cumulative import part_names
from peierls.low_dimensions import conducting_volume
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons, on_full_grid
from peierls.quantities import quantity
from peierls.solvers import Transport
from peierls.spectral import Spread, counts_on_atoms, spread_over_frequency, weights_on_atoms
from peierls.units import THZ, WATT_PER_METRE_KELVIN

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

    Source: tdep-thermal-conductivity.md, "Cumulative kappa".
    """
    spread = spread_over_frequency(mesh, phonons, integration, N_FREQUENCIES)
    weights = weights_on_atoms(crystal, phonons)
    curves = []
    for transport in transports:
        volume = cell_volume(crystal, mesh, transport)
        for position in range(len(transport.temperature)):
            on_atoms = kappa_on_atoms(volume, mesh, phonons, weights, transport, position)
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


def cell_volume(crystal: Crystal, mesh: Mesh, transport: Transport) -> float:
    """Volume of a cell by which the κ of a solver is divided, Å³: of a sheet or a chain with the extent it assumes."""
    return conducting_volume(crystal, mesh.sizes, transport.geometry)


def kappa_of_modes(volume: float, mesh: Mesh, phonons: Phonons, transport: Transport, position: int) -> Floats:
    """c v⊗F / Ω of every mode of the full mesh at one temperature, shape (grid, band, 3, 3), W/m/K; κ is its mean over
    the mesh, summed over bands. `volume` is that of a cell, Å³; nan where the solver did not converge."""
    velocities = on_full_grid(phonons.group_velocities, mesh)
    displacements = on_full_grid(transport.mean_free_displacement[position], mesh)
    capacities = heat_capacities(phonons.frequencies, float(transport.temperature[position]))
    scaled = (capacities / (volume * WATT_PER_METRE_KELVIN))[..., None] * velocities
    return np.asarray(scaled[..., :, None] * displacements[..., None, :])


def kappa_on_atoms(
    volume: float, mesh: Mesh, phonons: Phonons, weights: Floats, transport: Transport, position: int
) -> Floats:
    """What each atom has of the κ of an irreducible mode and its star, by `weights` of shape (grid, band, atom); shape
    (ir_q, band, atom, 3, 3), W/m/K. The atoms add up to `mode_kappa`."""
    of_modes = kappa_of_modes(volume, mesh, phonons, transport, position) / mesh.n_points
    result = np.zeros((mesh.n_irreducible, *weights.shape[1:], 3, 3))
    _add_over_stars(result, of_modes, weights, mesh.grid_to_irreducible)
    return result


@numba.njit(cache=True)
def _add_over_stars(result: Floats, of_modes: Floats, weights: Floats, rows: Integers) -> None:
    """result[row of q, s, atom] += weights[q, s, atom] · of_modes[q, s], a tensor."""
    n_points, n_bands, n_atoms = weights.shape
    for q in range(n_points):
        for s in range(n_bands):
            for atom in range(n_atoms):
                for a in range(3):
                    for b in range(3):
                        result[rows[q], s, atom, a, b] += weights[q, s, atom] * of_modes[q, s, a, b]


def _by_parts(species: Sequence[str], spread: Spread, of_modes: Floats, on_atoms: Floats) -> Floats:
    """A spectrum for each part, shape (part, frequency, ...), of a quantity per mode and of what each atom has of
    it."""
    branches = spread.spectra_of_branches(of_modes)
    atoms = np.moveaxis(spread.spectrum(on_atoms), 1, 0)
    kinds = [
        atoms[[number for number, symbol in enumerate(species) if symbol == kind]].sum(axis=0)
        for kind in dict.fromkeys(species)
    ]
    return np.concatenate([branches.sum(axis=0)[None], branches, atoms, np.stack(kinds)])
