"""Frequencies, eigenvectors and velocities on a mesh."""

from dataclasses import replace

import numpy as np
import pytest
from chain import NO_LONG_RANGE_PART, face_centred, harmonic, hexagonal, spring_crystal, triclinic
from numpy.testing import assert_allclose, assert_array_equal

from peierls.dynamical_matrix import dynamical_matrices
from peierls.errors import InputError
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons, degenerate_sets, on_full_grid
from peierls.units import THZ

CRYSTALS = {
    "triclinic": (triclinic(2), [3, 4, 2]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}


@pytest.fixture(params=["silicon", *CRYSTALS])
def case(request):
    """A crystal, its mesh and its phonons."""
    if request.param == "silicon":
        crystal, sizes = request.getfixturevalue("silicon"), [6, 6, 6]
    else:
        crystal, sizes = CRYSTALS[request.param]
    return crystal, *harmonic(crystal, sizes)


def test_eigenvectors_diagonalise_the_dynamical_matrix(case):
    crystal, mesh, phonons = case
    matrices = dynamical_matrices(crystal, mesh.fractional)
    vectors, squares = phonons.eigenvectors, phonons.frequencies**2
    rest = matrices @ vectors - vectors * squares[:, None, :]
    rest[0, :, :3] = 0  # the acoustic modes at Γ, whose frequency is set to zero
    assert np.abs(rest).max() < 1e-10 * squares.max()
    products = vectors.conj().swapaxes(1, 2) @ vectors
    assert_allclose(products, np.broadcast_to(np.eye(phonons.n_bands), products.shape), atol=1e-12)


def test_time_reversal_is_exact(case):
    """Eigenvectors at -q are the conjugates of those at q to the last bit; where -q is q they are real."""
    _, mesh, phonons = case
    opposite = mesh.index(-mesh.coordinates)
    assert_array_equal(phonons.eigenvectors[opposite], phonons.eigenvectors.conj())
    assert_array_equal(phonons.frequencies[opposite], phonons.frequencies)
    own = opposite == np.arange(mesh.n_points)
    assert not phonons.eigenvectors[own].imag.any()


def test_frequencies_of_a_star_are_equal_to_the_last_bit(case):
    _, mesh, phonons = case
    assert_array_equal(phonons.frequencies, phonons.frequencies[mesh.irreducible][mesh.grid_to_irreducible])


def test_the_three_acoustic_modes_at_gamma_are_excluded_by_index(case):
    _, _, phonons = case
    assert_array_equal(phonons.frequencies[0, :3], 0)
    assert (phonons.frequencies[0, 3:] > 0).all()
    assert (phonons.frequencies[1:] > 0).all()
    assert np.abs(phonons.acoustic_at_gamma).max() < 1e-5


def branches(crystal, cartesian_q):
    """Angular frequencies at a Cartesian wave vector, in order."""
    return np.sqrt(
        np.linalg.eigvalsh(dynamical_matrices(crystal, (cartesian_q @ np.linalg.inv(crystal.reciprocal))[None])[0])
    )


def test_velocity_of_a_degenerate_set_is_the_slope_of_its_mean_frequency(case):
    """v̄ = ∂(Σ ω_s / d)/∂q over the members of a set; for a mode that is alone, v = ∂ω/∂q."""
    crystal, mesh, phonons = case
    step = 1e-4
    scale = np.abs(phonons.group_velocities).max()
    for number, point in enumerate(mesh.irreducible):
        if point == 0:
            continue
        q = mesh.fractional[point] @ crystal.reciprocal
        for axis in range(3):
            shift = step * np.eye(3)[axis]
            slopes = (branches(crystal, q + shift) - branches(crystal, q - shift)) / (2 * step)
            sets = phonons.degenerate_sets[point]
            expected = np.array([slopes[sets == first].mean() for first in sets])
            assert_allclose(phonons.group_velocities[number, :, axis], expected, atol=2e-5 * scale)


def test_square_of_velocity_is_that_of_the_branches_that_leave_a_degenerate_point(case):
    """Along a direction u, Σ over a set of the squared slopes is d u·⟨v⊗v⟩·u."""
    crystal, mesh, phonons = case
    direction = np.array([0.36, 0.48, 0.8])
    step = 1e-4
    scale = np.abs(phonons.velocity_squares).max()
    for number, point in enumerate(mesh.irreducible[:6]):
        if point == 0:
            continue
        q = mesh.fractional[point] @ crystal.reciprocal
        slopes = (branches(crystal, q + step * direction) - branches(crystal, q)) / step
        sets = phonons.degenerate_sets[point]
        expected = np.array([(slopes[sets == first] ** 2).mean() for first in sets])
        found = np.einsum("sab,a,b->s", phonons.velocity_squares[number], direction, direction)
        assert_allclose(found, expected, atol=5e-4 * scale)


def test_velocities_have_the_symmetry_of_their_wave_vector(case):
    """v and ⟨v⊗v⟩ do not change under an operation that leaves q where it is."""
    _, mesh, phonons = case
    rotated = mesh.rotated()
    velocities, squares = phonons.group_velocities, phonons.velocity_squares
    for number, point in enumerate(mesh.irreducible):
        for rotation in mesh.cartesian_rotations[rotated[:, point] == point]:
            assert_allclose(velocities[number] @ rotation.T, velocities[number], atol=1e-8 * np.abs(velocities).max())
            turned = np.einsum("ac,scd,bd->sab", rotation, squares[number], rotation)
            assert_allclose(turned, squares[number], atol=1e-8 * np.abs(squares).max())


def test_velocities_on_the_full_grid_are_those_of_the_grid_points(case):
    """The rotations of the stars give what a mesh without symmetry gives point by point."""
    crystal, mesh, phonons = case
    without = compute_phonons(crystal, unreduced(mesh), NO_LONG_RANGE_PART)
    scale = np.abs(without.group_velocities).max()
    assert_allclose(on_full_grid(phonons.group_velocities, mesh), without.group_velocities, atol=1e-8 * scale)


def unreduced(mesh):
    """The same grid with every point its own star."""
    everything = np.arange(mesh.n_points)
    return replace(
        mesh,
        rotations=mesh.rotations[:1],
        cartesian_rotations=mesh.cartesian_rotations[:1],
        irreducible=everything,
        weights=np.ones_like(everything),
        grid_to_irreducible=everything,
        grid_rotation=np.zeros_like(everything),
    )


def test_the_velocity_operator_is_hermitian_and_holds_the_velocities(case):
    _, mesh, phonons = case
    operator = phonons.velocity_operator
    assert_allclose(operator, operator.conj().swapaxes(2, 3), atol=1e-9 * np.abs(operator).max())
    diagonal = np.einsum("qass->qsa", operator).real
    alone = np.array(
        [[np.sum(row == first) == 1 for first in row] for row in phonons.degenerate_sets[mesh.irreducible]]
    )
    assert_allclose(phonons.group_velocities[alone], diagonal[alone], atol=1e-12 * np.abs(operator).max())


def test_the_trace_of_the_squared_velocity_is_not_negative(case):
    """|v|² = Tr⟨v⊗v⟩, of which a square root is taken, also where the velocity is zero but for rounding."""
    _, _, phonons = case
    assert np.einsum("qsaa->qs", phonons.velocity_squares).min() >= 0


def test_bands_within_the_tolerance_of_a_neighbour_are_one_set():
    rows = THZ * np.array([[1.0, 1.00005, 1.0001, 2.0, 2.001, 3.0]])
    assert_array_equal(degenerate_sets(rows), [[0, 0, 0, 3, 4, 5]])


def test_imaginary_modes_are_refused_in_one_sentence():
    crystal = spring_crystal(3.0 * np.eye(3), [[0, 0, 0]], ["Si"], [28.0], reach=3.5)
    unstable = replace(crystal, fc2=-crystal.fc2)
    with pytest.raises(
        InputError, match=r"^phonons: 21 imaginary modes at 7 of 8 wave vectors, the worst \d"
    ) as refusal:
        harmonic(unstable, [2, 2, 2])
    assert "\n" not in str(refusal.value)
    assert "q = [0.5, 0.5, 0.5]" in str(refusal.value)


def test_acoustic_modes_at_gamma_need_not_be_real():
    """A violated sum rule makes them imaginary; they are set to zero and what they were is kept, with its sign."""
    crystal = face_centred()
    home = np.flatnonzero(~crystal.fc2_vectors.any(axis=1))[0]
    fc2 = crystal.fc2.copy()
    fc2[home, 0, 0] -= 0.01 * np.eye(3) * fc2[home, 0, 0, 0, 0]
    _, phonons = harmonic(replace(crystal, fc2=fc2), [3, 3, 3])
    expected = -np.sqrt(0.01 * crystal.fc2[home, 0, 0, 0, 0] / crystal.masses[0]) / THZ
    assert_allclose(phonons.acoustic_at_gamma, expected)
    assert_array_equal(phonons.frequencies[0], 0)


def test_the_asymmetry_of_the_force_constants_is_measured():
    """Force constants whose second axis is stiffer than the first: frequencies of a star that differ, made equal."""
    crystal = face_centred()
    broken = replace(crystal, fc2=crystal.fc2 * np.array([1.0, 1.02, 1.0])[:, None] * np.array([1.0, 1.02, 1.0]))
    mesh = build_mesh(crystal, [4, 4, 4])
    assert compute_phonons(crystal, mesh, NO_LONG_RANGE_PART).asymmetry < 1e-10
    independent = np.sqrt(np.linalg.eigvalsh(dynamical_matrices(broken, mesh.fractional)).clip(0))
    independent[0] = 0
    equal = independent[mesh.irreducible][mesh.grid_to_irreducible]
    found = compute_phonons(broken, mesh, NO_LONG_RANGE_PART).asymmetry
    assert found == pytest.approx(np.abs(independent - equal).max() / THZ, rel=1e-6)
    assert found > 0.01


def test_an_unstable_optical_mode_at_gamma_is_not_taken_for_acoustic(silicon):
    """A spring of negative stiffness between the two sublattices softens the optical modes below the translations."""
    fc2 = silicon.fc2.copy()
    (home,) = np.flatnonzero(~silicon.fc2_vectors.any(axis=1))
    stiffness = 1.2 * silicon.masses[0] / 4 * (2 * np.pi * 15.3) ** 2 * np.eye(3)
    for i, j, sign in ((0, 0, -1), (1, 1, -1), (0, 1, 1), (1, 0, 1)):
        fc2[home, i, j] += sign * 2 * stiffness
    with pytest.raises(InputError, match=r"lowest modes at Gamma, from -.* are not the translations"):
        harmonic(replace(silicon, fc2=fc2), [4, 4, 4])
