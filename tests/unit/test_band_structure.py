"""The dispersion along the standard path."""

import numpy as np
import pytest
from chain import DEFAULTS, face_centred, hexagonal
from numpy.testing import assert_allclose

from peierls.band_structure import SPACING, compute_band_structure
from peierls.dynamical_matrix import dynamical_matrices
from peierls.units import THZ

NAC = DEFAULTS["nac"]


@pytest.fixture(params=["silicon", "hexagonal"])
def crystal(request):
    return request.getfixturevalue("silicon") if request.param == "silicon" else hexagonal()


def test_silicon_follows_the_path_of_the_fcc_lattice(silicon):
    bands = compute_band_structure(silicon, NAC)
    assert bands.labels == ("GAMMA", "X", "U|K", "GAMMA", "L", "W", "X")
    lattice_constant = np.abs(silicon.lattice).max() * 2
    assert bands.label_distance[1] == pytest.approx(2 * np.pi / lattice_constant)  # ΓX
    assert bands.label_distance[4] - bands.label_distance[3] == pytest.approx(
        np.sqrt(3) * np.pi / lattice_constant
    )  # ΓL


def test_frequencies_are_those_of_the_wave_vectors(crystal):
    bands = compute_band_structure(crystal, NAC)
    for number in (3, len(bands.qpoint) // 2, -2):
        squares = np.linalg.eigvalsh(dynamical_matrices(crystal, bands.qpoint[number][None])[0])
        assert_allclose(np.sort(bands.frequency[number]) * THZ, np.sqrt(squares.clip(0)), atol=1e-6)


def test_steps_along_the_path_are_even_and_small(crystal):
    bands = compute_band_structure(crystal, NAC)
    for number in np.unique(bands.segment):
        piece = bands.segment == number
        steps = np.linalg.norm(np.diff(bands.qpoint[piece] @ crystal.reciprocal, axis=0), axis=1)
        assert_allclose(steps, np.diff(bands.distance[piece]), atol=1e-10)
        assert_allclose(steps, steps[0], rtol=1e-9)
        assert steps[0] < 1.5 * SPACING


def test_labels_stand_where_segments_begin_and_end(crystal):
    bands = compute_band_structure(crystal, NAC)
    ends = {round(bands.distance[bands.segment == n][edge], 9) for n in np.unique(bands.segment) for edge in (0, -1)}
    assert ends == {round(distance, 9) for distance in bands.label_distance}
    assert len(bands.labels) == len(bands.label_distance)


def test_acoustic_branches_start_at_zero_and_imaginary_ones_are_negative(crystal):
    bands = compute_band_structure(crystal, NAC)
    gamma = np.flatnonzero(~bands.qpoint.any(axis=1))[0]
    assert np.abs(bands.frequency[gamma, :3]).max() < 1e-4
    unstable = type(crystal)(**{**vars(crystal), "fc2": -crystal.fc2})
    assert_allclose(np.sort(compute_band_structure(unstable, NAC).frequency), np.sort(-bands.frequency), atol=1e-6)


def test_path_does_not_depend_on_the_kind_of_symbols():
    assert compute_band_structure(face_centred((28.0, 12.0)), NAC).labels[0] == "GAMMA"
