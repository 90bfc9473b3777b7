"""Real calculations of four programs, each in the files of every other: the same frequencies and the same κ."""

import shutil

import chain
import numpy as np
import pytest
from chain import long_range

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.errors import InputError
from peierls.force_constants import writers
from peierls.force_constants.writers.isotopes import OWN_FILE

pytestmark = pytest.mark.reference

CALCULATIONS = {
    "MgO of TDEP, polar": ("tdep-mgo", {}),
    "NaCl of phono3py, polar": ("nacl", {}),
    "Si of ShengBTE": ("shengbte-si", {}),
    "Si of Quantum ESPRESSO": ("qe-si-phoebe", {"sum_rules": "impose"}),
}
WAVE_VECTORS = np.sqrt(np.arange(2, 26).reshape(8, 3)) % 1 - 0.5
"""No supercell holds them."""


@pytest.fixture(scope="module", params=CALCULATIONS)
def calculation(request, reference, tmp_path_factory) -> Crystal:
    """ShengBTE's has its second atom where espresso.ifc2 has it: see "Positions that contradict each other" in
    docs/how-to/convert.md."""
    name, names = CALCULATIONS[request.param]
    folder = reference / name
    if name == "shengbte-si":
        folder = shutil.copytree(
            folder, tmp_path_factory.mktemp("corrected") / name, ignore=shutil.ignore_patterns("ref-*")
        )
        text = (folder / "CONTROL").read_text()
        assert "positions(:,2)=0.25 0.25 0.25" in text
        (folder / "CONTROL").write_text(text.replace("(:,2)=0.25 0.25 0.25", "(:,2)=-0.25 0.75 -0.25"))
    return force_constants.read({"path": folder, **names})


@pytest.fixture(scope="module")
def expected(calculation) -> tuple[np.ndarray, np.ndarray]:
    return frequencies(calculation), kappa(calculation)


def frequencies(crystal: Crystal) -> np.ndarray:
    short_ranged, dipoles = separate(crystal, long_range())
    return np.sqrt(np.linalg.eigvalsh(dynamical_matrices(short_ranged, WAVE_VECTORS, dipoles))) / units.THZ


def kappa(crystal: Crystal) -> np.ndarray:
    return chain.compute(crystal, [3, 3, 3], long_range()).rta(300.0, isotopes="natural").kappa


@pytest.mark.parametrize("format", writers.FORMATS)
def test_nothing_is_lost(calculation, expected, format, tmp_path):
    folder = tmp_path / format
    writers.write(calculation, format, folder)
    names = {"isotopes": {"file": folder / OWN_FILE}} if (folder / OWN_FILE).is_file() else {}
    copy = force_constants.read({"path": folder, **names})
    np.testing.assert_allclose(frequencies(copy), expected[0], rtol=1e-9)
    np.testing.assert_allclose(kappa(copy), expected[1], rtol=1e-6, atol=1e-6 * abs(expected[1]).max())


def test_a_contradiction_is_not_copied(reference, tmp_path):
    """As it is, ShengBTE's example is read as ShengBTE reads it; in other files nothing would tell what is wrong."""
    crystal = force_constants.read({"path": reference / "shengbte-si"})
    with pytest.raises(
        InputError, match=r"infile\.forceconstant: the symmetry of the crystal in infile\.ucposcar changes"
    ):
        writers.write(crystal, "tdep", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
