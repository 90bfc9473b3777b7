"""The theory written out term by term, slow and plain, for the tests to compare with."""

from itertools import permutations

import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.mesh import Mesh
from peierls.phonons import Phonons


def lattice_sum(crystal: Crystal, q2: Floats, q3: Floats) -> np.ndarray:
    """Σ Φ_ijk exp(i q'·R' + i q''·R'') / sqrt(m_i m_j m_k), the first atom at home, shape (band, band, band)."""
    n = len(crystal.species)
    phases = np.exp(2j * np.pi * (crystal.fc3_vectors[:, 0] @ q2 + crystal.fc3_vectors[:, 1] @ q3))
    masses = crystal.masses[crystal.fc3_atoms].prod(axis=1)
    terms = (phases / np.sqrt(masses))[:, None, None, None] * crystal.fc3
    total = np.zeros((n, n, n, 3, 3, 3), dtype=complex)
    np.add.at(total, tuple(crystal.fc3_atoms.T), terms)
    return total.transpose(0, 3, 1, 4, 2, 5).reshape(3 * n, 3 * n, 3 * n)


def symmetric_lattice_sum(crystal: Crystal, q1: Floats, q2: Floats, q3: Floats) -> np.ndarray:
    """Its mean over the six orders in which the three legs can be called first, second and third."""
    legs = (q1, q2, q3)
    total = np.zeros((crystal.n_bands,) * 3, dtype=complex)
    for order in permutations(range(3)):
        # Axis number p of the term belongs to leg order[p].
        total += lattice_sum(crystal, legs[order[1]], legs[order[2]]).transpose(np.argsort(order)) / 6
    return total


def squared_elements(crystal: Crystal, mesh: Mesh, phonons: Phonons, legs: tuple[int, int, int]) -> Floats:
    """|Φ|² of the band triples of three grid points, averaged over degenerate sets, shape (s, s', s''); zero where a
    mode has no frequency."""
    cartesian = symmetric_lattice_sum(crystal, *(mesh.fractional[leg] for leg in legs))
    elements = np.einsum("ijk,ia,jb,kc->abc", cartesian, *(phonons.eigenvectors[leg] for leg in legs))
    w1, w2, w3 = (phonons.frequencies[leg] for leg in legs)
    omegas = w1[:, None, None] * w2[None, :, None] * w3[None, None, :]
    squares = np.divide(np.abs(elements) ** 2, omegas, out=np.zeros(omegas.shape), where=omegas > 0)
    return mean_over_sets(squares, *(phonons.degenerate_sets[leg] for leg in legs))


def mean_over_sets(values: Floats, *sets: Integers) -> Floats:
    """Each axis averaged over the degenerate sets of its bands."""
    for axis, of_axis in enumerate(sets):
        same = of_axis[:, None] == of_axis[None, :]
        values = np.moveaxis(np.tensordot(same / same.sum(axis=1), values, (1, axis)), 0, axis)
    return values


def mixed_within_sets(phonons: Phonons, mesh: Mesh, seed: int) -> Floats:
    """The eigenvectors after a random unitary rotation of each degenerate set, as another LAPACK might give them.

    Time reversal is kept: conjugate at -q, and real (a rotation) where the two are one point.
    """
    random = np.random.default_rng(seed)
    vectors = phonons.eigenvectors.copy()
    opposite = mesh.index(-mesh.coordinates)
    for q in range(mesh.n_points):
        if q > opposite[q]:
            vectors[q] = vectors[opposite[q]].conj()
            continue
        for first in np.unique(phonons.degenerate_sets[q]):
            members = np.flatnonzero(phonons.degenerate_sets[q] == first)
            mixture = random.normal(size=(len(members),) * 2)
            if q != opposite[q]:
                mixture = mixture + 1j * random.normal(size=mixture.shape)
            vectors[q][:, members] = vectors[q][:, members] @ np.linalg.qr(mixture)[0]
    return vectors
