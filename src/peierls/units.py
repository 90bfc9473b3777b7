"""The unit system of this package, and the only place where a conversion factor stands.

Lengths are in angstrom, times in picoseconds, masses in atomic mass units, temperatures in kelvin. The system is
coherent: energies are in amu Å²/ps², frequencies are *angular* and in rad/ps, velocities in Å/ps, force constants of
second order in amu/ps² and of third order in amu/(Å ps²), and no formula in this package holds a numerical factor that
is not part of the physics. What a person reads is converted at the border with the constants below: `x * UNIT`
brings a number given in UNIT into the package, `x / UNIT` takes it out.

The fundamental constants are those that define the SI and CODATA's of 2022, written here so that no version of another
library decides the last digits of a result, and no job waits for it.
"""

from math import pi

_PLANCK = 6.62607015e-34  # J s, exact
_ELEMENTARY_CHARGE = 1.602176634e-19  # C, exact
_BOLTZMANN = 1.380649e-23  # J/K, exact
_EPSILON_0 = 8.8541878188e-12  # F/m
_ELECTRON_MASS = 9.1093837139e-31  # kg
_BOHR_RADIUS = 5.29177210544e-11  # m

_ANGSTROM_IN_M = 1e-10
_PS_IN_S = 1e-12
_AMU_IN_KG = 1.66053906892e-27
_ENERGY_IN_J = _AMU_IN_KG * _ANGSTROM_IN_M**2 / _PS_IN_S**2

ANGSTROM = 1.0
METRE = 1.0 / _ANGSTROM_IN_M
NANOMETRE = 10.0
BOHR = _BOHR_RADIUS / _ANGSTROM_IN_M
JOULE = 1.0 / _ENERGY_IN_J
EV = _ELEMENTARY_CHARGE / _ENERGY_IN_J
AMU = 1.0
KILOGRAM = 1.0 / _AMU_IN_KG
ELECTRON_MASS = _ELECTRON_MASS / _AMU_IN_KG

HBAR = _PLANCK / (2.0 * pi) / _ENERGY_IN_J / _PS_IN_S
"""Reduced Planck constant, amu Å²/ps."""
BOLTZMANN = _BOLTZMANN / _ENERGY_IN_J
"""Boltzmann constant, amu Å²/ps²/K."""

THZ = 2.0 * pi
"""An ordinary frequency ω/2π of 1 THz as an angular frequency in rad/ps; linewidths convert alike."""
SECOND = 1.0 / _PS_IN_S
METRE_PER_SECOND = METRE * _PS_IN_S
COULOMB = _ELEMENTARY_CHARGE**2 / (4.0 * pi * _EPSILON_0) / _ENERGY_IN_J / _ANGSTROM_IN_M
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
PASCAL_SECOND = KILOGRAM / (METRE * SECOND)
"""Unit of viscosities, in amu/(Å ps)."""

GIGABYTE = 1e9
"""Unit of memory in the configuration, in bytes."""
