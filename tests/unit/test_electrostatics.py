"""Dipoles on a lattice: Ewald's sum, the limit at Γ, and force constants that hold the interaction already.

The crystals here are springs between charged atoms (`chain`).
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from chain import harmonic, hexagonal, long_range, polar_hexagonal, polar_rock_salt, polar_triclinic, supercell_of
from numpy.testing import assert_allclose
from scipy.special import erfc

from peierls import commensurate, stage_files
from peierls.band_structure import compute_band_structure
from peierls.crystal import Crystal
from peierls.dynamical_matrix import dynamical_matrices, dynamical_matrix_gradients
from peierls.electrostatics import Dipoles, separate
from peierls.errors import InputError
from peierls.symmetry import point_group
from peierls.units import COULOMB

WAVE_VECTORS = np.random.default_rng(7).uniform(-1, 1, (5, 3))
ZERO = np.zeros(3)


CRYSTALS = {"triclinic": polar_triclinic(), "rock salt": polar_rock_salt(), "hexagonal": polar_hexagonal()}


@pytest.fixture(params=["separate", "gonze-lee", "wang"])
def model(request):
    """A triclinic crystal and a long-range part of each kind."""
    if request.param == "separate":
        return separate(polar_triclinic(), long_range())
    skew = np.array([[3, 1, 0], [0, 3, -1], [0, 0, 3]])
    return separate(supercell_of(polar_triclinic(), skew), long_range(method=request.param))


def direct_half(dipoles: Dipoles, crystal: Crystal, q: np.ndarray, range_parameter: float) -> np.ndarray:
    """The real-space half of Ewald's sum, -Z*ᵀ ∇∇ [erfc(Λd)/(d √det ε)] Z* with d² = x ε⁻¹ x, summed at q (atom, atom,
    3, 3)."""
    inverse = np.linalg.inv(crystal.dielectric)
    cells = np.array(list(product(range(-7, 8), repeat=3)))
    total = np.zeros((2, 2, 3, 3), dtype=complex)
    for i, j in product(range(2), repeat=2):
        x = (cells + crystal.positions[j] - crystal.positions[i]) @ crystal.lattice
        d = np.sqrt(np.einsum("ra,ab,rb->r", x, inverse, x))
        x, phases, d = x[d > 0], np.exp(2j * np.pi * cells @ q)[d > 0], d[d > 0]
        y = x @ inverse
        gauss = 2 * range_parameter / np.sqrt(np.pi) * np.exp(-((range_parameter * d) ** 2))
        first = -erfc(range_parameter * d) / d**2 - gauss / d
        second = 2 * erfc(range_parameter * d) / d**3 + 2 * gauss / d**2 + 2 * range_parameter**2 * gauss
        outer = y[:, :, None] * y[:, None, :]
        hessian = (second / d**2 - first / d**3)[:, None, None] * outer + (first / d)[:, None, None] * inverse
        field = -np.einsum("r,rab->ab", phases, hessian) * COULOMB / np.sqrt(np.linalg.det(crystal.dielectric))
        total[i, j] = crystal.born_charges[i].T @ field @ crystal.born_charges[j]
    return total


def test_both_halves_of_ewalds_sum_do_not_depend_on_where_they_are_divided():
    """Reciprocal half of this package plus the real-space half, for three Λ. The self-interaction is that of an atom
    with its own screening charge, the same at every q: the translation of the crystal fixes it."""
    crystal = polar_triclinic()
    results = []
    for parameter in (0.8, 1.0, 1.3):
        _, ewald = separate(replace(crystal, ewald_parameter=parameter), long_range())
        dipoles = Dipoles.of(crystal, "auto")
        points = [*WAVE_VECTORS[:3], ZERO]
        direct = np.array([direct_half(dipoles, crystal, q, parameter) for q in points])
        direct[:, [0, 1], [0, 1]] -= direct[-1].sum(axis=1)
        results.append(ewald.force_constants(np.array(points)) + direct)
    scale = np.abs(results[0]).max()
    assert_allclose(results[1], results[0], atol=1e-10 * scale)
    assert_allclose(results[2], results[0], atol=1e-10 * scale)


def test_madelung_limit_of_point_charges():
    """Rock salt of unit charges in vacuum: the trace of the dipoles' matrix at q → 0 is 4πe²Z²/V per atom along q̂ and
    zero without (Laplace), whatever the on-site terms: the field of a charge has no divergence elsewhere."""
    crystal = replace(polar_rock_salt(), dielectric=np.eye(3), ewald_parameter=2.0)
    _, ewald = separate(crystal, long_range())
    along = ewald.towards(np.array([1.0, 2.0, -0.5])).force_constants(ZERO[None])[0]
    without = ewald.force_constants(ZERO[None])[0]
    splitting = 4 * np.pi * COULOMB / crystal.volume
    assert np.trace((along - without)[0, 0]).real == pytest.approx(splitting)
    assert np.trace((along - without)[0, 1]).real == pytest.approx(-splitting)


@pytest.mark.parametrize("parameter", [None, 1.0, 1.2])
def test_a_supercell_is_enough_for_every_wave_vector(parameter):
    """From force constants known up to the period of 64 cells, the frequencies of the infinite crystal.

    With Gonze and Lee's method to 1e-8 for any Λ that leaves nothing beyond the supercell; the interpolation of the
    non-analytic term alone (Wang) is off by 0.2 %.
    """
    infinite = polar_triclinic()
    expected = np.linalg.eigvalsh(dynamical_matrices(*_arguments(separate(infinite, long_range()), WAVE_VECTORS)))
    finite = supercell_of(infinite, 4 * np.eye(3, dtype=int))
    deviations = []
    for nac in (long_range(**{"lambda": parameter}), long_range(method="wang"), long_range(method="none")):
        found = np.linalg.eigvalsh(dynamical_matrices(*_arguments(separate(finite, nac), WAVE_VECTORS)))
        deviations.append(np.abs(found - expected).max() / expected.max())
    gonze_lee, wang, none = deviations
    assert gonze_lee < 1e-8
    assert 1e-3 < wang < 5e-3 < none


@pytest.mark.parametrize("method", ["gonze-lee", "wang"])
def test_wave_vectors_of_the_supercell_keep_their_matrix(method):
    """There, the force constants hold the interaction exactly, and nothing may be added: at Γ without a limit, too."""
    for infinite, period in (
        (polar_rock_salt(), np.array([[-2, 2, 2], [2, -2, 2], [2, 2, -2]])),
        (polar_triclinic(), np.array([[2, 1, 0], [0, 2, -1], [1, 0, 2]])),
    ):
        crystal = supercell_of(infinite, period)
        points = commensurate.wave_vectors(period) + np.array([1, 0, -2])
        expected = dynamical_matrices(crystal, points)
        found = dynamical_matrices(*_arguments(separate(crystal, long_range(method=method)), points))
        assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max())
        between = dynamical_matrices(*_arguments(separate(crystal, long_range(method=method)), points[1:] / 3))
        assert np.abs(between - dynamical_matrices(crystal, points[1:] / 3)).max() > 1e-3 * np.abs(expected).max()


def _arguments(model, points):
    return model[0], points, model[1]


def test_hermitian_and_periodic_and_symmetric_under_time_reversal(model):
    matrices = dynamical_matrices(*_arguments(model, WAVE_VECTORS))
    scale = np.abs(matrices).max()
    constants = model[1].force_constants(WAVE_VECTORS)
    assert_allclose(constants, constants.transpose(0, 2, 1, 4, 3).conj(), atol=1e-12 * np.abs(constants).max())
    shifts = np.array([[1, 0, 0], [0, -2, 1], [3, 1, -1], [0, 0, 1], [1, 1, 1]])
    assert_allclose(dynamical_matrices(*_arguments(model, WAVE_VECTORS + shifts)), matrices, atol=1e-12 * scale)
    assert_allclose(dynamical_matrices(*_arguments(model, -WAVE_VECTORS)), matrices.conj(), atol=1e-13 * scale)
    zone_boundary = np.array([[0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0.5, 0.5]])
    assert np.abs(dynamical_matrices(*_arguments(model, zone_boundary)).imag).max() < 1e-13 * scale


def test_translation_costs_nothing(model):
    """The acoustic sum rule at Γ, with and without a direction."""
    crystal, dipoles = model
    for direction in (ZERO, np.array([0.3, -1.0, 2.0])):
        constants = dipoles.towards(direction).force_constants(ZERO[None])[0]
        assert_allclose(constants.sum(axis=1), 0, atol=1e-12 * np.abs(constants).max())
        squares = np.linalg.eigvalsh(dynamical_matrices(crystal, ZERO[None], dipoles.towards(direction)))[0]
        assert np.abs(squares[:3]).max() < 1e-11 * squares[-1]


def test_the_limit_at_gamma_is_that_of_small_wave_vectors(model):
    crystal, dipoles = model
    for direction in np.array([[1.0, 0, 0], [0.3, -1.0, 2.0]]):
        near = 1e-5 * direction @ np.linalg.inv(crystal.reciprocal)
        found = dynamical_matrices(crystal, ZERO[None], dipoles.towards(direction))
        expected = dynamical_matrices(crystal, near[None], dipoles)
        assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())
        assert np.abs(dynamical_matrices(crystal, ZERO[None], dipoles) - expected).max() > 0.01 * np.abs(expected).max()


def test_splitting_at_gamma(model):
    """D(q̂) - D = (4π e²/V) (q̂ Z*_i)(q̂ Z*_j)/(q̂ ε q̂)/√(m_i m_j), element by element, of any length of q̂."""
    crystal, dipoles = model
    direction = np.array([0.3, -1.0, 2.0])
    difference = dynamical_matrices(crystal, ZERO[None], dipoles.towards(direction))[0]
    difference -= dynamical_matrices(crystal, ZERO[None], dipoles.towards(ZERO))[0]
    dipole = np.concatenate([direction @ crystal.born_charges[i] / np.sqrt(crystal.masses[i]) for i in range(2)])
    screening = direction @ crystal.dielectric @ direction
    expected = 4 * np.pi * COULOMB / crystal.volume * np.outer(dipole, dipole) / screening
    assert_allclose(difference, expected, atol=1e-12 * np.abs(expected).max())


def test_longitudinal_and_transverse_frequencies_of_rock_salt():
    """ω_LO² - ω_TO² = 4π e² Z²/(V ε μ) along every direction, on the mesh and on the path of the bands."""
    crystal = polar_rock_salt()
    reduced_mass = 1 / (1 / crystal.masses).sum()
    expected = 4 * np.pi * COULOMB / (crystal.volume * 2.5 * reduced_mass)
    for direction in ([1, 0, 0], [1, 1, 1], [0.2, -3.0, 1.0]):
        _, phonons = harmonic(crystal, [2, 2, 2], long_range(direction=direction))
        transverse, other, longitudinal = phonons.frequencies[0, 3:] ** 2
        assert transverse == pytest.approx(other)
        assert longitudinal - transverse == pytest.approx(expected)
        assert "limit at Gamma along" in phonons.long_range
    _, phonons = harmonic(crystal, [2, 2, 2], long_range())
    assert_allclose(phonons.frequencies[0, 3:] ** 2, transverse)
    assert phonons.long_range.endswith("no non-analytic term at Gamma")


def test_bands_reach_gamma_along_their_own_direction():
    """In a hexagonal crystal the longitudinal frequency along c is not the one in the plane."""
    crystal = polar_hexagonal()
    bands = compute_band_structure(crystal, long_range())
    seen = set()
    for number in np.unique(bands.segment):
        piece = np.flatnonzero(bands.segment == number)
        for end, next_to_it in ((piece[0], piece[1]), (piece[-1], piece[-2])):
            if not bands.qpoint[end].any():
                seen.add(round(bands.frequency[end].max(), 3))
                assert np.abs(bands.frequency[end] - bands.frequency[next_to_it])[3:].max() < 0.02
    assert len(seen) > 1


@pytest.mark.parametrize("method", ["separate", "gonze-lee", "wang"])
@pytest.mark.parametrize("name", ["rock salt", "hexagonal"])
def test_all_wave_vectors_of_a_star_have_the_same_frequencies(name, method):
    infinite = CRYSTALS[name]
    crystal = (
        infinite
        if method == "separate"
        else supercell_of(infinite, np.diag([3, 3, 2] if name != "rock salt" else [3, 3, 3]))
    )
    model = separate(crystal, long_range(method="auto" if method == "separate" else method))
    rotations = point_group(crystal).rotations
    # A general point, and points on the boundary of the zone, where a wave vector has several shortest images.
    for q in (WAVE_VECTORS[0], np.array([0.5, 0.5, 0.1]), np.array([0.5, 0.25, 0.75]), np.array([1 / 3, 1 / 3, 0.2])):
        squares = np.linalg.eigvalsh(dynamical_matrices(*_arguments(model, rotations @ q)))
        assert_allclose(squares, np.broadcast_to(squares[0], squares.shape), atol=1e-11 * squares.max())


def test_gradients_are_those_of_the_smooth_gauge(model):
    """∂D/∂q of exp(-i q·r_i) D_ij exp(i q·r_j) by central differences, brought back to the lattice-vector gauge."""
    crystal, dipoles = model
    step = 1e-4

    def smooth(q):
        phases = np.exp(2j * np.pi * q @ crystal.positions.T).repeat(3)
        return phases.conj()[:, None] * dynamical_matrices(crystal, q[None], dipoles)[0] * phases, phases

    for q in (*WAVE_VECTORS[:3], np.array([0.01, 0.02, -0.005])):
        _, phases = smooth(q)
        gradient = dynamical_matrix_gradients(crystal, q[None], dipoles)[0]
        assert_allclose(gradient, gradient.conj().swapaxes(1, 2), atol=1e-12 * np.abs(gradient).max())
        for axis in range(3):
            shift = step * np.linalg.inv(crystal.reciprocal)[axis]
            difference = (smooth(q + shift)[0] - smooth(q - shift)[0]) / (2 * step)
            expected = phases[:, None] * difference * phases.conj()
            assert_allclose(gradient[axis], expected, atol=2e-5 * np.abs(gradient).max())


def test_gradients_at_gamma_are_those_of_the_part_without_direction(model):
    """The slope across Γ of D less its limit: the mean of the slopes to both sides is imaginary and finite."""
    crystal, dipoles = model
    gradient = dynamical_matrix_gradients(crystal, ZERO[None], dipoles)[0]
    assert_allclose(
        dynamical_matrix_gradients(crystal, ZERO[None], dipoles.towards(np.array([1.0, 0, 0])))[0], gradient
    )
    assert np.isfinite(gradient).all()
    assert np.abs(gradient.real).max() < 1e-11 * np.abs(gradient).max()


def test_many_wave_vectors_are_the_same_as_one_by_one(model, monkeypatch):
    points = np.random.default_rng(1).uniform(-1, 1, (23, 3))
    together, slopes = model[1].force_constants(points), model[1].gradients(points)
    monkeypatch.setattr("peierls.electrostatics._BATCH_NUMBERS", 1)
    scale = np.abs(together).max()
    assert_allclose(model[1].force_constants(points), together, atol=1e-14 * scale)
    assert_allclose(model[1].gradients(points), slopes, atol=1e-13 * np.abs(slopes).max())
    assert dynamical_matrices(*_arguments(model, points[:0])).shape == (0, 6, 6)
    assert dynamical_matrix_gradients(*_arguments(model, points[:0])).shape == (0, 3, 6, 6)


def test_noise_of_the_charges_is_averaged_out():
    """Charges that break symmetry and neutrality by a hundredth: none of it in the frequencies of a star or at Γ."""
    crystal = polar_rock_salt()
    noise = np.random.default_rng(2).normal(0, 0.01, (2, 3, 3))
    noisy = replace(crystal, born_charges=crystal.born_charges + noise, dielectric=crystal.dielectric + noise[0])
    dipoles = Dipoles.of(noisy, "auto")
    assert_allclose(dipoles.charges.sum(axis=0), 0, atol=1e-15)
    assert_allclose(dipoles.charges[0], dipoles.charges[0, 0, 0] * np.eye(3), atol=1e-15)
    assert_allclose(dipoles.dielectric, dipoles.dielectric[0, 0] * np.eye(3), atol=1e-15)
    _, phonons = harmonic(noisy, [4, 4, 4], long_range())
    assert phonons.asymmetry < 1e-9
    assert np.abs(phonons.acoustic_at_gamma).max() < 1e-4


def test_velocities_are_the_slopes_of_the_bands():
    crystal = polar_rock_salt()
    mesh, phonons = harmonic(crystal, [5, 5, 5], long_range())
    model = separate(crystal, long_range())
    step = 1e-4
    point = 7
    q = mesh.fractional[mesh.irreducible[point]]
    shifts = step * np.linalg.inv(crystal.reciprocal)
    squares = np.linalg.eigvalsh(dynamical_matrices(*_arguments(model, np.concatenate([q + shifts, q - shifts]))))
    slopes = ((np.sqrt(squares[:3]) - np.sqrt(squares[3:])) / (2 * step)).T
    alone = np.bincount(phonons.degenerate_sets[mesh.irreducible[point]], minlength=6) == 1
    assert alone.sum() >= 2
    assert_allclose(phonons.group_velocities[point][alone], slopes[alone], atol=1e-5 * np.abs(slopes).max())


def test_without_charges_or_on_request_nothing_is_added():
    for crystal, nac in ((hexagonal(), long_range()), (polar_rock_salt(), long_range(method="none"))):
        short_ranged, dipoles = separate(crystal, nac)
        assert short_ranged is crystal
        assert dipoles is None


@pytest.mark.parametrize(
    ("changes", "nac", "sentence"),
    [
        ({"born_charges": None}, {"method": "gonze-lee"}, "nac.method: 'gonze-lee' needs Born charges"),
        ({"dielectric": None}, {}, "nac.method: 'auto' needs Born charges and a dielectric tensor"),
        ({}, {"method": "wang"}, "nac.method: 'wang' is for force constants that hold the long-range part"),
        (
            {},
            {"lambda": 0.9},
            "nac.lambda: is 0.9 1/Å, but the force constants leave out an Ewald sum at their own",
        ),
        ({}, {"direction": [0, 0, 0]}, "nac.direction: is [0, 0, 0], expected a direction or none"),
        ({"ewald_parameter": None}, {}, "nac.method: 'auto' needs the supercell of the second-order force constants"),
        ({"ewald_parameter": 1e3}, {}, "nac.lambda: an Ewald sum at 1000 1/Å has"),
        ({"dielectric": -np.eye(3)}, {}, "crystal: its dielectric tensor is not positive definite"),
        (
            {"born_charges": np.stack([np.diag([1.0, 1.0, 2.0]), -np.eye(3)])},
            {},
            "crystal: Born charges break its symmetry or neutrality by",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_sentence(changes, nac, sentence):
    with pytest.raises(InputError) as refusal:
        separate(replace(polar_rock_salt(), **changes), long_range(**nac))
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_what_electrostatics_needs_survives_a_stage_file(tmp_path):
    for crystal in (polar_rock_salt(), supercell_of(polar_rock_salt(), 2 * np.eye(3, dtype=int))):
        stage_files.write(tmp_path / "crystal.h5", crystal)
        found = stage_files.read(tmp_path / "crystal.h5", Crystal)
        assert found.ewald_parameter == crystal.ewald_parameter
        np.testing.assert_array_equal(found.fc2_supercell, crystal.fc2_supercell)
        before, after = (
            dynamical_matrices(*_arguments(separate(one, long_range()), WAVE_VECTORS)) for one in (crystal, found)
        )
        np.testing.assert_array_equal(before, after)
