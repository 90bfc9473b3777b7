"""How much of a crystal's physics a copy of it has lost: what `write` asks of the files that it leaves behind."""

from dataclasses import dataclass

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.dynamical_matrix import Complexes, dynamical_matrices
from peierls.electrostatics import separate
from peierls.force_constants.writers.dipoles import AUTO

_WAVE_VECTORS = np.sqrt([[0.131, 0.057, 0.019], [0.011, 0.167, 0.083], [0.210, 0.003, 0.149], [0.073, 0.229, 0.241]])
"""Wave vectors that no supercell holds."""
_AT_ONCE = 20_000
"""Third-order blocks in a step; bounds its memory."""


@dataclass(frozen=True)
class Losses:
    """Largest differences, each as a fraction of the largest element: of the dynamical matrix at wave vectors that no
    supercell holds, the long-range part included; of the third order in reciprocal space; of lattice vectors and
    masses. `isotopes` is the largest difference of g itself."""

    second_order: float
    third_order: float
    cell: float
    isotopes: float

    @property
    def largest(self) -> float:
        """The largest of them."""
        return max(self.second_order, self.third_order, self.cell, self.isotopes)


def losses(copy: Crystal, original: Crystal) -> Losses:
    """What `copy`, a crystal with the same atoms in the same order, has lost. Which lattice vector an atom is counted
    from makes no difference."""
    return Losses(
        second_order=second_order(copy, original),
        third_order=_relative(_third_order(copy), _third_order(original)),
        cell=max(_relative(copy.lattice, original.lattice), _relative(copy.masses, original.masses)),
        isotopes=float(abs(copy.mass_variances - original.mass_variances).max()),
    )


def second_order(copy: Crystal, original: Crystal) -> float:
    """The first of the losses alone."""
    return _relative(_second_order(copy), _second_order(original))


def _second_order(crystal: Crystal) -> Complexes:
    """The dynamical matrices in the gauge of the atoms' own positions."""
    short_ranged, long_range = separate(crystal, AUTO)
    matrices = dynamical_matrices(short_ranged, _WAVE_VECTORS, long_range)
    phases = np.exp(2j * np.pi * _WAVE_VECTORS @ crystal.positions.T).repeat(3, axis=1)
    return phases.conj()[:, :, None] * matrices * phases[:, None, :]


def _third_order(crystal: Crystal) -> Complexes:
    """Σ Φ_ijk exp(i q'·(R' + r_j - r_i) + i q''·(R'' + r_k - r_i)) for a pair of wave vectors, all atoms, first at
    home."""
    n_atoms = len(crystal.species)
    result = np.zeros((n_atoms**3, 27), dtype=complex)
    for start in range(0, len(crystal.fc3), _AT_ONCE):
        step = slice(start, start + _AT_ONCE)
        atoms, vectors = crystal.fc3_atoms[step], crystal.fc3_vectors[step]
        separations = vectors + crystal.positions[atoms[:, 1:]] - crystal.positions[atoms[:, :1]]
        phases = np.exp(2j * np.pi * (separations * _WAVE_VECTORS[:2]).sum(axis=(1, 2)))
        place = np.ravel_multi_index(tuple(atoms.T), (n_atoms,) * 3)
        np.add.at(result, place, phases[:, None] * crystal.fc3[step].reshape(-1, 27))
    return result


def _relative(found: Floats | Complexes, expected: Floats | Complexes) -> float:
    return float(abs(found - expected).max() / abs(expected).max())
