"""Bose-Einstein occupation and what follows from it, safe from overflow."""

import numpy as np

from peierls.crystal import Floats
from peierls.units import BOLTZMANN, HBAR


def occupations(frequencies: Floats, temperature: float) -> Floats:
    """n = 1/(exp(x) - 1), x = ħω/k_B T, for frequencies in rad/ps and a temperature in K; 0 where ω = 0 (excluded
    modes)."""
    x = HBAR * frequencies / (BOLTZMANN * temperature)
    occupied = x > 0
    # Beyond x of 700 the exponential overflows and n is below the smallest number there is.
    return np.divide(1.0, np.expm1(np.minimum(x, 700.0)), out=np.zeros_like(x), where=occupied)


def sqrt_n_n_plus_1(frequencies: Floats, temperature: float) -> Floats:
    """sqrt(n(n+1)) = 1/(2 sinh(x/2)); 0 where ω = 0 (excluded modes)."""
    half = 0.5 * HBAR * frequencies / (BOLTZMANN * temperature)
    return np.divide(0.5, np.sinh(np.minimum(half, 350.0)), out=np.zeros_like(half), where=half > 0)


def heat_capacities(frequencies: Floats, temperature: float) -> Floats:
    """c = ħω ∂n/∂T = k_B x² n(n+1) per mode, n(n+1) as 1/(4 sinh²(x/2)); amu Å²/(ps² K), 0 where ω = 0."""
    half = 0.5 * HBAR * frequencies / (BOLTZMANN * temperature)
    ratio = np.divide(half, np.sinh(np.minimum(half, 350.0)), out=np.zeros_like(half), where=half > 0)
    return BOLTZMANN * ratio**2
