"""Spectra over frequency, and the density of states."""

import numpy as np
import pytest
from chain import NO_LONG_RANGE_PART, face_centred, harmonic, integration, triclinic
from less_symmetry import without_symmetry
from numpy.testing import assert_allclose

from peierls import spectral
from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.mesh import build_mesh
from peierls.parts import counts_on_atoms, weights_on_atoms
from peierls.phonons import compute_phonons
from peierls.spectral import Spread, density_of_states, spread_over_frequency
from peierls.units import THZ


@pytest.fixture(params=["silicon", "triclinic", "rock salt"])
def case(request):
    if request.param == "silicon":
        crystal, sizes = request.getfixturevalue("silicon"), [8, 8, 8]
    else:
        cases = {"triclinic": (triclinic(2), [6, 6, 6]), "rock salt": (face_centred((28.0, 12.0)), [8, 8, 8])}
        crystal, sizes = cases[request.param]
    return crystal, *harmonic(crystal, sizes)


METHODS = {
    "tetrahedron": integration(method="tetrahedron"),
    "gaussian": integration(method="gaussian", sigma=0.3),
    **{kind: integration(method="adaptive", kind=kind) for kind in ("invariant", "shengbte", "fourphonon", "tdep")},
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [2, 5])
def test_each_mode_is_spread_in_shares_that_add_up_to_one(silicon, method, size):
    """On any mesh, with bins of any width, also for modes without a width."""
    mesh, phonons = harmonic(silicon, 3 * [size])
    for n_points in (7, 400):
        shares = spread_over_frequency(mesh, phonons, METHODS[method], n_points).shares
        assert shares.min() >= 0
        assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_moments_of_the_spectrum_are_those_of_the_modes(case, method):
    """∫ g ω dω = Σ ω for tetrahedra, whose corners share a linear function equally; a Gaussian is symmetric, unless it
    is cut at zero. Bins of 0.01 THz."""
    _, mesh, phonons = case
    spread = spread_over_frequency(mesh, phonons, METHODS[method], 2001)
    frequencies = phonons.frequencies[mesh.irreducible]
    mean = np.average(frequencies.mean(axis=1), weights=mesh.weights)
    counts = np.broadcast_to(mesh.weights[:, None] / mesh.n_points, frequencies.shape)
    density = spread.spectrum(counts)
    found = np.trapezoid(density * spread.axis, spread.axis / THZ) / phonons.n_bands
    assert found == pytest.approx(mean, rel=3e-3)


def test_cut_gaussian_of_one_mode():
    """One mode at 3 THz, σ = 0.5 THz: the Gaussian at the points of a fine axis, nothing beyond two widths."""
    axis = np.linspace(0, 6 * THZ, 1201)
    shares = spectral._gaussian_shares(axis, np.array([3 * THZ]), np.array([0.5 * THZ]), 2.0)
    density = Spread(axis, shares).spectrum(np.ones((1, 1)))
    x = (axis / THZ - 3) / 0.5
    expected = np.exp(-0.5 * x**2) / (0.5 * np.sqrt(2 * np.pi)) / 0.954499736
    inside, outside = abs(x) < 1.99, abs(x) > 2.02
    assert_allclose(density[inside], expected[inside], rtol=1e-4)
    assert (density[outside] == 0).all()


def test_modes_below_the_axis_are_folded_into_it():
    """A mode of frequency zero has all its weight above zero, and one without a width all of it in one bin."""
    axis = np.linspace(0, 1, 11)
    shares = spectral._gaussian_shares(axis, np.array([0.0, 0.41]), np.array([0.1, 0.0]), 4.0)
    assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(shares.toarray()[1], np.eye(11)[4], atol=1e-12)


@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 5, 5]])
def test_atoms_do_not_depend_on_the_symmetry_in_use(silicon, sizes):
    """A rotation of the crystal may exchange atoms: against a mesh on which every point stands for itself."""
    reduced = build_mesh(silicon, sizes)
    bare = without_symmetry(reduced)
    spectra = []
    for mesh in (reduced, bare):
        phonons = compute_phonons(silicon, mesh, NO_LONG_RANGE_PART)
        counts = counts_on_atoms(mesh, weights_on_atoms(silicon, phonons))
        spectra.append(spread_over_frequency(mesh, phonons, METHODS["gaussian"], 200).spectrum(counts))
    assert_allclose(spectra[0], spectra[1], atol=1e-10 * spectra[0].max())


def test_integral_is_the_number_of_branches(case):
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert np.trapezoid(dos.total, dos.frequency) == pytest.approx(crystal.n_bands, rel=1e-12)


def test_each_atom_has_three_branches(case):
    """Eigenvectors are complete: the parts of an atom add up to its three directions."""
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert_allclose(np.trapezoid(dos.per_atom, dos.frequency, axis=1), 3, rtol=1e-12)
    assert_allclose(dos.per_atom.sum(axis=0), dos.total, rtol=1e-12)
    assert dos.species == crystal.species
    assert (dos.per_atom >= 0).all()


def test_equivalent_atoms_have_equal_parts(silicon):
    """The two atoms of silicon are images of each other by inversion, whatever basis a degenerate set is given in."""
    dos = density_of_states(silicon, *harmonic(silicon, [6, 6, 6]))
    assert_allclose(dos.per_atom[0], dos.per_atom[1], atol=1e-9 * dos.total.max())


def test_second_moment_of_an_atom_is_its_own_stiffness(case):
    """∫ g_i ω² dω = Tr Φ_ii(R = 0)/m_i, as of an oscillator in a lattice at rest.

    Frequencies and |ε_i|² are interpolated linearly between the points of these coarse meshes: within 0.5 %, measured.
    """
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    home = np.flatnonzero(~crystal.fc2_vectors.any(axis=1))[0]
    expected = np.einsum("iiaa->i", crystal.fc2[home]) / crystal.masses
    found = np.trapezoid(dos.per_atom * (dos.frequency * THZ) ** 2, dos.frequency, axis=1)
    assert_allclose(found, expected, rtol=0.006)


def test_mean_over_a_bin_term_by_term():
    """Against the weights at single energies of every mode of the mesh, with no use of symmetry, integrated over the
    bin."""
    crystal = triclinic(1)
    mesh, phonons = harmonic(crystal, [3, 3, 3])
    dos = density_of_states(crystal, mesh, phonons)
    corners, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
    ahead = mesh.index(mesh.coordinates[:, None] + corners)
    step = (dos.frequency[1] - dos.frequency[0]) * THZ
    nodes, weights = np.polynomial.legendre.leggauss(12)
    for number in (100, 250, 390):
        total = 0.0
        for q, s in np.ndindex(mesh.n_points, 3):
            values = phonons.frequencies[ahead[q], s]
            energies = dos.frequency[number] * THZ + nodes * step / 2
            total += sum(
                w / 2 * tetrahedron_weight(e, values, tetrahedra) for e, w in zip(energies, weights, strict=True)
            )
        assert dos.total[number] == pytest.approx(total * THZ / mesh.n_points, rel=1e-3)


def test_axis_goes_from_zero_to_beyond_the_highest_frequency(case):
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert dos.frequency[0] == 0
    assert dos.frequency[-1] > phonons.frequencies.max() / THZ
    assert dos.total[-1] == 0
