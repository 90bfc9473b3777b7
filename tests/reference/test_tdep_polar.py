"""The polar force constants of TDEP's MgO: short-ranged ones and an Ewald sum at the file's own λ."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from chain import compute, harmonic, long_range
from numpy.testing import assert_allclose

from peierls import force_constants
from peierls.crystal import Crystal
from peierls.units import BOHR, THZ

pytestmark = pytest.mark.reference

ISOTOPES = {
    "Mg": ((0.7899, 23.9850417), (0.1000, 24.98583692), (0.1101, 25.982592929)),
    "O": ((0.99757, 15.99491461956), (0.00038, 16.9991317), (0.00205, 17.999161)),
}
"""Abundances and masses in amu of TDEP's own table."""
DUMP = "ref-2023-qg8-it1-T300-noisotope-dumpgrid/outfile.grid_thermal_conductivity.hdf5"


@pytest.fixture(scope="module")
def crystal(reference) -> Crystal:
    """The crystal with TDEP's masses."""
    crystal = force_constants.read({"format": "tdep", "path": reference / "tdep-mgo"})
    tables = [np.array(ISOTOPES[symbol]) for symbol in crystal.species]
    masses = [np.average(table[:, 1], weights=table[:, 0]) for table in tables]
    return replace(crystal, masses=np.array(masses))


@pytest.fixture(scope="module")
def dump(reference, crystal) -> tuple[np.ndarray, np.ndarray]:
    """Grid coordinates (q, 3) on 8³ and frequencies (q, band) in THz."""
    with h5py.File(reference / "tdep-mgo" / DUMP) as file:
        points = 8 * file["qpoints"][()] / BOHR @ crystal.lattice.T
        return np.rint(points).astype(int), file["frequencies"][()] / (2e12 * np.pi)


def test_frequencies(crystal, dump):
    """All modes of the mesh within 1e-6 THz (measured 8e-8: constants of nature), with TDEP's direction at Γ."""
    points, expected = dump
    mesh, phonons = harmonic(crystal, [8, 8, 8], long_range(direction=[1, 0, 0]))
    assert_allclose(phonons.frequencies[mesh.index(points)] / THZ, expected, atol=1e-6)


def test_the_limit_at_gamma_is_tdeps_choice(crystal, dump):
    """Without a direction only Γ changes: its longitudinal mode becomes the third transverse one."""
    points, expected = dump
    mesh, phonons = harmonic(crystal, [8, 8, 8], long_range())
    difference = phonons.frequencies[mesh.index(points)] / THZ - expected
    at_gamma = ~points.any(axis=1)
    assert np.abs(difference[~at_gamma]).max() < 1e-6
    assert_allclose(difference[at_gamma, :5], 0, atol=1e-6)
    assert difference[at_gamma, 5] < -5


def test_the_range_parameter_belongs_to_the_force_constants(crystal, dump):
    """The sum at another λ is another crystal: it is data, and cannot be set."""
    points, expected = dump
    mesh, phonons = harmonic(replace(crystal, ewald_parameter=crystal.ewald_parameter * 1.1), [8, 8, 8], long_range())
    assert np.abs(phonons.frequencies[mesh.index(points)] / THZ - expected)[points.any(axis=1)].max() > 0.1


@pytest.mark.parametrize(
    ("changes", "tolerance", "measured"),
    [
        ({"weights": "mode", "occupation": "tdep"}, 1e-5, 0.0),
        ({"weights": "mode"}, 0.07, 0.034),
        ({"weights": "event"}, 0.03, -0.012),
    ],
    ids=["with TDEP's factors", "mode", "event"],
)
def test_conductivity_in_rta(crystal, changes, tolerance, measured):
    """TDEP: 548.7149 W/m/K at 300 K without isotopes. With its factors that is ours; what other factors do off the
    energy shell is said in `test_tdep_reference`."""
    width = {"method": "gaussian", "sigma": 1.0, "threshold": 4.0}
    computed = compute(crystal, [8, 8, 8], long_range(direction=[1, 0, 0]), **width, **changes)
    deviation = computed.rta(300.0).kappa[0] / 548.7149 - np.eye(3)
    assert np.abs(deviation).max() < tolerance
    assert_allclose(deviation, measured * np.eye(3), atol=1e-3)
