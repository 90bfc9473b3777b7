"""Spectra over frequency: the phonon density of states."""

from dataclasses import dataclass

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.mesh import Mesh
from peierls.phonons import Phonons, average_over_sets
from peierls.quantities import quantity
from peierls.units import THZ

N_FREQUENCIES = 801
"""Points of the frequency axis of a spectrum."""


@dataclass(frozen=True)
class DensityOfStates:
    """Phonon density of states by the tetrahedron method, total and on each atom; its integral is the number of
    branches."""

    frequency: Floats = quantity("THz", "frequency", "omega/2pi")
    total: Floats = quantity("1/THz", "frequency", "density of states per primitive cell")
    per_atom: Floats = quantity("1/THz", "atom frequency", "part of each atom, weights |e_i|^2")
    species: tuple[str, ...] = quantity("", "atom", "chemical symbols")


def density_of_states(crystal: Crystal, mesh: Mesh, phonons: Phonons) -> DensityOfStates:
    """g(ω) = (1/N) Σ_λ δ(ω - ω_λ), from 0 to slightly above the highest frequency."""
    energies = np.linspace(0, 1.02 * phonons.frequencies.max(), N_FREQUENCIES)
    corners, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
    ahead = np.stack([mesh.index(mesh.coordinates + corner) for corner in corners], axis=1)
    shape = (mesh.n_points, len(crystal.species), 3, crystal.n_bands)
    on_atoms = (np.abs(phonons.eigenvectors.reshape(shape)) ** 2).sum(axis=2).swapaxes(1, 2)
    # Within a degenerate set only the mean of |ε_i|² does not depend on the basis.
    on_atoms = np.ascontiguousarray(average_over_sets(on_atoms, phonons.degenerate_sets).swapaxes(1, 2))
    per_atom = _spectrum(energies, phonons.frequencies, on_atoms, ahead, tetrahedra) * THZ / mesh.n_points
    return DensityOfStates(energies / THZ, per_atom.sum(axis=0), per_atom, crystal.species)


@numba.njit(cache=True)
def _spectrum(energies: Floats, frequencies: Floats, parts: Floats, ahead: Integers, tetrahedra: Integers) -> Floats:
    """Σ_λ part_λ δ(ω - ω_λ) for `parts` of shape (grid, part, band), at equidistant energies; shape (part, energy)."""
    n_points, n_parts, n_bands = parts.shape
    result = np.zeros((n_parts, len(energies)))
    values = np.empty(ahead.shape[1])
    step = energies[1] - energies[0]
    for q in range(n_points):
        for s in range(n_bands):
            for corner in range(len(values)):
                values[corner] = frequencies[ahead[q, corner], s]
            first = max(0, int(np.ceil((values.min() - energies[0]) / step)))
            last = min(len(energies) - 1, int(np.floor((values.max() - energies[0]) / step)))
            for i in range(first, last + 1):
                weight = tetrahedron_weight(energies[i], values, tetrahedra)
                for part in range(n_parts):
                    result[part, i] += weight * parts[q, part, s]
    return result
