"""TDEP's files about the atoms: infile.ucposcar, a POSCAR whose sites may be alloys, and infile.isotopes."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from peierls.crystal import Floats
from peierls.errors import InputError
from peierls.force_constants import cells, elements
from peierls.force_constants.text import Lines
from peierls.supercell import Cell

_HOME = 1e-10
"""A fractional coordinate this little below a whole number is taken for it when atoms are wrapped into the cell."""


def read(path: Path) -> tuple[Cell, Floats]:
    """The primitive cell, with masses, and g of each atom, shape (atom).

    Title; scale (or, negative, minus the volume in Å³); three lattice vectors; symbols; counts; Direct or Cartesian (in
    Å, not scaled); a line for each atom. A symbol that begins with ALLOY stands for sites whose lines go on with the
    number of components and the symbol and concentration of each: mass and g are those of all their isotopes.
    """
    lines = Lines(path, titled=True)
    lines.text("a title")
    (scale,) = lines.numbers(1, "the scale of the lattice, a number")
    lattice = lines.blocks(3, (3,), "three numbers: a lattice vector")
    volume = abs(np.linalg.det(lattice))
    lattice = lattice * (scale if scale >= 0 or volume == 0 else (-scale / volume) ** (1 / 3))
    cells.check_lattice(lattice, lines.where(2))
    symbols = _symbols(lines.text("symbols of elements"))
    if not symbols:
        raise lines.fault(lines.position - 1, "symbols of elements")
    expected = f"{len(symbols)} positive numbers of atoms"
    counts = lines.numbers(len(symbols), expected)
    if not all(count.is_integer() and 0 < count < 10_000 for count in counts):
        raise lines.fault(lines.position - 1, expected)
    mode = lines.text("Direct or Cartesian")[:1].upper()
    if mode not in ("D", "C"):
        raise lines.fault(lines.position - 1, "Direct or Cartesian")

    kinds = [symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(int(count))]
    positions, sites = [], []
    for kind in kinds:
        position, site = _atom(lines, kind)
        positions.append(position)
        sites.append(site)
    fractional = np.array(positions) @ (np.eye(3) if mode == "D" else np.linalg.inv(lattice))
    fractional -= np.floor(fractional + _HOME)
    masses, variances = (np.array([site[index] for site in sites]) for index in (1, 2))
    cell = Cell(lattice, fractional, tuple(site[0] for site in sites), masses)
    first = lines.position - len(kinds)
    cells.check_sites(cell, lambda atom: lines.where(first + atom))
    return cell, variances


def read_isotopes(path: Path, species: Sequence[str]) -> tuple[Floats, Floats]:
    """Masses in amu and g of atoms of `species`, in their order, shapes (atom), from infile.isotopes.

    For each atom the number of its isotopes, and for each of these a line with concentration and mass; concentrations
    are brought to a sum of one.
    """
    lines = Lines(path)
    n_atoms = len(species)
    masses, variances, starts = np.empty(n_atoms), np.empty(n_atoms), []
    for atom in range(n_atoms):
        starts.append(lines.position)
        count = lines.whole(f"the number of isotopes of atom {atom + 1}")
        isotopes = lines.blocks(count, (2,), f"concentration and mass of an isotope of atom {atom + 1}")
        for index in np.flatnonzero((isotopes[:, 0] < 0) | (isotopes[:, 1] <= 0))[:1]:
            raise lines.fault(lines.position - count + int(index), "a concentration >= 0 and a mass > 0")
        if isotopes[:, 0].sum() <= 0:
            raise InputError(
                f"{lines.where(lines.position - 1)}: concentrations of atom {atom + 1} are zero, expected one above"
            )
        masses[atom] = np.average(isotopes[:, 1], weights=isotopes[:, 0])
        variances[atom] = np.average((isotopes[:, 1] / masses[atom] - 1) ** 2, weights=isotopes[:, 0])
    lines.finish(f"the isotopes of {n_atoms} atoms")
    elements.refuse_exchanged_masses(species, masses, lambda atom: lines.where(starts[atom]))
    return masses, variances


def _symbols(line: str) -> list[str]:
    return re.split(r"[#!]", line)[0].split()


def _atom(lines: Lines, kind: str) -> tuple[list[float], tuple[str, float, float]]:
    """Coordinates of the next line's atom, and the symbol, mass and g of its site."""
    if not kind.upper().startswith("ALLOY"):
        position = lines.numbers(3, f"three coordinates of an atom of {kind}")
        where = lines.where(lines.position - 1)
        (mass,), (variance,) = elements.natural_masses([kind], where), elements.natural_mass_variances([kind], where)
        return position, (kind, mass, variance)
    expected = "three coordinates, the number of components (2 to 6), and symbol and concentration of each"
    fields = lines.text(expected).split()
    fault = lines.fault(lines.position - 1, expected)
    try:
        position = [float(field) for field in fields[:3]]
        count = int(fields[3])
        symbols = fields[4 : 4 + 2 * count : 2]
        concentrations = np.array([float(field) for field in fields[5 : 5 + 2 * count : 2]])
    except (ValueError, IndexError):
        raise fault from None
    if not (2 <= count <= 6 and len(concentrations) == len(set(symbols)) == count and np.isfinite(position).all()):
        raise fault
    if not (concentrations >= 0).all() or abs(concentrations.sum() - 1) > 1e-5:
        shown = " ".join(f"{concentration:g}" for concentration in concentrations)
        raise InputError(
            f"{lines.where(lines.position - 1)} has the concentrations {shown}, expected none below zero, of sum one"
        )
    return position, _mixed(symbols, concentrations, lines.where(lines.position - 1))


def _mixed(symbols: Sequence[str], concentrations: Floats, where: str) -> tuple[str, float, float]:
    """Name, mean mass and g of a site that several elements share, from the mean and the variance of each."""
    masses = elements.natural_masses(symbols, where)
    squares = masses**2 * (1 + elements.natural_mass_variances(symbols, where))
    mean = float(np.average(masses, weights=concentrations))
    variance = float(np.average(squares, weights=concentrations)) / mean**2 - 1
    name = "".join(f"{symbol}{share:g}" for symbol, share in zip(symbols, concentrations, strict=True))
    return name, mean, variance
