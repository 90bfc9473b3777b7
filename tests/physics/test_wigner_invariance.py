"""Populations and coherences together do not know how the crystal is described: by which cell, from which origin.

Linewidths are prescribed as a function of the frequency, so that the same modes have the same lifetimes whatever they
are called. In a cell that is doubled, modes of two wave vectors of the primitive cell are modes of one: a pair of them
may be degenerate, but the velocity operator does not connect them.
"""

from dataclasses import replace

import numpy as np
import pytest
from chain import (
    NO_LONG_RANGE_PART,
    face_centred,
    harmonic,
    long_range,
    polar_rock_salt,
    polar_triclinic,
    prescribed_wigner,
    supercell_of,
    triclinic,
)
from numpy.testing import assert_allclose
from test_relabelling import DESCRIPTIONS, another_cell_for_the_second_atom

TEMPERATURES = (30.0, 300.0)
CRYSTALS = {
    "triclinic": lambda: (triclinic(2), NO_LONG_RANGE_PART),
    "rock salt": lambda: (face_centred((28.0, 12.0)), NO_LONG_RANGE_PART),
    "polar triclinic": lambda: (polar_triclinic(), long_range()),
    "polar rock salt": lambda: (polar_rock_salt(), long_range()),
}


@pytest.fixture(params=CRYSTALS)
def case(request):
    """A crystal and how its long-range part is treated."""
    return CRYSTALS[request.param]()


def doubled(crystal):
    """The crystal with twice the cell along its first lattice vector: atom i of cell c of the two is number n c + i.

    Seen from cell c, the atom of cell R is in cell c + R, which is the (c + R₁ mod 2)th of doubled cell c + R₁ div 2.
    """
    n_atoms = len(crystal.species)
    vectors, blocks = [], []
    for home in (0, 1):
        first = crystal.fc2_vectors[:, 0] + home
        for vector, place, block in zip(
            np.column_stack([first // 2, crystal.fc2_vectors[:, 1:]]), first % 2, crystal.fc2, strict=True
        ):
            whole = np.zeros((2, n_atoms, 2, n_atoms, 3, 3))
            whole[home, :, place] = block
            vectors.append(vector)
            blocks.append(whole.reshape(2 * n_atoms, 2 * n_atoms, 3, 3))
    labels, which = np.unique(vectors, axis=0, return_inverse=True)
    fc2 = np.zeros((len(labels), *blocks[0].shape))
    np.add.at(fc2, which.ravel(), blocks)
    lattice = crystal.lattice * np.array([2.0, 1.0, 1.0])[:, None]
    positions = np.concatenate([crystal.positions, crystal.positions + np.array([1, 0, 0])]) / [2, 1, 1]
    return replace(
        crystal,
        lattice=lattice,
        positions=positions,
        species=2 * crystal.species,
        masses=np.tile(crystal.masses, 2),
        mass_variances=np.tile(crystal.mass_variances, 2),
        fc2_vectors=labels,
        fc2=fc2,
        born_charges=None if crystal.born_charges is None else np.tile(crystal.born_charges, (2, 1, 1)),
    )


def test_doubling_the_cell_changes_nothing(case):
    """The same wave vectors with half as many points along the doubled vector: the same κ_P + κ_C, as a tensor."""
    crystal, nac = case
    primitive = prescribed_wigner(crystal, [4, 4, 4], *TEMPERATURES, nac=nac)
    double = prescribed_wigner(doubled(crystal), [2, 4, 4], *TEMPERATURES, nac=nac)
    scale = np.abs(primitive.kappa).max(axis=(1, 2), keepdims=True)
    assert_allclose(double.kappa / scale, primitive.kappa / scale, atol=1e-6)
    # What folding makes degenerate has another mean velocity: the two parts alone are not the same.
    assert np.abs(double.kappa_populations - primitive.kappa_populations).max() > 0.05 * scale.max()


def test_frequencies_of_the_doubled_cell_are_those_of_the_primitive_one(case):
    crystal, nac = case
    frequencies = [
        np.sort(harmonic(one, sizes, nac)[1].frequencies.ravel())
        for one, sizes in ((crystal, [4, 4, 4]), (doubled(crystal), [2, 4, 4]))
    ]
    assert_allclose(frequencies[1], frequencies[0], atol=1e-6)


@pytest.mark.parametrize("treatment", ["none", "separate", "gonze-lee", "wang"])
@pytest.mark.parametrize("describe", DESCRIPTIONS)
def test_nor_does_another_description(describe, treatment):
    """Other lattice vectors, another origin, an atom counted to another cell, another order of the atoms; with each way
    of adding dipoles, whose gradient must be in the same gauge as that of the force constants."""
    crystal = polar_rock_salt()
    if treatment in ("gonze-lee", "wang"):
        crystal = supercell_of(crystal, np.array([[-2, 2, 2], [2, -2, 2], [2, 2, -2]]))
    nac = long_range(method="auto" if treatment == "separate" else treatment)
    before, after = (prescribed_wigner(one, [5, 5, 5], *TEMPERATURES, nac=nac) for one in (crystal, describe(crystal)))
    for part in ("kappa_populations", "kappa_coherences"):
        expected = getattr(before, part)
        assert_allclose(getattr(after, part), expected, atol=1e-8 * np.abs(expected).max())


def test_phases_of_lattice_vectors_alone_would_depend_on_the_description():
    """In that gauge V_ss' lacks i(ω-ω') ⟨s|r|s'⟩ with the positions r of the atoms, which a lattice vector changes.

    This is what is at stake with the choice of phases."""
    found = []
    crystal = triclinic(2)
    for one in (crystal, another_cell_for_the_second_atom(crystal)):
        mesh, phonons = harmonic(one, [4, 4, 4])
        vectors = phonons.eigenvectors[mesh.irreducible]
        places = np.repeat(one.positions @ one.lattice, 3, axis=0)
        positions = np.einsum("qis,ia,qit->qast", vectors.conj(), places, vectors)
        omega = phonons.frequencies[mesh.irreducible]
        smooth = phonons.velocity_operator
        other = smooth - 1j * (omega[:, None, :, None] - omega[:, None, None, :]) * positions
        found.append([np.abs(operator[1:]) ** 2 for operator in (smooth, other)])
    (smooth, other), (smooth_moved, other_moved) = found
    assert_allclose(smooth_moved, smooth, atol=1e-8 * smooth.max())
    assert np.abs(other_moved - other).max() > 0.1 * other.max()
