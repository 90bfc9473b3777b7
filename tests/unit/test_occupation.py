"""Bose-Einstein statistics, also where a plain formula overflows or loses all its digits."""

from fractions import Fraction
from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from peierls.occupation import heat_capacities, occupations
from peierls.units import BOLTZMANN, HBAR, JOULE, THZ

reduced = st.floats(1e-9, 600.0)
"""x = ħω/k_B T"""


def frequency(x, temperature=300.0):
    return np.array([x * BOLTZMANN * temperature / HBAR])


def bernoulli_series(x):
    """1/(e^x - 1) for x < 1 by its power series, in exact fractions: 1/x - 1/2 + Σ B_2k x^(2k-1) / (2k)!."""
    numbers = [Fraction(1, 6), Fraction(-1, 30), Fraction(1, 42), Fraction(-1, 30), Fraction(5, 66)]
    value = 1 / Fraction(x) - Fraction(1, 2)
    for k, bernoulli in enumerate(numbers, start=1):
        value += bernoulli * Fraction(x) ** (2 * k - 1) / factorial(2 * k)
    return float(value)


@pytest.mark.parametrize("x", [1e-9, 1e-6, 1e-3, 0.1])
def test_occupation_of_soft_modes_keeps_all_its_digits(x):
    assert_allclose(occupations(frequency(x), 300.0), bernoulli_series(x), rtol=1e-12)


@given(reduced)
def test_ratio_of_absorption_and_emission_is_the_boltzmann_factor(x):
    """n / (n + 1) = exp(-x)."""
    n = occupations(frequency(x), 300.0)[0]
    assert n / (n + 1) == pytest.approx(exp(-x), rel=1e-10)


@given(reduced)
def test_heat_capacity_is_the_change_of_the_energy(x):
    """c = k_B x² n(n+1) with n(n+1) from the occupation, where that does not lose digits."""
    omega = frequency(x)
    n = occupations(omega, 300.0)[0]
    assert heat_capacities(omega, 300.0)[0] == pytest.approx(BOLTZMANN * x**2 * n * (n + 1), rel=1e-9)


def test_heat_capacity_is_the_derivative_of_the_energy_with_temperature():
    omega, step = np.array([8.0 * THZ]), 1e-3
    energies = [HBAR * omega * occupations(omega, 300.0 + shift) for shift in (step, -step)]
    assert_allclose(heat_capacities(omega, 300.0), (energies[0] - energies[1]) / (2 * step), rtol=1e-8)


def test_modes_without_frequency_have_no_occupation_and_no_heat_capacity():
    zero = np.zeros(3)
    assert_array_equal(occupations(zero, 300.0), zero)
    assert_array_equal(heat_capacities(zero, 300.0), zero)


@pytest.mark.filterwarnings("error")
def test_frozen_modes_do_not_overflow():
    """At 0.01 K a mode of 15 THz has x = 72000: nothing, and not nan."""
    omega = np.array([15.0 * THZ, 0.0])
    for value in (occupations(omega, 0.01), heat_capacities(omega, 0.01)):
        assert np.isfinite(value).all()
        assert value[0] < 1e-280


def test_a_classical_mode_has_the_heat_capacity_of_boltzmann():
    assert_allclose(heat_capacities(frequency(1e-6), 300.0), BOLTZMANN, rtol=1e-12)
    assert pytest.approx(1.380649e-23, rel=1e-12) == BOLTZMANN / JOULE
