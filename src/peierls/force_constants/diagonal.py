"""Second-order constants on a grid of cells: supercells that repeat the primitive cell n1 × n2 × n3 times."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from peierls import supercell
from peierls.crystal import Floats, Integers
from peierls.errors import InputError
from peierls.supercell import Cell, Supercell

TIE = 1e-4
"""Images whose distances differ by less, Å, are equally short. Text files hold positions to some seven digits."""

_log = logging.getLogger("peierls")


def second_order(primitive: Cell, constants: Floats, path: Path) -> tuple[Integers, Floats]:
    """Constants by lattice vector, vectors (vector, 3) and fc2 (vector, atom, atom, 3, 3), the shortest images sharing.

    `constants[i, j, a, b, c]`, shape (atom, atom, n1, n2, n3, 3, 3), couples atom i of the home cell with atom j of the
    cell (a, b, c), known up to the period of the supercell. `path` is the file that messages name.
    """
    if not constants.any():
        raise InputError(f"{path}: the force constants are zero throughout")
    n_atoms, sizes = len(constants), constants.shape[2:5]
    opposite = np.roll(constants[:, :, ::-1, ::-1, ::-1], (1, 1, 1), axis=(2, 3, 4))
    asymmetry = abs(constants - opposite.transpose(1, 0, 2, 3, 4, 6, 5)).max() / abs(constants).max()
    if asymmetry > supercell.SUSPICIOUS:
        _log.warning("%s: constants depend on the order of atoms by %.1e of the largest one", path, asymmetry)
    rows = constants.reshape(n_atoms, -1, 3, 3)
    return supercell.second_order(repeated(primitive, sizes), rows, TIE)


def repeated(primitive: Cell, sizes: Sequence[int]) -> Supercell:
    """All copies of atom 1, then of atom 2, and so on; of the cells (a, b, c) of copies, c runs fastest."""
    cells = np.stack(np.unravel_index(np.arange(np.prod(sizes)), tuple(sizes)), axis=1)
    n_atoms = len(primitive.species)
    return Supercell(
        primitive=primitive,
        period=np.diag(sizes),
        atoms=np.repeat(np.arange(n_atoms), len(cells)),
        cells=np.tile(cells, (n_atoms, 1)),
    )
