"""What a supercell knows of the lattice: the wave vectors that fit into it, and the images that share a constant."""

from collections.abc import Sequence

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.supercell import Cell, Supercell, classes, copies, second_order
from peierls.symmetry import SYMMETRY_TOLERANCE


def cells(period: Integers) -> Integers:
    """Lattice vectors (copies, 3), one of each class modulo the rows of `period` (3, 3), home first."""
    n_copies = copies(period)
    found = np.zeros((1, 3), dtype=np.int64)
    for axis in np.eye(3, dtype=np.int64):
        # After `order` steps along this axis the classes repeat.
        order = n_copies // int(np.gcd.reduce([n_copies, *classes(axis, period)]))
        candidates = (found[:, None] + np.arange(order)[:, None] * axis).reshape(-1, 3)
        _, first = np.unique(classes(candidates, period) @ [n_copies**2, n_copies, 1], return_index=True)
        found = candidates[np.sort(first)]
    return found


def wave_vectors(period: Integers) -> Floats:
    """The q (copies, 3), fractional, whose waves repeat with the rows P of `period`: P q whole; one of each class,
    Γ first."""
    return np.asarray(cells(period.T) @ np.linalg.inv(period).T, dtype=float)


def shares(lattice: Floats, positions: Floats, species: Sequence[str], period: Integers) -> tuple[Integers, Floats]:
    """Lattice vectors R (vector, 3) and the part (vector, atom, atom) of a supercell's constant that each one carries.

    Over the R of one class modulo `period` the parts of a pair of atoms add up to one: all of it goes to the shortest
    image of the second atom, in equal parts where several are equally short, as in `supercell.second_order`.
    """
    places = cells(period)
    atoms = np.arange(len(species))
    supercell = Supercell(
        primitive=Cell(lattice, positions, tuple(species), None),
        period=period,
        atoms=np.tile(atoms, len(places)),
        cells=places.repeat(len(atoms), axis=0),
    )
    vectors, parts = second_order(supercell, np.ones((len(atoms), len(supercell), 3, 3)), SYMMETRY_TOLERANCE)
    return vectors, parts[..., 0, 0]
