"""The unit system: coherent, and in agreement with constants that anyone can look up."""

from math import pi, sqrt

import numpy as np
import pytest
from scipy import constants

from peierls import units


def test_planck_and_boltzmann_constants_in_electron_volts():
    """h = 4.135667696...e-15 eV s and k_B = 8.617333262...e-5 eV/K are exact in the SI."""
    assert pytest.approx(4.135667696923859e-3, rel=1e-9) == units.HBAR * units.THZ / units.EV
    assert pytest.approx(8.617333262145179e-5, rel=1e-9) == units.BOLTZMANN / units.EV


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (units._PLANCK, constants.Planck),
        (units._ELEMENTARY_CHARGE, constants.elementary_charge),
        (units._BOLTZMANN, constants.Boltzmann),
        (units._EPSILON_0, constants.epsilon_0),
        (units._ELECTRON_MASS, constants.electron_mass),
        (units._BOHR_RADIUS, constants.physical_constants["Bohr radius"][0]),
        (units._AMU_IN_KG, constants.atomic_mass),
    ],
)
def test_constants_are_those_of_scipy(ours, theirs):
    """To what the measured ones moved by from one adjustment to the next; the others are exact."""
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_oscillator_of_1_ev_per_angstrom2_and_1_amu():
    """The factor that phonon codes carry around: sqrt(eV/Å²/amu) / 2π is 15.6333 THz."""
    assert sqrt(units.EV_PER_ANGSTROM2 / units.AMU) / units.THZ == pytest.approx(15.63330, rel=1e-6)


def test_lengths_and_velocities():
    assert units.METRE == 1e10
    assert pytest.approx(0.01, rel=1e-12) == units.METRE_PER_SECOND
    assert pytest.approx(0.529177211, rel=1e-8) == units.BOHR


def test_electron_mass():
    assert pytest.approx(1 / 1822.888486, rel=1e-9) == units.ELECTRON_MASS


def test_conductivity_is_power_per_length_and_kelvin():
    """0.5 W through a cube of 5 m whose faces differ by 10 K: κ = 0.5 W · 5 m / (25 m² · 10 K) = 0.01 W/m/K."""
    power = 2 * units.JOULE / 4e12
    kappa = power * 5 * units.METRE / (25 * units.METRE**2 * 10)
    assert kappa / units.WATT_PER_METRE_KELVIN == pytest.approx(0.01, rel=1e-12)


def test_viscosity_is_force_per_area_and_rate_of_shear():
    """1 Pa s is 1 kg/(m s); water's 1 mPa s is 60.2 amu/(Å ps)."""
    assert pytest.approx(60.2214, rel=1e-5) == 1e-3 * units.PASCAL_SECOND
    assert pytest.approx(units.PASCAL_SECOND, rel=1e-12) == units.JOULE * units.SECOND / units.METRE**3


def test_energy_follows_from_mass_length_and_time():
    """½ m v² of 1 amu at 1 Å/ps, 1.66e-23 J: the system is coherent, no factor is hidden."""
    joule = 0.5 * 1.66053907e-27 * 100.0**2
    assert pytest.approx(joule, rel=1e-8) == 0.5 * units.AMU * (100.0 * units.METRE_PER_SECOND) ** 2 / units.JOULE


def test_ordinary_frequency_and_angular_frequency():
    assert 2 * pi == units.THZ
    assert np.isclose(units.HBAR * 10.0 * units.THZ / units.EV, 0.04135667697, rtol=1e-9)
