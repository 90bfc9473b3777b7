"""The space group as it acts on atoms, and the point group on wave vectors: what leaves every frequency where it is."""

from dataclasses import replace

import numpy as np
import pytest
from chain import face_centred, hexagonal, spring_crystal, triclinic
from numpy.testing import assert_allclose

from peierls.dynamical_matrix import dynamical_matrices
from peierls.symmetry import operations, point_group, to_cartesian

WURTZITE = [[1 / 3, 2 / 3, 0.0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.38], [2 / 3, 1 / 3, 0.88]]
CRYSTALS = {
    "cubic": face_centred(),
    "rock salt": face_centred((28.0, 12.0)),
    "hexagonal": hexagonal(),
    "tetragonal": spring_crystal(np.diag([3.0, 3.0, 3.7]), [[0, 0, 0]], ["Si"], [28.0], reach=4.4),
    "wurtzite": spring_crystal(
        [[3.2, 0, 0], [-1.6, 1.6 * 3**0.5, 0], [0, 0, 5.1]], WURTZITE, ["Ga"] * 2 + ["N"] * 2, [70, 70, 14, 14], 3.5
    ),
    "triclinic": triclinic(2),
}
ORDERS = {"cubic": 48, "rock salt": 48, "hexagonal": 24, "tetragonal": 16, "wurtzite": 24, "triclinic": 2}


@pytest.mark.parametrize("name", CRYSTALS)
def test_order_of_the_group_with_time_reversal(name):
    """Wurtzite (12 operations, no inversion) and the triclinic crystal (1) are doubled by time reversal."""
    assert len(point_group(CRYSTALS[name]).rotations) == ORDERS[name]


@pytest.mark.parametrize("name", CRYSTALS)
def test_it_is_a_group_of_orthogonal_operations_with_the_identity_first(name):
    group = point_group(CRYSTALS[name])
    assert_allclose(group.rotations[0], np.eye(3), atol=0)
    members = {tuple(one.ravel()) for one in group.rotations}
    assert {tuple((a @ b).ravel()) for a in group.rotations for b in group.rotations} == members
    for rotation in group.cartesian:
        assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("name", CRYSTALS)
def test_frequencies_at_a_rotated_wave_vector_are_the_same(name):
    crystal = CRYSTALS[name]
    q = np.random.default_rng(3).random(3)
    turned = dynamical_matrices(crystal, point_group(crystal).rotations @ q)
    eigenvalues = np.linalg.eigvalsh(turned)
    assert_allclose(eigenvalues, np.broadcast_to(eigenvalues[0], eigenvalues.shape), atol=1e-9 * eigenvalues.max())


def test_silicon(silicon):
    group = point_group(silicon)
    assert group.symbol == "Fd-3m (227)"
    assert len(group.rotations) == 48


def test_cartesian_rotation_turns_the_wave_vector_that_the_integer_matrix_turns():
    crystal = CRYSTALS["hexagonal"]
    group = point_group(crystal)
    q = np.array([0.11, 0.23, 0.41])
    assert_allclose(group.cartesian @ (q @ crystal.reciprocal), (group.rotations @ q) @ crystal.reciprocal, atol=1e-12)
    assert_allclose(to_cartesian(group.rotations, crystal.reciprocal), group.cartesian, atol=0)


@pytest.mark.parametrize("change", [{"masses": np.array([28.0, 29.0])}, {"mass_variances": np.array([0.0, 1e-4])}])
def test_sites_that_differ_in_mass_or_isotopes_are_not_equivalent(silicon, change):
    """Two interpenetrating fcc lattices of different atoms: zinc blende, whatever the chemical symbol says."""
    assert point_group(replace(silicon, **change)).symbol == "F-43m (216)"


def test_an_isotope_lowers_the_symmetry(silicon):
    """With two masses the crystal is zincblende: half the operations, no inversion between the atoms."""
    group = operations(silicon.lattice, silicon.positions, silicon.species)
    assert len(group) == 48
    assert any((operation.images == [1, 0]).all() for operation in group)
    lowered = operations(silicon.lattice, silicon.positions, [28.0, 29.0])
    assert len(lowered) == 24
    assert all((operation.images == [0, 1]).all() for operation in lowered)
