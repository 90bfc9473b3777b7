"""The folded lattice sum of third-order force constants against the sum written out."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from chain import face_centred, triclinic
from naive import lattice_sum, symmetric_lattice_sum
from numpy.testing import assert_allclose, assert_array_equal

from peierls.orderings import average_over_orderings
from peierls.third_order import fold_third_order

SIZES = np.array([3, 4, 5])


@pytest.fixture
def random():
    return np.random.default_rng(11)


@pytest.fixture(params=["silicon", "springs", "without permutation symmetry"])
def crystal(request, random):
    """Force constants whose table depends on which atom is called first: silicon's by the sharing among images, and one
    with random numbers by construction."""
    if request.param == "silicon":
        return request.getfixturevalue("silicon")
    springs = triclinic(2)
    if request.param == "springs":
        return springs
    return replace(springs, fc3=springs.fc3 * random.uniform(0.5, 1.5, springs.fc3.shape))


@pytest.mark.parametrize("origin", ["first", "average"])
def test_transform_is_the_lattice_sum(crystal, origin, random):
    folded = fold_third_order(crystal, SIZES, origin)
    n = crystal.n_bands
    coordinates = np.unique(random.integers(0, SIZES, size=(8, 3)), axis=0)
    q1 = random.integers(0, SIZES) / SIZES
    vectors = random.normal(size=(n, 2)) + 1j * random.normal(size=(n, 2))
    found = folded.transform(folded.at(q1, vectors), coordinates).reshape(len(coordinates), 2, n, n)
    for row, coordinate in zip(found, coordinates, strict=True):
        q2 = coordinate / SIZES
        q3 = -q1 - q2
        element = lattice_sum(crystal, q2, q3) if origin == "first" else symmetric_lattice_sum(crystal, q1, q2, q3)
        expected = np.einsum("ijk,is->sjk", element, vectors)
        assert_allclose(row, expected, atol=1e-12 * np.abs(expected).max())


def test_a_mesh_smaller_than_the_reach_of_the_forces_folds_exactly(silicon):
    """On a mesh of 1 × 2 × 1 points almost every distance is folded; the lattice sum does not notice."""
    sizes = np.array([1, 2, 1])
    folded = fold_third_order(silicon, sizes, "first")
    q1, q2 = np.array([0.0, 0.5, 0.0]), np.array([0.0, 0.5, 0.0])
    identity = np.eye(6, dtype=complex)
    found = folded.transform(folded.at(q1, identity), np.array([[0, 1, 0]])).reshape(6, 6, 6)
    expected = lattice_sum(silicon, q2, -q1 - q2)
    assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())


def test_origins_differ_where_images_are_shared(silicon):
    """Silicon's table shares constants among equally short images seen from the first atom: the two differ."""
    q1 = np.array([1, 0, 0]) / SIZES
    identity = np.eye(6, dtype=complex)
    parts = []
    for origin in ("first", "average"):
        folded = fold_third_order(silicon, SIZES, origin)
        parts.append(folded.transform(folded.at(q1, identity), np.array([[1, 2, 3]])))
    assert np.abs(parts[0] - parts[1]).max() > 1e-3 * np.abs(parts[1]).max()


def as_table(atoms, vectors, tensors):
    """Summed tensors by atoms and vectors."""
    table: dict[tuple[int, ...], np.ndarray] = {}
    for a, v, tensor in zip(atoms.tolist(), vectors.reshape(len(atoms), 6).tolist(), tensors, strict=True):
        table[(*a, *v)] = table.get((*a, *v), 0.0) + tensor
    return table


def test_average_is_symmetric_in_all_six_orderings(crystal, random):
    atoms, vectors, tensors = average_over_orderings(crystal.fc3_atoms, crystal.fc3_vectors, crystal.fc3)
    table = as_table(atoms, vectors, tensors)
    assert len(table) == len(tensors)
    cells = np.concatenate([np.zeros((len(atoms), 1, 3), dtype=int), vectors], axis=1)
    scale = np.abs(tensors).max()
    for block in random.choice(len(atoms), 50):
        for order in permutations(range(3)):
            moved = cells[block][list(order)]
            key = (*atoms[block][list(order)].tolist(), *(moved[1:] - moved[0]).ravel().tolist())
            assert_allclose(table[key], tensors[block].transpose(order), atol=1e-12 * scale)


def test_average_is_idempotent(crystal):
    once = average_over_orderings(crystal.fc3_atoms, crystal.fc3_vectors, crystal.fc3)
    twice = average_over_orderings(*once)
    assert_array_equal(twice[0], once[0])
    assert_array_equal(twice[1], once[1])
    assert_allclose(twice[2], once[2], atol=1e-13 * np.abs(once[2]).max())


def test_average_preserves_the_energy_of_a_uniform_strain_of_the_sublattices(crystal, random):
    """Σ over all blocks of the part that is symmetric in the three atoms is what it was."""
    zero = np.zeros(3)
    averaged = average_over_orderings(crystal.fc3_atoms, crystal.fc3_vectors, crystal.fc3)
    after = replace(crystal, **dict(zip(("fc3_atoms", "fc3_vectors", "fc3"), averaged, strict=True)))
    displacement = random.normal(size=crystal.n_bands)
    energies = [np.einsum("ijk,i,j,k", lattice_sum(one, zero, zero), *[displacement] * 3) for one in (crystal, after)]
    assert energies[1] == pytest.approx(energies[0], rel=1e-10)


def test_symmetric_constants_are_left_as_they_are():
    springs = face_centred((28.0, 12.0))
    before = as_table(springs.fc3_atoms, springs.fc3_vectors, springs.fc3)
    after = as_table(*average_over_orderings(springs.fc3_atoms, springs.fc3_vectors, springs.fc3))
    scale = np.abs(springs.fc3).max()
    for key, tensor in after.items():
        assert_allclose(tensor, before.get(key, np.zeros((3, 3, 3))), atol=1e-12 * scale)


def test_cells_far_apart_are_told_apart_and_kept_in_order():
    """The columns multiplied out are beyond 64 bits."""
    atoms = np.zeros((3, 3), dtype=int)
    far = np.array([[-100_000, 100_000, -100_000], [100_000, -100_000, 100_000]])
    vectors = np.stack([far, np.add(far[::-1], (1, 7, -3)), np.add(2 * far, (0, 1, 0))])
    tensors = np.random.default_rng(0).normal(size=(3, 3, 3, 3))
    found = average_over_orderings(atoms, vectors, tensors)
    table = as_table(*found)
    assert len(table) == 18
    for block, cells in zip(tensors, vectors, strict=True):
        assert_allclose(table[(0, 0, 0, *cells.ravel().tolist())], block / 6)
    labels = np.column_stack([found[0], found[1].reshape(-1, 6)]).tolist()
    assert labels == sorted(labels)
