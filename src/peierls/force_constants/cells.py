"""What any primitive cell has to be, whatever file it comes from."""

from collections.abc import Callable

import numpy as np

from peierls.crystal import Floats
from peierls.errors import InputError
from peierls.supercell import SITE_TOLERANCE, Cell

_LONGEST = 1e4
"""Lattice vectors beyond this, in Å, and fractional coordinates beyond a hundredth of it are taken for damage."""


def check_lattice(lattice: Floats, where: str) -> None:
    """Raises InputError unless lattice vectors (3, 3), in Å, span a volume; `where` opens the sentence."""
    lengths = np.linalg.norm(lattice, axis=1)
    if lengths.max() > _LONGEST or abs(np.linalg.det(lattice)) < 1e-6 * lengths.prod() + SITE_TOLERANCE:
        raise InputError(
            f"{where}: the lattice vectors are as long as {lengths.max():g} Å or span no volume, expected three that "
            f"do, of at most {_LONGEST:g} Å"
        )


def check_sites(cell: Cell, where: Callable[[int], str]) -> None:
    """Raises InputError unless each atom has a site of its own; `where` opens the sentence about an atom."""
    for atom, position in enumerate(cell.positions):
        if abs(position).max() > _LONGEST / 100:
            raise InputError(f"{where(atom)}: atom {atom + 1} is far from the cell, expected it near the first one")
        separations = position - cell.positions[:atom]
        distances = np.linalg.norm((separations - np.rint(separations)) @ cell.lattice, axis=1)
        if distances.min(initial=np.inf) < SITE_TOLERANCE:
            raise InputError(f"{where(atom)}: atom {atom + 1} is on the site of atom {distances.argmin() + 1}")
