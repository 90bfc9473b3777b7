"""How what the modes have is shared out: among branches, atoms and species.

An atom has the part |ε_i|² of a mode, averaged over the degenerate set, within which the basis is a choice of the
linear algebra. It says how much the atom moves, not that heat has a place on it.
"""

from collections.abc import Sequence

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons, average_over_sets, on_full_grid
from peierls.units import WATT_PER_METRE_KELVIN


def part_names(species: Sequence[str], n_bands: int) -> tuple[str, ...]:
    """The parts: total, branches by frequency, atoms, species in the order of their first atoms."""
    branches = [f"branch {number}" for number in range(1, n_bands + 1)]
    atoms = [f"atom {number} {symbol}" for number, symbol in enumerate(species, 1)]
    return ("total", *branches, *atoms, *(f"species {symbol}" for symbol in dict.fromkeys(species)))


def all_parts(species: Sequence[str], branches: Floats, atoms: Floats) -> Floats:
    """Curves of the parts in the order of `part_names`, from those of the branches and of the atoms, (branch, ...) and
    (atom, ...)."""
    kinds = [atoms[np.array(species) == kind].sum(axis=0) for kind in dict.fromkeys(species)]
    return np.concatenate([branches.sum(axis=0)[None], branches, atoms, np.stack(kinds)])


def weights_on_atoms(crystal: Crystal, phonons: Phonons) -> Floats:
    """|ε_i|² of each mode of the grid, shape (grid, band, atom): the mean over its degenerate set, for only that does
    not depend on the basis."""
    shape = (len(phonons.frequencies), len(crystal.species), 3, crystal.n_bands)
    squares = (np.abs(phonons.eigenvectors.reshape(shape)) ** 2).sum(axis=2).swapaxes(1, 2)
    return average_over_sets(squares, phonons.degenerate_sets)


def counts_on_atoms(mesh: Mesh, weights: Floats) -> Floats:
    """Share of each irreducible mode and its star in a mean over the mesh, atom by atom, shape (ir_q, band, atom).

    Operations of the crystal may exchange atoms, so the points of a star have `weights` of their own.
    """
    sums = np.zeros((mesh.n_irreducible, *weights.shape[1:]))
    np.add.at(sums, mesh.grid_to_irreducible, weights)
    return np.asarray(sums / mesh.n_points)


def kappa_of_modes(volume: float, mesh: Mesh, phonons: Phonons, temperature: float, displacements: Floats) -> Floats:
    """c v⊗F / Ω of every mode of the full mesh, shape (grid, band, 3, 3), W/m/K; κ is its mean over the mesh, summed
    over bands.

    `displacements` is F of the irreducible modes at one temperature, shape (ir_q, band, 3), Å; `volume` that of a cell,
    Å³, of a sheet or a chain with the extent it assumes (`low_dimensions.conducting_volume`).
    """
    velocities = on_full_grid(phonons.group_velocities, mesh)
    capacities = heat_capacities(phonons.frequencies, temperature) / (volume * WATT_PER_METRE_KELVIN)
    scaled = capacities[..., None] * velocities
    return np.asarray(scaled[..., :, None] * on_full_grid(displacements, mesh)[..., None, :])


def kappa_on_atoms(
    volume: float, mesh: Mesh, phonons: Phonons, weights: Floats, temperature: float, displacements: Floats
) -> Floats:
    """What each atom has of the κ of an irreducible mode and its star, by `weights` of shape (grid, band, atom); shape
    (ir_q, band, atom, 3, 3), W/m/K; the rest as in `kappa_of_modes`.

    An operation of the crystal may exchange atoms, so the sum is over the points of the star with their own weights.
    The atoms add up to the `mode_kappa` of the solver.
    """
    of_modes = kappa_of_modes(volume, mesh, phonons, temperature, displacements) / mesh.n_points
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
