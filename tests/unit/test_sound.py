"""The speeds of sound."""

from dataclasses import replace

import numpy as np
import pytest
from chain import NO_LONG_RANGE_PART, face_centred, hexagonal, long_range, polar_rock_salt, triclinic
from numpy.testing import assert_allclose

from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.sound import sound_speeds
from peierls.thermal import half_sphere

CRYSTALS = {"triclinic": triclinic(1), "cubic": face_centred(), "hexagonal": hexagonal()}
DIRECTIONS = half_sphere()[0][::37]


@pytest.mark.parametrize("crystal", CRYSTALS.values(), ids=CRYSTALS)
def test_speeds_of_sound_are_those_of_the_elastic_continuum(crystal):
    """With one atom to a cell m v² are the eigenvalues of -½ Σ_R Φ(R) (n·R)²."""
    along = crystal.fc2_vectors @ crystal.lattice @ DIRECTIONS.T
    christoffel = -0.5 * np.einsum("rab,rd->dab", crystal.fc2[:, 0, 0], along**2) / crystal.masses[0]
    found = sound_speeds(crystal, DIRECTIONS, NO_LONG_RANGE_PART)
    assert_allclose(found, np.sqrt(np.linalg.eigvalsh(christoffel)), rtol=1e-5)


@pytest.mark.parametrize(
    ("crystal", "nac"),
    [(triclinic(2), NO_LONG_RANGE_PART), (polar_rock_salt(), long_range())],
    ids=["springs", "polar"],
)
def test_speeds_of_sound_are_the_slopes_of_the_bands(crystal, nac):
    """With more atoms, and in a polar crystal: v² = (λ(q) - λ(0))/q² of the three lowest modes."""
    step = 2e-3
    short_ranged, dipoles = separate(crystal, nac)
    points = step * DIRECTIONS @ np.linalg.inv(crystal.reciprocal)
    at_gamma = np.linalg.eigvalsh(dynamical_matrices(short_ranged, np.zeros((1, 3)), dipoles))[0, :3]
    lowest = np.linalg.eigvalsh(dynamical_matrices(short_ranged, points, dipoles))[:, :3]
    expected = np.sqrt(np.abs(lowest - at_gamma)) / step
    assert_allclose(sound_speeds(crystal, DIRECTIONS, nac), expected, rtol=2e-3)


def test_a_broken_sum_rule_does_not_change_the_speeds(silicon):
    """A spring that ties each atom to its site adds a constant to D, of which the slope knows nothing."""
    fc2 = silicon.fc2.copy()
    home = np.flatnonzero(~silicon.fc2_vectors.any(axis=1))[0]
    for atom in range(2):
        fc2[home, atom, atom] += 3.0 * np.eye(3)
    tied = replace(silicon, fc2=fc2)
    expected = sound_speeds(silicon, DIRECTIONS, NO_LONG_RANGE_PART)
    assert_allclose(sound_speeds(tied, DIRECTIONS, NO_LONG_RANGE_PART), expected, rtol=1e-6)


def test_directions_of_a_cubic_crystal_are_equivalent():
    axes = np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, 1]])
    speeds = sound_speeds(face_centred((28.0, 12.0)), axes, NO_LONG_RANGE_PART)
    assert_allclose(speeds, speeds[:1] * np.ones((3, 1)), rtol=1e-9)


def test_an_unstable_wave_has_no_speed():
    crystal = triclinic(1)
    assert np.isnan(sound_speeds(replace(crystal, fc2=-crystal.fc2), DIRECTIONS, NO_LONG_RANGE_PART)).all()


def test_sound_of_a_cubic_crystal():
    """One longitudinal and two transverse waves, the same along each axis, also of a polar crystal."""
    for crystal, nac in ((face_centred(), NO_LONG_RANGE_PART), (polar_rock_salt(), long_range())):
        found = sound_speeds(crystal, np.eye(3), nac)
        assert_allclose(found, found[[1, 2, 0]], rtol=1e-6)
        assert_allclose(found[:, 0], found[:, 1], rtol=1e-6)
        assert (found[:, 2] > 1.05 * found[:, 1]).all()


def test_speeds_scale_with_the_root_of_the_mass():
    light, heavy = (sound_speeds(face_centred((mass,)), np.eye(3), NO_LONG_RANGE_PART) for mass in (7.0, 28.0))
    assert_allclose(light, 2 * heavy, rtol=1e-9)
