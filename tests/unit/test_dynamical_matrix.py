"""The dynamical matrix: what it must be for any force constants, and its gradient."""

from itertools import product

import numpy as np
import pytest
from chain import triclinic
from numpy.testing import assert_allclose

from peierls.dynamical_matrix import dynamical_matrices, dynamical_matrix_gradients

WAVE_VECTORS = np.random.default_rng(5).uniform(-1, 1, (6, 3))


@pytest.fixture(params=["silicon", "triclinic"])
def crystal(request):
    return request.getfixturevalue("silicon") if request.param == "silicon" else triclinic(2)


def test_lattice_sum_term_by_term(crystal):
    q = WAVE_VECTORS[0]
    expected = np.zeros((6, 6), dtype=complex)
    for vector, block in zip(crystal.fc2_vectors, crystal.fc2, strict=True):
        for i, j, a, b in product(range(2), range(2), range(3), range(3)):
            phase = np.exp(2j * np.pi * q @ vector)
            expected[3 * i + a, 3 * j + b] += block[i, j, a, b] * phase / np.sqrt(crystal.masses[i] * crystal.masses[j])
    scale = np.abs(expected).max()
    hermitian = (expected + expected.conj().T) / 2
    assert_allclose(dynamical_matrices(crystal, q[None])[0], hermitian, atol=1e-13 * scale)


def test_hermitian(crystal):
    matrices = dynamical_matrices(crystal, WAVE_VECTORS)
    np.testing.assert_array_equal(matrices, matrices.conj().swapaxes(1, 2))


def test_periodic_in_the_reciprocal_lattice(crystal):
    shifts = np.array([[1, 0, 0], [0, -2, 1], [3, 1, -1], [0, 0, 1], [1, 1, 1], [-1, 0, 5]])
    matrices = dynamical_matrices(crystal, WAVE_VECTORS)
    moved = dynamical_matrices(crystal, WAVE_VECTORS + shifts)
    assert_allclose(moved, matrices, atol=1e-11 * np.abs(matrices).max())


def test_opposite_wave_vectors_have_conjugate_matrices(crystal):
    matrices = dynamical_matrices(crystal, WAVE_VECTORS)
    opposite = dynamical_matrices(crystal, -WAVE_VECTORS)
    assert_allclose(opposite, matrices.conj(), atol=1e-14 * np.abs(matrices).max())


def test_translations_cost_nothing():
    """At Γ the mass-weighted displacements of all atoms alike have eigenvalue zero."""
    crystal = triclinic(2)
    matrix = dynamical_matrices(crystal, np.zeros((1, 3)))[0]
    shift = np.kron(np.sqrt(crystal.masses)[:, None], np.eye(3))
    assert_allclose(matrix @ shift, 0, atol=1e-12 * np.abs(matrix).max() * np.sqrt(crystal.masses.max()))


def smooth(crystal, q):
    """D(q) with the phase of the distance of the atoms, U† D U with U = exp(i q·r)."""
    phases = np.exp(2j * np.pi * q @ crystal.positions.T).repeat(3)
    return phases.conj()[:, None] * dynamical_matrices(crystal, q[None])[0] * phases[None, :], phases


def test_gradient_is_that_of_the_smooth_gauge(crystal):
    """∂D/∂q of exp(-i q·r_i) D_ij exp(i q·r_j) by central differences, brought back to the lattice-vector gauge."""
    step = 1e-4
    for q in WAVE_VECTORS[:3]:
        _, phases = smooth(crystal, q)
        gradient = dynamical_matrix_gradients(crystal, q[None])[0]
        for axis in range(3):
            shift = step * np.linalg.inv(crystal.reciprocal)[axis]
            difference = (smooth(crystal, q + shift)[0] - smooth(crystal, q - shift)[0]) / (2 * step)
            expected = phases[:, None] * difference * phases.conj()[None, :]
            assert_allclose(gradient[axis], expected, atol=1e-6 * np.abs(gradient).max())


def test_gradient_is_hermitian(crystal):
    gradients = dynamical_matrix_gradients(crystal, WAVE_VECTORS)
    np.testing.assert_array_equal(gradients, gradients.conj().swapaxes(2, 3))
