"""What branches, atoms and species have of the modes: it adds up, and no choice of ours matters to it."""

from dataclasses import replace

import chain
import numpy as np
import pytest
from less_symmetry import without_symmetry
from numpy.testing import assert_allclose

from peierls.low_dimensions import conducting_volume
from peierls.parts import all_parts, kappa_of_modes, kappa_on_atoms, part_names, weights_on_atoms
from peierls.phonons import on_full_grid
from peierls.solvers import rta, variational

SHEET = chain.spring_crystal(
    np.diag([3.0, 3.0, 12.0]), [[0, 0, 0], [0.5, 0.5, 1 / 6]], ["Si", "Ge"], [28.0, 73.0], reach=3.5
)
DIAMOND = chain.spring_crystal(
    2.7 * (1 - np.eye(3)), [[0, 0, 0], [0.25, 0.25, 0.25]], ["Si", "Si"], [28.0, 28.0], reach=4.0
)
CASES = {
    "triclinic": (chain.triclinic(2), [3, 4, 3], None),
    "rock salt": (chain.face_centred((28.0, 12.0)), [4, 4, 4], None),
    "hexagonal": (chain.hexagonal(), [4, 4, 3], None),
    # Its atoms are images of each other, also within degenerate sets.
    "diamond": (DIAMOND, [4, 4, 4], None),
    "sheet": (SHEET, [5, 5, 1], 4e-10),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A calculation, the transport of two solvers, and the volume by which κ is divided."""
    crystal, sizes, thickness = CASES[request.param]
    calculation = chain.compute(crystal, sizes, weights="event")
    geometry = {"thickness": thickness, "cross_section": None}
    problem = calculation.problem(300.0, geometry=geometry)
    volume = conducting_volume(crystal, calculation.mesh.sizes, geometry)
    return calculation, [variational.solve(problem), rta.solve(problem)], volume


def on_atoms(calculation, volume, displacements, **changes):
    mesh, phonons = (changes.get(name, getattr(calculation, name)) for name in ("mesh", "phonons"))
    weights = weights_on_atoms(calculation.crystal, phonons)
    return kappa_on_atoms(volume, mesh, phonons, weights, 300.0, displacements)


def test_atoms_share_the_conductivity_of_a_mode(case):
    """Also where κ is divided by an assumed thickness."""
    calculation, transports, volume = case
    for transport in transports:
        found = on_atoms(calculation, volume, transport.mean_free_displacement[0])
        assert_allclose(found.sum(axis=2), transport.mode_kappa[0], rtol=0, atol=1e-12 * transport.mode_kappa[0].max())


def test_modes_of_the_full_mesh_have_the_conductivity_as_their_mean(case):
    calculation, transports, volume = case
    for transport in transports:
        displacements = transport.mean_free_displacement[0]
        found = kappa_of_modes(volume, calculation.mesh, calculation.phonons, 300.0, displacements)
        kappa = found.mean(axis=0).sum(axis=0)
        assert_allclose(kappa, transport.kappa[0], rtol=0, atol=1e-12 * np.abs(kappa).max())


def test_every_atom_written_out_point_by_point(case):
    """Σ over the star of |ε_i|² c v⊗F with the eigenvectors of each point, one after the other."""
    calculation, transports, volume = case
    mesh, phonons = calculation.mesh, calculation.phonons
    displacements = transports[0].mean_free_displacement[0]
    found = on_atoms(calculation, volume, displacements)
    of_modes = kappa_of_modes(volume, mesh, phonons, 300.0, displacements) / mesh.n_points
    expected = np.zeros_like(found)
    for q in range(mesh.n_points):
        for s in range(phonons.n_bands):
            members = np.flatnonzero(phonons.degenerate_sets[q] == phonons.degenerate_sets[q, s])
            for atom in range(len(calculation.crystal.species)):
                share = np.mean(
                    [np.linalg.norm(phonons.eigenvectors[q][3 * atom : 3 * atom + 3, m]) ** 2 for m in members]
                )
                expected[mesh.grid_to_irreducible[q], s, atom] += share * of_modes[q, s]
    assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_atoms_do_not_depend_on_the_symmetry_that_is_used(case):
    """The sum over a star with the operations that exchange atoms is that over all points on their own."""
    calculation, transports, volume = case
    displacements = transports[1].mean_free_displacement[0]
    reduced = on_atoms(calculation, volume, displacements)
    full = without_symmetry(calculation.mesh)
    phonons = calculation.phonons
    velocities, turned = (
        on_full_grid(field, calculation.mesh)[full.irreducible] for field in (phonons.group_velocities, displacements)
    )
    independent = on_atoms(
        calculation, volume, turned, mesh=full, phonons=replace(phonons, group_velocities=velocities)
    )
    sums = [one.sum(axis=(0, 1)) for one in (reduced, independent)]
    assert_allclose(*sums, rtol=0, atol=1e-12 * np.abs(sums[0]).max())


def test_atoms_do_not_depend_on_the_basis_of_degenerate_sets(case):
    """In diamond the members of a set may be on one atom or on both, as one likes; elsewhere their atoms are given by
    symmetry."""
    calculation, transports, volume = case
    displacements = transports[1].mean_free_displacement[0]
    random = np.random.default_rng(1)
    vectors, sets = calculation.phonons.eigenvectors.copy(), calculation.phonons.degenerate_sets
    for q in range(calculation.mesh.n_points):
        for start in np.unique(sets[q]):
            members = np.flatnonzero(sets[q] == start)
            noise = random.normal(size=(2, len(members), len(members)))
            unitary, _ = np.linalg.qr(noise[0] + 1j * noise[1])
            vectors[q][:, members] = vectors[q][:, members] @ unitary
    turned = replace(calculation.phonons, eigenvectors=vectors)
    weights = [weights_on_atoms(calculation.crystal, phonons) for phonons in (calculation.phonons, turned)]
    assert_allclose(*weights, rtol=0, atol=1e-12)
    assert_allclose(weights[0].sum(axis=2), 1, rtol=1e-12)
    before = on_atoms(calculation, volume, displacements)
    after = on_atoms(calculation, volume, displacements, phonons=turned)
    assert_allclose(after, before, rtol=0, atol=1e-12 * np.abs(before).max())


def test_order_of_the_parts():
    """Atoms of one species are summed wherever they stand."""
    species = ("O", "Zn", "O")
    names = part_names(species, 2)
    assert names == ("total", "branch 1", "branch 2", "atom 1 O", "atom 2 Zn", "atom 3 O", "species O", "species Zn")
    found = all_parts(species, np.array([[1.0], [2.0]]), np.array([[0.5], [1.5], [1.0]]))
    assert found.ravel().tolist() == [3.0, 1.0, 2.0, 0.5, 1.5, 1.0, 1.5, 1.5]
