"""One subspace for all strengths of a diagonal scattering, against a solution of each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from peierls.solvers.shifted_systems import solve_shifted

STRENGTHS = np.array([0.0, 1e-2, 1.0, 1e2, 1e4])
SIZE = 150


def systems(seed, least=0.1):
    """Three symmetric matrices with eigenvalues from `least` relative to a diagonal of five decades; D; sources."""
    generator = np.random.default_rng(seed)
    matrices, diagonals = [], []
    for _ in range(3):
        turned = np.linalg.qr(generator.normal(size=(SIZE, SIZE)))[0]
        values = np.concatenate([[least], generator.uniform(0.3, 1.8, SIZE - 1)])
        roots = np.sqrt(10 ** generator.uniform(-3, 2, SIZE))
        matrices.append(roots[:, None] * (turned * values @ turned.T) * roots)
        diagonals.append(np.diag(matrices[-1]))
    shift = generator.uniform(0.0, 3.0, (3, SIZE)) * (generator.uniform(size=(3, SIZE)) > 0.1)
    return np.array(matrices), np.array(diagonals), shift, generator.normal(size=(3, SIZE))


def applied(matrices):
    return lambda vector: np.einsum("sij,sj->si", matrices, vector)


# Each example is three systems of random numbers solved at five strengths; nothing is found by trying hundreds.
@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_every_strength_is_solved(seed):
    matrices, diagonal, shift, source = systems(seed)
    space, residuals = solve_shifted(applied(matrices), diagonal, shift, source, STRENGTHS, 1e-7, SIZE)
    assert (residuals < 1e-7).all()
    for strength in STRENGTHS:
        whole = matrices + strength * np.einsum("si,ij->sij", shift, np.eye(SIZE))
        expected = np.linalg.solve(whole, source[..., None])[..., 0]
        found = space.solve(strength)
        scale = np.sqrt(np.einsum("si,sij,sj->s", expected, whole, expected))
        error = found.solution - expected
        assert (np.sqrt(np.einsum("si,sij,sj->s", error, whole, error)) < 1e-6 * scale).all()


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_what_is_left_of_the_source_is_what_it_says(seed):
    """Also where nothing has converged: the remainder is b - (Ω + σ D) ψ, orthogonal to the subspace."""
    matrices, diagonal, shift, source = systems(seed)
    space, residuals = solve_shifted(applied(matrices), diagonal, shift, source, STRENGTHS, 1e-9, 5)
    assert space.vectors.shape == (3, 5, SIZE)
    for strength, left in zip(STRENGTHS, residuals, strict=True):
        found = space.solve(strength)
        remainder = source - applied(matrices)(found.solution) - strength * shift * found.solution
        norms = [(one**2 / (diagonal + strength * shift)).sum(axis=1) for one in (remainder, source)]
        assert_allclose(left, np.sqrt(norms[0] / norms[1]), rtol=1e-6)
        scale = np.linalg.norm(space.vectors, axis=2) * np.linalg.norm(source, axis=1)[:, None]
        overlaps = (space.vectors @ remainder[..., None])[..., 0]
        assert (np.abs(overlaps) < 1e-9 * scale * max(1.0, strength)).all()


def test_an_operator_that_is_not_quite_symmetric_is_solved_too():
    """As that of force constants which break the space group they are said to have."""
    matrices, diagonal, shift, source = systems(4)
    crooked = np.random.default_rng(4).normal(size=matrices.shape) / np.sqrt(SIZE)
    roots = np.sqrt(diagonal)
    crooked = 0.05 * roots[:, :, None] * (crooked - crooked.transpose(0, 2, 1)) * roots[:, None]
    matrices = matrices + crooked
    space, residuals = solve_shifted(applied(matrices), diagonal, shift, source, STRENGTHS, 1e-7, 60)
    assert (residuals < 1e-7).all()
    expected = np.linalg.solve(matrices, source[..., None])[..., 0]
    error = np.einsum(
        "si,si->s", expected - space.solve(0.0).solution, diagonal * (expected - space.solve(0.0).solution)
    )
    assert (np.sqrt(error) < 1e-5 * np.sqrt(np.einsum("si,si->s", expected, diagonal * expected))).all()


def test_a_negative_eigenvalue_is_found_where_the_shift_does_not_lift_it():
    matrices, diagonal, shift, source = systems(2, least=-0.2)
    assert np.linalg.eigvalsh(matrices).min() < 0
    shift = np.maximum(shift, 0.5)
    _, residuals = solve_shifted(applied(matrices), diagonal, shift, source, STRENGTHS, 1e-7, SIZE)
    assert np.isinf(residuals[0]).all()
    assert (residuals[-2:] < 1e-7).all()


@pytest.mark.parametrize("idle", [0, 1])
def test_a_system_without_a_source_or_with_its_solution_stays_at_rest(idle):
    """One that has nothing to solve does not disturb the others."""
    matrices, diagonal, shift, source = systems(3)
    source[idle] = 0.0
    space, residuals = solve_shifted(applied(matrices), diagonal, shift, source, STRENGTHS, 1e-7, SIZE)
    assert (residuals < 1e-7).all()
    assert not space.solve(1.0).solution[idle].any()
