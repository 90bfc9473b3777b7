"""Third-order force constants in reciprocal space, at all q' of the mesh at once for one q.

With q'' = -q - q' the phases of the lattice sum collapse,

    exp(i q'·R' + i q''·R'') = exp(-i q·R'') exp(i q'·D),   D = R' - R'',

so for one q the sum over blocks is done once per D, and what depends on q' is a Fourier transform over the few D
that occur. D is folded onto the mesh, which is exact because q' is on it. The first leg is contracted with the
eigenvectors of q before the transform, where there are few D, instead of after it, where there are many q'.
"""

from dataclasses import dataclass

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import Complexes
from peierls.orderings import average_over_orderings


@dataclass(frozen=True)
class FoldedThirdOrder:
    """Mass-scaled third-order blocks, folded onto a mesh and sorted by their first atom.

    `distances` are the numbers of the D that occur, in a box of shape `box` that starts at `lowest`. A block adds to
    number `block_distances` of them, and its R'' is number `block_cells` of `third_cells`.
    """

    sizes: Integers
    n_bands: int
    lowest: Integers
    box: tuple[int, ...]
    distances: Integers
    third_cells: Integers
    first_atom_starts: Integers
    block_distances: Integers
    block_cells: Integers
    pairs: Integers
    tensors: Floats

    def at(self, wave_vector: Floats, eigenvectors: Complexes) -> Complexes:
        """Σ ε_i(q s) Φ_ijk exp(-i q·R'') / sqrt(m_i m_j m_k) per distance D, shape (box..., s · band · band).

        `wave_vector` is fractional, `eigenvectors` has shape (band, s).
        """
        n_bands = self.n_bands
        phases = np.exp(-2j * np.pi * (self.third_cells @ wave_vector))[self.block_cells]
        contracted = np.zeros((len(self.distances), eigenvectors.shape[1], n_bands * n_bands), dtype=complex)
        for atom in range(n_bands // 3):
            table = np.zeros((len(self.distances), 3, n_bands, n_bands), dtype=complex)
            own = slice(*self.first_atom_starts[atom : atom + 2])
            _accumulate(table, self.block_distances[own], self.pairs[own], phases[own], self.tensors[own])
            contracted += eigenvectors[3 * atom : 3 * atom + 3].T @ table.reshape(len(table), 3, -1)
        per_distance = np.zeros((int(np.prod(self.box)), contracted[0].size), dtype=complex)
        per_distance[self.distances] = contracted.reshape(len(contracted), -1)
        return per_distance.reshape(*self.box, -1)

    def transform(self, per_distance: Complexes, coordinates: Integers) -> Complexes:
        """Σ_D exp(i q'·D) of an array (box..., m) at mesh points of integer coordinates in ascending order, shape
        (q', m)."""
        phases = [
            np.exp(2j * np.pi / size * np.outer(np.arange(size), np.arange(low, low + length)))
            for size, low, length in zip(self.sizes, self.lowest, self.box, strict=True)
        ]
        n1, n2, n3, m = per_distance.shape
        result = np.empty((len(coordinates), m), dtype=complex)
        planes, plane_starts = np.unique(coordinates[:, 0], return_index=True)
        by_plane = (phases[0][planes] @ per_distance.reshape(n1, -1)).reshape(len(planes), n2, n3 * m)
        for plane, start, stop in zip(by_plane, plane_starts, [*plane_starts[1:], len(coordinates)], strict=True):
            lines, line_starts = np.unique(coordinates[start:stop, 1], return_index=True)
            by_line = (phases[1][lines] @ plane).reshape(len(lines), n3, m)
            bounds = [*(start + line_starts), stop]
            for number, line in enumerate(by_line):
                rows = slice(bounds[number], bounds[number + 1])
                np.matmul(phases[2][coordinates[rows, 2]], line, out=result[rows])
        return result


def fold_third_order(crystal: Crystal, sizes: Integers, origin: str) -> FoldedThirdOrder:
    """Third-order force constants of `crystal` for a mesh of `sizes`.

    `origin` is "average" (mean over the orderings of the three atoms) or "first" (as the source gives them).
    """
    atoms, vectors, tensors = crystal.fc3_atoms, crystal.fc3_vectors, crystal.fc3
    if origin == "average":
        atoms, vectors, tensors = average_over_orderings(atoms, vectors, tensors)
    order = np.argsort(atoms[:, 0], kind="stable")
    atoms, vectors, tensors = atoms[order], vectors[order], tensors[order]
    root_masses = np.sqrt(crystal.masses)
    scaled = tensors / np.prod(root_masses[atoms], axis=1)[:, None, None, None]
    distances = np.mod(vectors[:, 0] - vectors[:, 1] + sizes // 2, sizes) - sizes // 2
    lowest = distances.min(axis=0)
    box = tuple(int(length) for length in distances.max(axis=0) - lowest + 1)
    numbers = np.ravel_multi_index(tuple((distances - lowest).T), box)
    occurring, block_distances = np.unique(numbers, return_inverse=True)
    third_cells, block_cells = np.unique(vectors[:, 1], axis=0, return_inverse=True)
    return FoldedThirdOrder(
        sizes=sizes,
        n_bands=crystal.n_bands,
        lowest=lowest,
        box=box,
        distances=occurring,
        third_cells=third_cells,
        first_atom_starts=np.searchsorted(atoms[:, 0], np.arange(len(crystal.masses) + 1)),
        block_distances=block_distances,
        block_cells=block_cells,
        pairs=atoms[:, 1:],
        tensors=np.ascontiguousarray(scaled),
    )


@numba.njit(cache=True)
def _accumulate(table: Complexes, distances: Integers, pairs: Integers, phases: Complexes, tensors: Floats) -> None:
    """table[distance, α, 3j + β, 3k + γ] += phase · tensor, block by block."""
    for block in range(len(distances)):
        target = table[distances[block]]
        j, k = 3 * pairs[block, 0], 3 * pairs[block, 1]
        phase = phases[block]
        for alpha in range(3):
            for beta in range(3):
                for gamma in range(3):
                    target[alpha, j + beta, k + gamma] += phase * tensors[block, alpha, beta, gamma]
