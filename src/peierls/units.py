"""The unit system of this package, and the only place where a conversion factor stands.

Lengths are in angstrom, times in picoseconds, masses in atomic mass units, temperatures in kelvin. The system is
coherent: energies are in amu Å²/ps², frequencies are *angular* and in rad/ps, velocities in Å/ps, force constants of
second order in amu/ps² and of third order in amu/(Å ps²), and no formula in this package holds a numerical factor that
is not part of the physics. What a person reads is converted at the border with the constants below: `x * UNIT`
brings a number given in UNIT into the package, `x / UNIT` takes it out.

The fundamental constants are CODATA's as scipy ships them.
"""

from math import pi

from scipy import constants as si

_ANGSTROM_IN_M = si.angstrom
_PS_IN_S = si.pico
_AMU_IN_KG = si.atomic_mass
_ENERGY_IN_J = _AMU_IN_KG * _ANGSTROM_IN_M**2 / _PS_IN_S**2

ANGSTROM = 1.0
METRE = 1.0 / _ANGSTROM_IN_M
BOHR = si.physical_constants["Bohr radius"][0] / _ANGSTROM_IN_M
JOULE = 1.0 / _ENERGY_IN_J
EV = si.electron_volt / _ENERGY_IN_J
AMU = 1.0
KILOGRAM = 1.0 / _AMU_IN_KG
ELECTRON_MASS = si.electron_mass / _AMU_IN_KG

HBAR = si.hbar / _ENERGY_IN_J / _PS_IN_S
"""Reduced Planck constant, amu Å²/ps."""
BOLTZMANN = si.Boltzmann / _ENERGY_IN_J
"""Boltzmann constant, amu Å²/ps²/K."""

THZ = 2.0 * pi
"""An ordinary frequency ω/2π of 1 THz as an angular frequency in rad/ps; linewidths convert alike."""
SECOND = 1.0 / _PS_IN_S
METRE_PER_SECOND = METRE * _PS_IN_S
COULOMB = si.elementary_charge**2 / (4.0 * pi * si.epsilon_0) / _ENERGY_IN_J / _ANGSTROM_IN_M
"""e²/4πε₀: the energy of two elementary charges times their distance, amu Å³/ps²."""
RYDBERG_MASS = 2.0 * ELECTRON_MASS
"""Unit of mass of Quantum ESPRESSO, in amu."""
RYDBERG_PER_BOHR2 = HBAR**2 / (RYDBERG_MASS * BOHR**2) / BOHR**2
"""Unit of second-order force constants of Quantum ESPRESSO, in amu/ps²."""
EV_PER_ANGSTROM2 = EV
"""Unit of second-order force constants in every other file format that is read here, in amu/ps²."""
EV_PER_ANGSTROM3 = EV
"""Unit of third-order force constants in every file format that is read here, in amu/(Å ps²)."""
WATT_PER_METRE_KELVIN = JOULE * _PS_IN_S / METRE
"""Unit of the thermal conductivity, in amu Å/(ps³ K)."""
SECOND = 1.0 / _PS_IN_S
PASCAL_SECOND = KILOGRAM / (METRE * SECOND)
"""Unit of viscosities, in amu/(Å ps)."""
