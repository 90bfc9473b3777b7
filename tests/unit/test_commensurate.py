"""Wave vectors and lattice vectors of a supercell."""

import numpy as np
import pytest
from chain import triclinic
from numpy.testing import assert_allclose

from peierls import commensurate

PERIODS = {
    "itself": np.eye(3, dtype=int),
    "diagonal": np.diag([3, 2, 4]),
    "cubic of fcc": np.array([[-2, 2, 2], [2, -2, 2], [2, 2, -2]]),
    "skew": np.array([[2, 1, 0], [0, 3, -1], [1, 0, 2]]),
    "left-handed": np.array([[0, 2, 0], [2, 0, 1], [0, 0, 3]]),
}


@pytest.fixture(params=PERIODS)
def period(request):
    return PERIODS[request.param]


def test_every_wave_that_repeats_with_the_supercell_is_there_once(period):
    waves = commensurate.wave_vectors(period)
    assert len(waves) == abs(round(np.linalg.det(period)))
    assert_allclose(waves @ period.T, np.rint(waves @ period.T), atol=1e-12)
    differences = waves[:, None] - waves
    same = np.abs(differences - np.rint(differences)).max(axis=-1) < 1e-9
    np.testing.assert_array_equal(same, np.eye(len(waves), dtype=bool))
    assert not waves[0].any()


def test_waves_and_cells_are_orthogonal(period):
    """Σ_R exp(i q·R) over the cells is N at Γ and zero at every other wave vector of the supercell."""
    cells, waves = commensurate.cells(period), commensurate.wave_vectors(period)
    sums = np.exp(2j * np.pi * cells @ waves.T).sum(axis=0)
    assert_allclose(sums, [len(cells), *np.zeros(len(cells) - 1)], atol=1e-9)


def test_shares_of_the_shortest_images_add_up_to_one(period):
    crystal = triclinic(2)
    vectors, shares = commensurate.shares(crystal.lattice, crystal.positions, crystal.species, period)
    phases = np.exp(2j * np.pi * commensurate.wave_vectors(period) @ vectors.T)
    # One per class: the Fourier sum of a constant is that of one supercell.
    sums = np.tensordot(phases, shares, axes=1)
    assert_allclose(sums[0], len(phases))
    phase_of_one_class = np.exp(2j * np.pi * commensurate.wave_vectors(period) @ commensurate.cells(period).T)
    assert_allclose(sums[1:, 0, 1], phase_of_one_class.sum(axis=1)[1:], atol=1e-9)

    distances = (vectors[:, None, None] + crystal.positions[None, None] - crystal.positions[None, :, None]) @ (
        crystal.lattice
    )
    lengths = np.linalg.norm(distances, axis=-1)
    around = np.array(np.meshgrid(*3 * [range(-2, 3)])).reshape(3, -1).T @ period @ crystal.lattice
    for r, i, j in zip(*np.nonzero(shares), strict=True):
        assert lengths[r, i, j] <= np.linalg.norm(distances[r, i, j] + around, axis=1).min() + 1e-5
