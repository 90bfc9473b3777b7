"""phono3py's inputs read here give phono3py's frequencies."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.errors import InputError

pytestmark = pytest.mark.reference

PHONO3PY_THZ = 15.633302300230191
"""phono3py's sqrt(eV/Å²/amu) as an ordinary frequency in THz; its physical constants are of 1986."""
OURS_THZ = np.sqrt(units.EV_PER_ANGSTROM2) / units.THZ


def frequencies(crystal: Crystal, points: np.ndarray) -> np.ndarray:
    """√eigenvalues of D(q) = Σ_R Φ(R) exp(i q·R) / √(m m'), THz, shape (point, band)."""
    phases = np.exp(2j * np.pi * points @ crystal.fc2_vectors.T)
    masses = np.sqrt(np.multiply.outer(crystal.masses, crystal.masses))[:, None, :, None]
    matrices = np.einsum("qr,rijab->qiajb", phases, crystal.fc2) / masses
    squares = np.linalg.eigvalsh(matrices.reshape(len(points), crystal.n_bands, crystal.n_bands))
    return np.sign(squares) * np.sqrt(abs(squares)) / units.THZ


def mesh(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Irreducible points (point, 3) and frequencies (point, band) in THz of a phono3py run."""
    with h5py.File(folder / "kappa-m111111.hdf5") as file:
        return file["qpoint"][()], file["frequency"][()]


@pytest.mark.parametrize(("material", "run"), [("si-pbesol", "ref-rta-11"), ("nacl", "ref-rta-11-nonac")])
def test_frequencies(reference, material, run):
    """Within 1e-5 THz as they are; to rounding once the constants of nature are the same."""
    points, expected = mesh(reference / material / run)
    found = frequencies(force_constants.read({"path": reference / material}), points)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    away = abs(points).max(axis=1) > 0
    np.testing.assert_allclose(found[away] * PHONO3PY_THZ / OURS_THZ, expected[away], atol=1e-10)


def test_frequencies_of_the_silicon_that_ships(reference, silicon):
    points, expected = mesh(reference / "si-pbesol" / "ref-rta-11")
    np.testing.assert_allclose(frequencies(silicon, points), expected, atol=1e-5)


def test_silicon_that_ships_is_the_reference(reference, silicon):
    other = force_constants.read({"path": reference / "si-pbesol"})
    np.testing.assert_array_equal(silicon.fc2_vectors, other.fc2_vectors)
    np.testing.assert_array_equal(silicon.fc3_vectors, other.fc3_vectors)
    np.testing.assert_allclose(silicon.fc2, other.fc2, atol=1e-14 * abs(other.fc2).max())
    np.testing.assert_allclose(silicon.fc3, other.fc3, atol=1e-14 * abs(other.fc3).max())


def test_rock_salt(reference):
    """Second order from 512 atoms, third from 64, charges from the yaml file."""
    crystal = force_constants.read({"path": reference / "nacl"})
    assert crystal.species == ("Na", "Cl")
    np.testing.assert_allclose(crystal.masses, [22.989769, 35.453])
    np.testing.assert_allclose(crystal.born_charges, [1.09044426 * np.eye(3), -1.09044426 * np.eye(3)])
    np.testing.assert_allclose(crystal.dielectric, 2.56345522 * np.eye(3))
    reach2, reach3 = (
        np.linalg.norm(vectors @ crystal.lattice, axis=-1).max()
        for vectors in (crystal.fc2_vectors, crystal.fc3_vectors)
    )
    assert reach2 > 1.5 * reach3
    np.testing.assert_allclose(crystal.mass_variances, [0, 5.82701e-4], rtol=0.002)


def test_constants_of_another_crystal_are_refused(reference, tmp_path):
    """fc3.hdf5 of rock salt beside the files of silicon: the same numbers of atoms, and nothing but the symmetry tells
    them apart."""
    for name in ("phono3py.yaml", "fc2.hdf5"):
        shutil.copy(reference / "si-pbesol" / name, tmp_path)
    shutil.copy(reference / "nacl/fc3.hdf5", tmp_path)
    with pytest.raises(
        InputError, match=r"fc3\.hdf5: the symmetry of the crystal in phono3py\.yaml changes third-order"
    ):
        force_constants.read({"path": tmp_path})
