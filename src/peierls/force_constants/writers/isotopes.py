"""Mean masses and g of the atoms in files of their own, where those of a format cannot hold them."""

from collections.abc import Iterator

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.force_constants import elements
from peierls.force_constants.writers.numbers import line

_ROUNDING = 1e-13
"""Relative differences of masses, and differences of g, that mean nothing."""

OWN_FILE = "isotopes.txt"


def natural_masses(crystal: Crystal) -> bool:
    """Whether every atom has the natural mass of its element."""
    return _is_elements(crystal) and np.allclose(
        crystal.masses, elements.natural_masses(crystal.species, ""), rtol=_ROUNDING, atol=0
    )


def natural_variances(crystal: Crystal) -> bool:
    """Whether g of every atom is that of its element in nature."""
    return _is_elements(crystal) and np.allclose(
        crystal.mass_variances, elements.natural_mass_variances(crystal.species, ""), rtol=0, atol=_ROUNDING
    )


def own_file(crystal: Crystal) -> Iterator[str]:
    """The lines of the file that `elements.read_isotopes` reads."""
    yield "# mean mass in amu and mass variance g of each atom"
    for mass, variance in zip(crystal.masses, crystal.mass_variances, strict=True):
        yield line(mass, variance)


def note(program: str) -> str:
    """What to say of `own_file`."""
    return (
        f"{program} has no place for mass variances g other than natural ones: they are in {OWN_FILE}, which this "
        f"program reads with force_constants.isotopes: {{file: {OWN_FILE}}}, and which {program} does not know"
    )


def equivalent(mass: float, variance: float) -> tuple[Floats, Floats]:
    """Concentrations and masses of two isotopes, or one, that have the given mean mass and g.

        m (1 - a) and m (1 + b), of parts b/(a+b) and a/(a+b), have g = a b

    with a = b as long as both masses stay far from zero.
    """
    if variance == 0:
        return np.ones(1), np.array([mass])
    below = min(np.sqrt(variance), 0.5)
    above = variance / below
    parts = np.array([above, below]) / (above + below)
    return parts, mass * np.array([1 - below, 1 + above])


def _is_elements(crystal: Crystal) -> bool:
    return all(elements.is_element(symbol) for symbol in crystal.species)
