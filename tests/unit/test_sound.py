"""The velocities of sound."""

from dataclasses import replace

import numpy as np
import pytest
from chain import NO_LONG_RANGE_PART, face_centred, hexagonal, long_range, polar_rock_salt, triclinic
from numpy.testing import assert_allclose

from peierls.dynamical_matrix import dynamical_matrices
from peierls.sound import sound_velocities


@pytest.mark.parametrize("crystal", [face_centred(), face_centred((28.0, 12.0)), hexagonal(), triclinic(2)])
def test_slopes_of_the_acoustic_branches(crystal):
    """ω/|q| as q goes to zero."""
    found = sound_velocities(crystal, NO_LONG_RANGE_PART)
    for axis in range(3):
        q = 1e-4 * np.linalg.inv(crystal.reciprocal)[axis]
        omega = np.sqrt(np.linalg.eigvalsh(dynamical_matrices(crystal, q[None]))[0, :3])
        assert_allclose(found[axis], omega / 1e-4, rtol=1e-4)


def test_sound_of_a_cubic_crystal():
    """One longitudinal and two transverse velocities, the same along each axis, also of a polar crystal."""
    for crystal, nac in ((face_centred(), NO_LONG_RANGE_PART), (polar_rock_salt(), long_range())):
        found = sound_velocities(crystal, nac)
        assert_allclose(found, found[[1, 2, 0]], rtol=1e-6)
        assert_allclose(found[:, 0], found[:, 1], rtol=1e-6)
        assert (found[:, 2] > 1.05 * found[:, 1]).all()


def test_a_broken_acoustic_sum_rule_drops_out():
    """A spring that holds every atom to its place shifts all ω² alike."""
    crystal = face_centred()
    home = np.flatnonzero((crystal.fc2_vectors == 0).all(axis=1))[0]
    fc2 = crystal.fc2.copy()
    fc2[home, 0, 0] += 1e-3 * np.abs(fc2).max() * np.eye(3)
    held = replace(crystal, fc2=fc2)
    expected = sound_velocities(crystal, NO_LONG_RANGE_PART)
    assert_allclose(sound_velocities(held, NO_LONG_RANGE_PART), expected, rtol=1e-8)


def test_velocities_scale_with_the_root_of_the_mass():
    light, heavy = (sound_velocities(face_centred((mass,)), NO_LONG_RANGE_PART) for mass in (7.0, 28.0))
    assert_allclose(light, 2 * heavy, rtol=1e-9)
