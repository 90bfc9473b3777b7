"""FORCE_CONSTANTS_3RD, the third-order constants of ShengBTE and of whatever writes for it.

The number of blocks; then for each block its number, the Cartesian lattice vectors of the second and third atom in Å,
the three atoms counted from 1, and 27 lines with three directions and a constant in eV/Å³.
"""

from itertools import product
from pathlib import Path

import numpy as np

from peierls import units
from peierls.crystal import Floats, Integers
from peierls.errors import InputError
from peierls.force_constants.text import Lines

_WIDTHS = (1, 3, 3, 3, *[4] * 27)
_EXPECTED = "a block of its number, two lattice vectors, three atoms and 27 lines of three directions and a constant"
_TOLERANCE = 0.01
"""How far, in Å, a vector of the file may be from a lattice vector of the crystal."""


def read(path: Path, lattice: Floats, n_atoms: int) -> tuple[Integers, Integers, Floats]:
    """Atoms (block, 3), lattice vectors (block, 2, 3) and constants (block, 3, 3, 3) in amu/(Å ps²).

    `lattice` (3, 3), a row a vector, Å, and `n_atoms` are those of the primitive cell that the file has to fit.
    """
    lines = Lines(path)
    n_blocks = lines.whole("the number of blocks, a positive whole number")
    first = lines.position
    numbers = lines.blocks(n_blocks, _WIDTHS, _EXPECTED)
    lines.finish(f"{n_blocks} blocks")

    def line_of(block: int, line: int) -> int:
        return first + int(block) * len(_WIDTHS) + int(line)

    counts, cartesian = numbers[:, 0], numbers[:, 1:7].reshape(-1, 2, 3)
    for block in np.flatnonzero(counts != np.arange(1, n_blocks + 1))[:1]:
        raise lines.fault(line_of(block, 0), f"the number of a block, {block + 1}")
    atoms = numbers[:, 7:10]
    for block in np.flatnonzero(~np.isin(atoms, np.arange(1, n_atoms + 1)).all(axis=1))[:1]:
        raise lines.fault(line_of(block, 3), f"three atoms, each from 1 to {n_atoms}")
    elements = numbers[:, 10:].reshape(-1, 27, 4)
    directions = np.array(list(product((1, 2, 3), repeat=3)))
    for block, row in np.argwhere((elements[:, :, :3] != directions).any(axis=2))[:1]:
        shown = " ".join(map(str, directions[row]))
        raise lines.fault(line_of(block, 4 + row), f"directions {shown} and a constant")

    vectors = np.rint(cartesian @ np.linalg.inv(lattice))
    distances = np.linalg.norm(cartesian - vectors @ lattice, axis=-1)
    for block, which in np.argwhere(distances > _TOLERANCE)[:1]:
        raise InputError(
            f"{lines.where(line_of(block, 1 + which))} holds a vector {distances[block, which]:.4f} Å away from the "
            "nearest lattice vector, expected one: the file is for another cell"
        )
    labels = np.column_stack([atoms - 1, vectors.reshape(-1, 6)]).astype(np.int64)
    lines.refuse_repeated(first, len(_WIDTHS), labels)
    fc3 = elements[:, :, 3].reshape(-1, 3, 3, 3)
    if not fc3.any():
        raise InputError(f"{path}: the force constants are zero throughout")
    return labels[:, :3], labels[:, 3:].reshape(-1, 2, 3), fc3 * units.EV_PER_ANGSTROM3
