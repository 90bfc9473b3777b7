"""Read what TDEP reads: infile.ucposcar, infile.forceconstant and infile.forceconstant_thirdorder.

Where infile.forceconstant has a polar tail, its constants are short-ranged: what dipoles add in the reciprocal half of
an Ewald sum of the file's own λ is left out.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peierls import units
from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.force_constants import born, elements, space_group, ucposcar
from peierls.force_constants.files import locate
from peierls.force_constants.text import Lines
from peierls.supercell import Cell

_WHOLE = 1e-4
"""How far a lattice vector's fractional coordinate may be from a whole number."""
_BEYOND = 1e-3
"""How far, in Å, a pair may reach beyond the cutoff of its file, which TDEP takes from the longest pair."""

_MOST_CELLS = 1_000_000
"""Cells within a cutoff beyond which nothing is counted: such a cutoff is damage."""

_FARTHEST = 1000
"""Lattice vectors with larger coordinates are taken for damage."""
_CHARGE = 1e-5
"""How far, in e, the charges written at the end may be from those that components and coefficients give."""

_log = logging.getLogger("peierls")


@dataclass(frozen=True)
class PolarTail:
    """Born charges (atom, 3, 3) in e, first index the field, dielectric tensor (3, 3) and Ewald λ in 1/Å."""

    born_charges: Floats
    dielectric: Floats
    range_parameter: float


def input_files(folder: Path, names: Mapping[str, Any]) -> list[Path]:
    """The files that `read` will read: structure, second and third order, and infile.isotopes where there is one.

    `names` may hold other names for them under `ucposcar`, `fc2`, `fc3` and `infile_isotopes`.
    """
    paths = [
        locate(folder, names, "ucposcar", "infile.ucposcar"),
        locate(folder, names, "fc2", "infile.forceconstant"),
        locate(folder, names, "fc3", "infile.forceconstant_thirdorder"),
    ]
    if names.get("infile_isotopes") is not None or (folder / "infile.isotopes").is_file():
        paths.append(locate(folder, names, "infile_isotopes", "infile.isotopes"))
    return paths


def read_cell(folder: Path, names: Mapping[str, Any]) -> Cell:
    """The primitive cell, of infile.ucposcar."""
    return ucposcar.read(locate(folder, names, "ucposcar", "infile.ucposcar"))[0]


def read(folder: Path, names: Mapping[str, Any]) -> Crystal:
    """Read a calculation of TDEP. Third order: first atom at home, as the file gives it."""
    structure_path, fc2_path, fc3_path, *isotope_path = input_files(folder, names)
    cell, variances = ucposcar.read(structure_path)
    assert cell.masses is not None
    masses, source = cell.masses, elements.SOURCE
    for path in isotope_path:
        masses, variances = ucposcar.read_isotopes(path, cell.species)
        source = f"file {path.name}"
    fc2_vectors, fc2, tail = _second_order(fc2_path, cell)
    fc3_atoms, fc3_vectors, fc3 = _third_order(fc3_path, cell)
    crystal = Crystal(
        lattice=cell.lattice,
        positions=cell.positions,
        species=cell.species,
        masses=masses,
        mass_variances=variances,
        isotope_source=source,
        fc2_vectors=fc2_vectors,
        fc2=fc2,
        fc3_atoms=fc3_atoms,
        fc3_vectors=fc3_vectors,
        fc3=fc3,
        sources=(),
        born_charges=tail.born_charges if tail else None,
        dielectric=tail.dielectric if tail else None,
        ewald_parameter=tail.range_parameter if tail else None,
    )
    space_group.refuse_foreign(crystal, fc2_path, fc3_path, structure_path)
    return crystal


def _second_order(path: Path, cell: Cell) -> tuple[Integers, Floats, PolarTail | None]:
    """Vectors (vector, 3), constants (vector, atom, atom, 3, 3) in amu/ps², and the polar tail where there is one.

    Number of atoms and cutoff in Å; for each atom the number of its pairs, and for each pair the other atom, counted
    from 1, its lattice vector in fractional coordinates, and three rows of constants in eV/Å²; then 0, or 3 and a tail.
    """
    n_atoms = len(cell.species)
    lines, cutoff = _opened(path, n_atoms)
    labels, tensors, longest = [], [], 0.0
    for atom in range(n_atoms):
        n_pairs = lines.whole(f"the number of pairs of atom {atom + 1}")
        first = lines.position
        blocks = lines.blocks(n_pairs, (1, 3, 3, 3, 3), "a pair: an atom, a lattice vector and three rows of constants")
        others = _atoms(lines, first, 5, blocks[:, :1], n_atoms)
        cells = _vectors(lines, first, 5, 1, blocks[:, 1:4])
        lengths = _lengths(cell, atom, others[:, 0], cells)
        for pair in np.flatnonzero(lengths > cutoff + _BEYOND)[:1]:
            raise _too_long(lines, first + 5 * int(pair), "a pair", lengths[pair], cutoff)
        longest = max(longest, lengths.max(initial=0.0))
        own = np.column_stack([np.full(n_pairs, atom), others, cells])
        lines.refuse_repeated(first, 5, own)
        labels.append(own)
        tensors.append(blocks[:, 4:].reshape(-1, 3, 3))
    tail = _polar_tail(lines, cell.species, path)
    joined, constants = np.concatenate(labels), np.concatenate(tensors)
    if longest < cutoff - _BEYOND:
        if len(joined) < _pairs_within(cell, cutoff - _BEYOND):
            raise InputError(
                f"{lines.where(1)} gives a cutoff of {cutoff:.4f} Å, and the longest pair is {longest:.4f} Å apart, "
                "expected the same or every pair within the cutoff: is the file for another cell?"
            )
        _log.warning(
            "%s gives a cutoff of %.4f Å, and the longest pair is %.4f Å apart, where TDEP writes the same: is it a "
            "round number, or is the file for another cell?",
            *(lines.where(1), cutoff, longest),
        )
    if not constants.any():
        raise InputError(f"{path}: the force constants are zero throughout")
    # The home cell is there even where it is empty: the on-site term is what a sum rule corrects.
    vectors, which = np.unique(np.vstack([np.zeros(3, np.int64), joined[:, 2:]]), axis=0, return_inverse=True)
    fc2 = np.zeros((len(vectors), n_atoms, n_atoms, 3, 3))
    fc2[which[1:], joined[:, 0], joined[:, 1]] = constants
    return vectors, fc2 * units.EV_PER_ANGSTROM2, tail


def _polar_tail(lines: Lines, species: Sequence[str], path: Path) -> PolarTail | None:
    """What follows the pairs: 0; or 3, the dielectric tensor, λ in 1/bohr, and the charges as a linear combination of
    their independent components. The charges come once more, then lines of no use."""
    n_atoms = len(species)
    expected = "0 for a crystal that is not polar, or 3 and its charges"
    kind = lines.whole(expected, least=0)
    if kind == 0:
        lines.finish("the 0 of a crystal that is not polar")
        return None
    if kind != 3:
        raise lines.fault(lines.position - 1, expected)
    dielectric = lines.blocks(3, (3,), "three numbers: a row of the dielectric tensor")
    (range_parameter,) = lines.numbers(1, "the Ewald coupling parameter in 1/bohr, positive")
    if range_parameter <= 0:
        raise lines.fault(lines.position - 1, "the Ewald coupling parameter in 1/bohr, positive")
    n_components = lines.whole("the number of independent components of the Born charges")
    components = lines.blocks(n_components, (1,), "an independent component of the Born charges")[:, 0]
    coefficients = lines.blocks(9 * n_atoms, (n_components,), f"{n_components} coefficients of a Born charge")
    charges = (coefficients @ components).reshape(n_atoms, 3, 3)
    first = lines.position
    written = lines.blocks(3 * n_atoms, (3,), "three numbers: a row of the Born charges of an atom")
    for row, _ in np.argwhere(abs(written - charges.reshape(-1, 3)) > _CHARGE)[:1]:
        raise lines.fault(first + int(row), "the charges that the components and coefficients give")
    return PolarTail(*born.checked(charges, dielectric, species, path), range_parameter / units.BOHR)


def _third_order(path: Path, cell: Cell) -> tuple[Integers, Integers, Floats]:
    """Atoms (block, 3), lattice vectors (block, 2, 3) and constants (block, 3, 3, 3) in amu/(Å ps²).

    Number of atoms and cutoff; for each atom the number of its triplets, and for each triplet the three atoms, their
    lattice vectors in fractional coordinates, the first zero, and nine lines of constants in eV/Å³.
    """
    n_atoms = len(cell.species)
    lines, cutoff = _opened(path, n_atoms)
    widths = (1, 1, 1, *[3] * 12)
    labels, tensors = [np.empty((0, 9), np.int64)], []
    for atom in range(n_atoms):
        n_triplets = lines.whole(f"the number of triplets of atom {atom + 1}", least=0)
        first = lines.position
        expected = "a triplet: three atoms, three lattice vectors and nine rows of constants"
        blocks = lines.blocks(n_triplets, widths, expected)
        atoms = _atoms(lines, first, len(widths), blocks[:, :3], n_atoms)
        vectors = _vectors(lines, first, len(widths), 3, blocks[:, 3:12]).reshape(-1, 3, 3)
        for block in np.flatnonzero((atoms[:, 0] != atom) | vectors[:, 0].any(axis=1))[:1]:
            where = lines.where(first + len(widths) * int(block))
            found = f"{atoms[block, 0] + 1} in cell {' '.join(map(str, vectors[block, 0]))}"
            raise InputError(f"{where} opens a triplet of atom {found}, expected atom {atom + 1} in cell 0 0 0")
        for leg in (1, 2):
            lengths = _lengths(cell, atom, atoms[:, leg], vectors[:, leg])
            for block in np.flatnonzero(lengths > cutoff + _BEYOND)[:1]:
                raise _too_long(lines, first + len(widths) * int(block), "a triplet with atoms", lengths[block], cutoff)
        own = np.column_stack([atoms, vectors[:, 1:].reshape(-1, 6)])
        lines.refuse_repeated(first, len(widths), own)
        labels.append(own)
        tensors.append(blocks[:, 12:].reshape(-1, 3, 3, 3))
    lines.finish(f"the triplets of {n_atoms} atoms")
    joined, constants = np.concatenate(labels), np.concatenate(tensors)
    if not constants.any():
        raise InputError(f"{path}: the force constants are zero throughout")
    return joined[:, :3], joined[:, 3:].reshape(-1, 2, 3), constants * units.EV_PER_ANGSTROM3


def _opened(path: Path, n_atoms: int) -> tuple[Lines, float]:
    """The file behind its first two lines, and the cutoff that the second one gives."""
    lines = Lines(path)
    if lines.whole("the number of atoms") != n_atoms:
        raise lines.fault(0, f"{n_atoms}, the number of atoms of the structure")
    (cutoff,) = lines.numbers(1, "the cutoff in Å, positive")
    if cutoff <= 0:
        raise lines.fault(1, "the cutoff in Å, positive")
    return lines, cutoff


def _lengths(cell: Cell, atom: int, others: Integers, vectors: Integers) -> Floats:
    """Distances in Å from an atom at home to `others` (n) in cells `vectors` (n, 3)."""
    separations = (vectors + cell.positions[others] - cell.positions[atom]) @ cell.lattice
    return np.asarray(np.linalg.norm(separations, axis=1), dtype=float)


def _too_long(lines: Lines, position: int, what: str, length: float, cutoff: float) -> InputError:
    return InputError(
        f"{lines.where(position)} opens {what} {length:.4f} Å apart, expected at most the cutoff of {cutoff:.4f} Å: is "
        "the file for another cell?"
    )


def _pairs_within(cell: Cell, cutoff: float) -> float:
    """How many pairs of atoms the crystal has within `cutoff`, Å, the first of each at home, it and itself included."""
    # Atoms are in the home cell, so none is nearer than one cell less.
    most = np.ceil(cutoff * np.linalg.norm(np.linalg.inv(cell.lattice), axis=0)) + 1
    if (2 * most + 1).prod() > _MOST_CELLS:
        return np.inf
    vectors = np.stack(np.meshgrid(*(np.arange(-size, size + 1) for size in most), indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    every = range(len(cell.species))
    return sum(
        int((_lengths(cell, atom, np.full(len(vectors), other), vectors) <= cutoff).sum())
        for atom in every
        for other in every
    )


def _atoms(lines: Lines, first: int, length: int, numbers: Floats, n_atoms: int) -> Integers:
    """Atoms counted from 0, from the first lines of blocks of `length` lines, shape (block, atom)."""
    for block, line in np.argwhere(~np.isin(numbers, np.arange(1, n_atoms + 1)))[:1]:
        raise lines.fault(first + length * int(block) + int(line), f"an atom, from 1 to {n_atoms}")
    return numbers.astype(np.int64) - 1


def _vectors(lines: Lines, first: int, length: int, offset: int, numbers: Floats) -> Integers:
    """Lattice vectors, whole, from the lines at `offset` in blocks of `length` lines."""
    whole = np.rint(numbers)
    for block, column in np.argwhere((abs(numbers - whole) > _WHOLE) | (abs(whole) > _FARTHEST))[:1]:
        line = first + length * int(block) + offset + int(column) // 3
        raise lines.fault(line, "a lattice vector, three whole numbers")
    return whole.astype(np.int64)
