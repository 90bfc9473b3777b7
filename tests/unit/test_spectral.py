"""The density of states."""

import numpy as np
import pytest
from chain import face_centred, harmonic, triclinic
from numpy.testing import assert_allclose

from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.spectral import density_of_states
from peierls.units import THZ


@pytest.fixture(params=["silicon", "triclinic", "rock salt"])
def case(request):
    if request.param == "silicon":
        crystal, sizes = request.getfixturevalue("silicon"), [8, 8, 8]
    else:
        cases = {"triclinic": (triclinic(2), [6, 6, 6]), "rock salt": (face_centred((28.0, 12.0)), [8, 8, 8])}
        crystal, sizes = cases[request.param]
    return crystal, *harmonic(crystal, sizes)


SAMPLING = 0.002
"""Relative error of an integral over the spectrum: a tetrahedron narrower than the step of the axis is met or missed.
Measured here: up to 0.1 %."""


def test_integral_is_the_number_of_branches(case):
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert np.trapezoid(dos.total, dos.frequency) == pytest.approx(crystal.n_bands, rel=SAMPLING)


def test_each_atom_has_three_branches(case):
    """Eigenvectors are complete: the parts of an atom add up to its three directions."""
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert_allclose(np.trapezoid(dos.per_atom, dos.frequency, axis=1), 3, rtol=SAMPLING)
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


def test_sum_over_modes_term_by_term():
    crystal = triclinic(1)
    mesh, phonons = harmonic(crystal, [3, 3, 3])
    dos = density_of_states(crystal, mesh, phonons)
    corners, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
    for number in (100, 250, 390):
        energy, total = dos.frequency[number] * THZ, 0.0
        for q, s in np.ndindex(mesh.n_points, 3):
            values = phonons.frequencies[mesh.index(mesh.coordinates[q] + corners), s]
            total += tetrahedron_weight(energy, values, tetrahedra)
        assert dos.total[number] == pytest.approx(total * THZ / mesh.n_points, rel=1e-10)


def test_axis_goes_from_zero_to_beyond_the_highest_frequency(case):
    crystal, mesh, phonons = case
    dos = density_of_states(crystal, mesh, phonons)
    assert dos.frequency[0] == 0
    assert dos.frequency[-1] > phonons.frequencies.max() / THZ
    assert dos.total[-1] == 0
