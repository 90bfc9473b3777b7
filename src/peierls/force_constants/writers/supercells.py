"""Supercells that hold force constants: so large that nothing is lost where constants are known only up to a period.

A reader gives the constant of a supercell to the shortest images of its atoms, in equal parts. A supercell therefore
holds a table of constants if, and only if, that gives the table back: each of its vectors is a shortest image, all
images that are equally short are there, and they share equally.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from ase.geometry.minkowski_reduction import minkowski_reduce

from peierls.blocks import keys
from peierls.crystal import Crystal, Floats, Integers
from peierls.supercell import STEPS, Cell, Supercell, classes

_EQUAL = 1e-12
"""Largest difference, as a fraction of the largest constant, between constants that share equally."""


@dataclass(frozen=True)
class Blocks:
    """A table of constants of either order without its zeros: `atoms` (block, order), the first at home; lattice
    vectors `vectors` (block, order - 1, 3) of the others; `tensors` (block, 3, ...)."""

    atoms: Integers
    vectors: Integers
    tensors: Floats

    @classmethod
    def second(cls, crystal: Crystal) -> "Blocks":
        """Those of the second order."""
        vector, *pair = np.nonzero(crystal.fc2.any(axis=(3, 4)))
        return cls(np.stack(pair, axis=1), crystal.fc2_vectors[vector][:, None], crystal.fc2[vector, *pair])

    @classmethod
    def third(cls, crystal: Crystal) -> "Blocks":
        """Those of the third order."""
        kept = crystal.fc3.any(axis=(1, 2, 3))
        return cls(crystal.fc3_atoms[kept], crystal.fc3_vectors[kept], crystal.fc3[kept])

    def separations(self, crystal: Crystal) -> Floats:
        """From the first atom to each other one, Cartesian, shape (block, order - 1, 3), Å."""
        places = crystal.positions[self.atoms]
        return np.asarray((self.vectors + places[:, 1:] - places[:, :1]) @ crystal.lattice, dtype=float)

    def reach(self, crystal: Crystal) -> float:
        """The largest distance from the first atom, Å."""
        return float(np.linalg.norm(self.separations(crystal), axis=-1).max())


def primitive(crystal: Crystal) -> Cell:
    """The primitive cell of `crystal`."""
    return Cell(crystal.lattice, crystal.positions, crystal.species, crystal.masses)


def holds(crystal: Crystal, blocks: Blocks, period: Integers, tolerance: float) -> bool:
    """Whether the supercell of lattice vectors `period` (3, 3), in primitive ones, holds the table `blocks`.

    Images whose distances differ by less than `tolerance`, Å, are equally short.
    """
    shares = _shares(crystal, blocks, period, tolerance)
    if not shares.all():
        return False
    labels = [classes(vectors, period) for vectors in np.moveaxis(blocks.vectors, 1, 0)]
    _, group = np.unique(keys(np.column_stack([blocks.atoms, *labels])), return_inverse=True)
    # An image of the class is missing where the parts do not add up to one.
    if abs(np.bincount(group, shares) - 1).max() > 1e-9:
        return False
    flat = blocks.tensors.reshape(len(shares), -1)
    back = np.stack([np.bincount(group, component)[group] for component in flat.T], axis=1) * shares[:, None]
    return bool(abs(back - flat).max() <= _EQUAL * abs(flat).max())


def are_shortest(crystal: Crystal, blocks: Blocks, period: Integers, tolerance: float) -> bool:
    """Whether every vector of the table is a shortest image in the supercell."""
    return bool(_shares(crystal, blocks, period, tolerance).all())


def right_handed(period: Integers) -> Integers:
    """The supercell with vectors of positive volume in primitive ones."""
    return period if np.linalg.det(period) > 0 else -period


def periods(crystal: Crystal, reach: float, own: Integers | None, diagonal: bool) -> Iterator[Integers]:
    """Supercells (3, 3) to try, smallest first: n1 × n2 × n3 cells, and those of the shape of `own`.

    The last one is wider than twice `reach`, Å, in every direction, so that it holds any table of that reach, and the
    iterator goes on with larger ones without end. With `diagonal`, only n1 × n2 × n3 cells, `own` included if it is so.
    """
    heights = 1 / np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
    steps = np.unique([number * height / 2 for height in heights for number in range(int(2 * reach / height) + 2)])
    found = [np.diag((np.floor(2 * step / heights + 1e-9) + 1).astype(np.int64)) for step in steps[steps <= reach]]
    if own is not None and not (diagonal and np.any(own - np.diag(np.diag(own)))):
        common = int(np.gcd.reduce(own.ravel()))
        found += [right_handed(own // common * number) for number in range(1, common + 1)]
    found.append(np.diag((np.floor(2 * reach / heights + 1e-9) + 1).astype(np.int64)))
    found.sort(key=lambda period: abs(np.linalg.det(period)))
    yield from found
    while True:
        found[-1] = found[-1] + np.eye(3, dtype=np.int64)
        yield found[-1]


def repeated(crystal: Crystal, period: Integers) -> Supercell:
    """The supercell of `period`, its atoms in the order of phonopy: copies of atom 1, of atom 2, and so on, lattice
    vectors from a box around the supercell, the first axis fastest, and of equivalent ones the first."""
    # phonopy's supercell matrix M is the transpose of the period, and its box spans the corners of the rows of Mᵀ.
    corners = np.array(list(product((0, 1), repeat=3))) @ period
    box = corners.max(axis=0) - corners.min(axis=0)
    cells = np.array([cell[::-1] for cell in product(*(range(size) for size in reversed(box)))], dtype=np.int64)
    _, first = np.unique(keys(classes(cells, period)), return_index=True)
    cells = cells[np.sort(first)]
    n_atoms = len(crystal.species)
    return Supercell(
        primitive=primitive(crystal),
        period=period,
        atoms=np.repeat(np.arange(n_atoms), len(cells)),
        cells=np.tile(cells, (n_atoms, 1)),
    )


def partners(supercell: Supercell, atoms: Integers, vectors: Integers) -> Integers:
    """The index in the supercell of each of `atoms` (n) in cells `vectors` (n, 3)."""
    own = np.column_stack([supercell.atoms, classes(supercell.cells, supercell.period)])
    asked = np.column_stack([atoms, classes(vectors, supercell.period)])
    numbers = keys(np.concatenate([own, asked]))
    order = np.argsort(numbers[: len(own)])
    return np.asarray(order[np.searchsorted(numbers[: len(own)][order], numbers[len(own) :])], dtype=np.int64)


def second_order(crystal: Crystal, supercell: Supercell) -> Floats:
    """Constants of the home atoms with all atoms of the supercell, shape (atom, n, 3, 3), amu/ps²."""
    blocks = Blocks.second(crystal)
    constants = np.zeros((len(crystal.species), len(supercell), 3, 3))
    places = partners(supercell, blocks.atoms[:, 1], blocks.vectors[:, 0])
    np.add.at(constants, (blocks.atoms[:, 0], places), blocks.tensors)
    return constants


def third_order(crystal: Crystal, supercell: Supercell, home: int) -> Floats:
    """Constants of home atom `home` with all pairs of atoms of the supercell, shape (n, n, 3, 3, 3), amu/(Å ps²)."""
    blocks = Blocks.third(crystal)
    own = blocks.atoms[:, 0] == home
    places = (partners(supercell, blocks.atoms[own, leg + 1], blocks.vectors[own, leg]) for leg in range(2))
    constants = np.zeros((len(supercell), len(supercell), 3, 3, 3))
    np.add.at(constants, tuple(places), blocks.tensors[own])
    return constants


def _shares(crystal: Crystal, blocks: Blocks, period: Integers, tolerance: float) -> Floats:
    """The part of its constant that each block carries in a supercell: for each atom but the first, one over the number
    of its images that are equally short, and zero where its own is not among them."""
    reduced, _ = minkowski_reduce(period @ crystal.lattice)
    shares = np.ones(len(blocks.atoms))
    for leg, every in enumerate(np.moveaxis(blocks.separations(crystal), 1, 0)):
        pairs = np.column_stack([blocks.atoms[:, [0, leg + 1]], blocks.vectors[:, leg]])
        _, first, inverse = np.unique(keys(pairs), return_index=True, return_inverse=True)
        separations = every[first]
        folded = separations - np.rint(separations @ np.linalg.inv(reduced)) @ reduced
        lengths = np.linalg.norm(folded[:, None] + STEPS @ reduced, axis=-1)
        limits = lengths.min(axis=1) + tolerance
        ties = (lengths < limits[:, None]).sum(axis=1)
        shares *= np.where(np.linalg.norm(separations, axis=1) < limits, 1.0 / ties, 0.0)[inverse]
    return shares
