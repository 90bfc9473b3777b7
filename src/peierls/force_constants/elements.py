"""Masses and isotopes: what nature has, and what a user's file says instead.

Tables are those of the package `periodictable` (masses and natural abundances of IUPAC).
"""

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import periodictable

from peierls.crystal import Crystal, Floats
from peierls.errors import InputError
from peierls.force_constants.text import read_text

_log = logging.getLogger("peierls")

_FOREIGN = 0.05
"""Relative difference of a mass from its element's at which it is worth a word."""

_SAME = 0.005
"""Relative difference within which a mass is that of an element, whatever table it is from."""

_PART = r"([A-Z][a-z]?)(\d+\.?\d*(?:e[-+]?\d+)?)"

SOURCE = f"natural abundances (periodictable {periodictable.__version__})"


def natural_masses(species: Sequence[str], where: str) -> Floats:
    """Mean atomic masses in amu, shape (atom); `where` opens the sentence about an unknown element."""
    return np.array([_element(symbol, where).mass for symbol in species])


def warn_of_foreign_masses(crystal: Crystal, where: str) -> None:
    """Say in the log where a mass is far from that of its element: another isotope, an alloy, or a wrong symbol."""
    for symbol, mass in sorted({*zip(crystal.species, map(float, crystal.masses), strict=True)}):
        if not is_element(symbol):  # a mixed site, whose mass its file gave
            continue
        natural = float(_element(symbol, where).mass)
        if abs(mass / natural - 1) > _FOREIGN:
            _log.warning("%s: an atom of %s has the mass %.3f amu, its element has %.3f", where, symbol, mass, natural)


def refuse_exchanged_masses(species: Sequence[str], masses: Floats, where: Callable[[int], str]) -> None:
    """Raises InputError where an atom has the mass of another element of the crystal, and not nearly that of its own.

    Then species and masses are in two different orders. `where` opens the sentence about an atom.
    """
    natural = {symbol: float(_element(symbol, where(0)).mass) for symbol in species if is_element(symbol)}
    for atom, (symbol, mass) in enumerate(zip(species, masses, strict=True)):
        if symbol not in natural or abs(mass / natural[symbol] - 1) <= _FOREIGN:
            continue
        for other, expected in natural.items():
            if abs(mass / expected - 1) < _SAME:
                raise InputError(
                    f"{where(atom)} gives atom {atom + 1}, {symbol}, the mass {mass:.3f} amu, that of {other}, "
                    f"expected about {natural[symbol]:.3f} amu: are species or masses in another order?"
                )


def natural_mass_variances(species: Sequence[str], where: str) -> Floats:
    """g = Σ c (1 - m/m̄)² over the natural isotopes of each atom, shape (atom).

    An element without natural isotopes counts as pure, g = 0.
    """
    return np.array([_mass_variance(symbol, where) for symbol in species])


def read_isotopes(path: Path, species: Sequence[str]) -> tuple[Floats, Floats]:
    """Masses in amu and g of each atom, shapes (atom), from a text file.

    One line for each atom of the primitive cell, in its order, with two numbers: mass and g. Or one line for each
    element, in any order, with symbol, mass and g. Empty lines and everything behind `#` are skipped.
    """
    rows: list[tuple[str | None, float, float, int]] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split("#")[0].split()
        if not fields:
            continue
        symbol = fields.pop(0) if len(fields) == 3 else None
        try:
            mass, variance = map(float, fields)
        except ValueError:
            raise InputError(
                f"{path}: line {number} is '{line.strip()}', expected a mass in amu and g, with an element's symbol "
                "before them or not"
            ) from None
        if not (0 < mass < np.inf and 0 <= variance < np.inf):
            raise InputError(f"{path}: line {number} gives mass {mass} and g {variance}, expected mass > 0 and g >= 0")
        if symbol is not None and symbol not in species:
            raise InputError(
                f"{path}: line {number} is for '{symbol}', the crystal holds {', '.join(_unique(species))}"
            )
        rows.append((symbol, mass, variance, number))
    by_atom = all(symbol is None for symbol, *_ in rows)
    expected = species if by_atom else _unique(species)
    if len(rows) != len(expected) or (not by_atom and {symbol for symbol, *_ in rows} != set(expected)):
        raise InputError(
            f"{path}: holds {len(rows)} lines of numbers, expected one for each of {len(species)} atoms or, with "
            f"symbols, one for each of {', '.join(_unique(species))}"
        )
    if not by_atom:
        of_element = {row[0]: row for row in rows}
        rows = [of_element[symbol] for symbol in species]
    masses, variances = (np.array([row[part] for row in rows]) for part in (1, 2))
    refuse_exchanged_masses(species, masses, lambda atom: f"{path}: line {rows[atom][3]}")
    return masses, variances


def is_element(symbol: str) -> bool:
    """Whether a symbol is that of an element, or D or T; other names are those of mixed sites."""
    try:
        return periodictable.elements.symbol(symbol).number > 0
    except ValueError:
        return False


def mixture(name: str) -> list[tuple[str, float]] | None:
    """Symbols and concentrations of a mixed site called Si0.3Ge0.7, else None."""
    parts = [(symbol, float(part)) for symbol, part in re.findall(_PART, name)]
    is_whole = re.fullmatch(f"(?:{_PART})+", name) is not None
    return parts if is_whole and all(is_element(symbol) for symbol, _ in parts) else None


def _element(symbol: str, where: str) -> periodictable.core.Element:
    # The table's number 0 is the neutron.
    if not is_element(symbol):
        raise InputError(f"{where}: '{symbol}' is not an element")
    return periodictable.elements.symbol(symbol)


def _mass_variance(symbol: str, where: str) -> float:
    element = _element(symbol, where)
    if periodictable.core.isisotope(element):  # D and T
        return 0.0
    isotopes = [element[number] for number in element.isotopes]
    abundances = np.array([isotope.abundance for isotope in isotopes])
    if abundances.sum() == 0:
        return 0.0
    masses = np.array([isotope.mass for isotope in isotopes])
    mean = np.average(masses, weights=abundances)
    return float(np.average((1 - masses / mean) ** 2, weights=abundances))


def _unique(species: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(species))
