"""The .fc file of Quantum ESPRESSO's q2r.x, which ShengBTE knows as espresso.ifc2.

Line by line: number of kinds, number of atoms, ibrav and celldm(1..6) (three lattice vectors follow ibrav 0); a line
per kind with its label and mass; a line per atom with its kind and position in units of celldm(1); T or F, and after T
the dielectric tensor and the Born charges; n1 n2 n3; then for each pair of directions and atoms the constants in
Ry/bohr² for every cell (m1, m2, m3) of the grid, counted from 1.
"""

import logging
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from peierls import units
from peierls.crystal import Floats
from peierls.errors import InputError
from peierls.force_constants import bravais, cells, elements
from peierls.force_constants.text import Lines
from peierls.supercell import Cell

_KIND = re.compile(r"(\d+)\s*'\s*([A-Za-z]+)[^']*'\s*(\S+)")
"""Number, label and mass of a kind; a label is the symbol of an element and perhaps a mark, as in Fe1 and O-h."""

_log = logging.getLogger("peierls")


@dataclass(frozen=True)
class Q2R:
    """What a q2r.x file holds.

    `cell` has masses. `born_charges` (atom, 3, 3) in e, first index the field, and `dielectric` (3, 3) are as they
    stand in the file, None where it has none. `range_parameter` is the λ, in 1/Å, of the reciprocal Ewald sum
    exp(-K·ε·K/4λ²) that a file with charges leaves out of its constants: 2π/celldm(1).
    `constants` (atom, atom, n1, n2, n3, 3, 3), in amu/ps², couple the first atom at home with the second in cell
    (a, b, c).
    """

    cell: Cell
    born_charges: Floats | None
    dielectric: Floats | None
    range_parameter: float
    constants: Floats


def read(path: Path) -> Q2R:
    """Read the file `path`, every field of it."""
    lines = Lines(path)
    cell, unit = _head(lines)
    n_atoms = len(cell.species)
    has_charges = lines.text("T or F").strip(".").upper()
    if has_charges[:1] not in ("T", "F"):
        raise lines.fault(lines.position - 1, "T or F: whether Born charges follow")
    born_charges, dielectric = _electrostatics(lines, n_atoms) if has_charges[0] == "T" else (None, None)
    constants = _constants(lines, n_atoms) * units.RYDBERG_PER_BOHR2
    return Q2R(cell, born_charges, dielectric, 2 * np.pi / unit, constants)


def read_cell(path: Path) -> Cell:
    """The cell of the file `path` alone."""
    return _head(Lines(path))[0]


def _head(lines: Lines) -> tuple[Cell, float]:
    """The cell, and celldm(1) in Å."""
    n_kinds, n_atoms, ibrav, *celldm = lines.numbers(9, "two counts, ibrav and six celldm")
    counts_are_whole = all(number.is_integer() for number in (n_kinds, n_atoms, ibrav))
    if not (counts_are_whole and 1 <= n_kinds <= n_atoms < 1e4 and celldm[0] > 0):
        raise lines.fault(0, "the numbers of kinds and of atoms, ibrav and celldm, all counts and celldm(1) positive")
    lattice = _lattice(lines, int(ibrav), celldm) * celldm[0] * units.BOHR
    cells.check_lattice(lattice, lines.where(0))
    first = lines.position
    kinds = [_kind(lines, number) for number in range(1, int(n_kinds) + 1)]
    symbols, masses = zip(*kinds, strict=True)
    elements.refuse_exchanged_masses(symbols, np.array(masses), lambda kind: lines.where(first + kind))
    unit = celldm[0] * units.BOHR
    return _cell(lines, lattice, unit, kinds, int(n_atoms)), unit


def _lattice(lines: Lines, ibrav: int, celldm: list[float]) -> Floats:
    """Lattice vectors in units of celldm(1)."""
    if ibrav == 0:
        return lines.blocks(3, (3,), "three numbers: a lattice vector, for ibrav is 0")
    try:
        lattice = bravais.lattice(ibrav, celldm)
    except ValueError as error:
        indices = ", ".join(map(str, bravais.INDICES))
        raise InputError(
            f"{lines.where(0)} has ibrav {ibrav} and celldm {' '.join(f'{number:g}' for number in celldm)}: {error}, "
            f"expected one of 0, {indices} with the celldm that it asks for"
        ) from None
    if ibrav == -13:
        _log.warning("%s: ibrav is -13, taken as Quantum ESPRESSO 6.5 and later define it", lines.path)
    return lattice


def _kind(lines: Lines, number: int) -> tuple[str, float]:
    """Symbol and mass, in amu, of a kind of atom."""
    expected = f"the kind of atom {number}: number, label in quotes and mass, positive"
    match = _KIND.match(lines.text(expected))
    try:
        mass = float(match[3]) if match and int(match[1]) == number else np.nan
    except ValueError:
        mass = np.nan
    if match is None or not 0 < mass < np.inf:
        raise lines.fault(lines.position - 1, expected)
    return match[2].capitalize(), mass * units.RYDBERG_MASS


def _cell(lines: Lines, lattice: Floats, unit: float, kinds: list[tuple[str, float]], n_atoms: int) -> Cell:
    first = lines.position
    rows = lines.blocks(n_atoms, (5,), "an atom: its number, its kind and three coordinates")
    for index, (number, kind, *_) in enumerate(rows):
        if number != index + 1 or kind not in range(1, len(kinds) + 1):
            raise lines.fault(first + index, f"atom {index + 1} and its kind, from 1 to {len(kinds)}")
    positions = rows[:, 2:] * unit @ np.linalg.inv(lattice)
    of_atoms = [kinds[int(kind) - 1] for kind in rows[:, 1]]
    species, masses = tuple(symbol for symbol, _ in of_atoms), np.array([mass for _, mass in of_atoms])
    cell = Cell(lattice, positions, species, masses)
    cells.check_sites(cell, lambda atom: lines.where(first + atom))
    return cell


def _electrostatics(lines: Lines, n_atoms: int) -> tuple[Floats, Floats]:
    dielectric = lines.blocks(3, (3,), "three numbers: a row of the dielectric tensor")
    first = lines.position
    blocks = lines.blocks(n_atoms, (1, 3, 3, 3), "an atom's number and three rows of its Born charges")
    for atom in np.flatnonzero(blocks[:, 0] != np.arange(1, n_atoms + 1))[:1]:
        raise lines.fault(first + 4 * int(atom), f"atom {atom + 1}, whose Born charges follow")
    return blocks[:, 1:].reshape(-1, 3, 3), dielectric


def _constants(lines: Lines, n_atoms: int) -> Floats:
    """The constants as `Q2R` has them, in Ry/bohr²."""
    sizes = [int(size) for size in lines.numbers(3, "n1 n2 n3, the numbers of cells")]
    n_cells = int(np.prod(sizes, dtype=object))
    if min(sizes) < 1 or n_cells > len(lines):
        raise lines.fault(lines.position - 1, "n1 n2 n3, positive numbers of cells with a line for each")
    pairs = np.array(list(product((1, 2, 3), (1, 2, 3), range(1, n_atoms + 1), range(1, n_atoms + 1))))
    # m1 runs fastest in the file.
    grid = np.array(list(product(*(range(1, size + 1) for size in reversed(sizes)))))[:, ::-1]
    widths = (4,) * (1 + n_cells)
    first = lines.position
    blocks = lines.blocks(len(pairs), widths, "four numbers: two directions and two atoms, or a cell and its constant")
    lines.finish(f"{len(pairs)} blocks of {n_cells} cells")
    blocks = blocks.reshape(len(pairs), -1, 4)
    for index in np.flatnonzero((blocks[:, 0] != pairs).any(axis=1))[:1]:
        shown = " ".join(map(str, pairs[index]))
        raise lines.fault(first + int(index) * len(widths), f"the block of directions and atoms {shown}")
    for index, cell in np.argwhere((blocks[:, 1:, :3] != grid).any(axis=2))[:1]:
        shown = " ".join(map(str, grid[cell]))
        raise lines.fault(first + int(index) * len(widths) + 1 + int(cell), f"cell {shown} and its constant")
    n3_n2_n1 = blocks[:, 1:, 3].reshape(3, 3, n_atoms, n_atoms, *reversed(sizes))
    constants = n3_n2_n1.transpose(2, 3, 6, 5, 4, 0, 1)
    # The file has the first atom in cell (m1, m2, m3) and the second at home.
    return np.roll(constants[:, :, ::-1, ::-1, ::-1], (1, 1, 1), axis=(2, 3, 4))
