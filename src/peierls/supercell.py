"""From a supercell to lattice vectors: where its atoms stand on the primitive lattice, and their shortest images.

Force constants from a supercell are known only up to its period: the constant between two atoms is the sum over all
periodic images of the second one. It is given to the shortest image; where several are equally short, they share it
equally (Parlinski, Li and Kawazoe, Phys. Rev. Lett. 78, 4063 (1997)), which keeps the symmetry of the crystal and is
exact at every wave vector that the supercell can hold.
"""

from dataclasses import dataclass

import numpy as np
from ase.geometry.minkowski_reduction import minkowski_reduce

from peierls.crystal import Floats, Integers
from peierls.errors import InputError

SITE_TOLERANCE = 1e-3
"""How far, in Å, an atom of a supercell may stand from its site on the primitive lattice, unless its program says more.

Generous, for only the primitive cell's positions are used further on: rounding in a file must not tell images apart.
"""

SUSPICIOUS = 1e-3
"""Dependence on the order of derivatives, as a fraction of the largest constant, that is worth a warning."""

STEPS = np.stack(np.meshgrid(*3 * [np.arange(-2, 3)], indexing="ij"), axis=-1).reshape(-1, 3)
"""Lattice vectors of a Minkowski-reduced cell among which the shortest images are found, shape (125, 3).

For a separation folded into such a cell coefficients up to one suffice; two leave room for rounding.
"""


def copies(period: Integers) -> int:
    """Number of primitive cells in the supercell of lattice vectors `period` (3, 3), in primitive ones, a row each."""
    return abs(round(float(np.linalg.det(period))))


def classes(vectors: Integers, period: Integers) -> Integers:
    """Labels (..., 3) of lattice vectors (..., 3), from 0, equal where these differ by a vector of the supercell."""
    n_copies = copies(period)
    adjugate = np.rint(n_copies * np.linalg.inv(period)).astype(np.int64)
    labels: Integers = vectors @ adjugate % n_copies
    return labels


@dataclass(frozen=True)
class Cell:
    """A periodic cell: lattice (3, 3) in Å, a vector a row, fractional positions (n, 3), species, masses (n) in amu."""

    lattice: Floats
    positions: Floats
    species: tuple[str, ...]
    masses: Floats | None


@dataclass(frozen=True)
class Images:
    """The shortest periodic images of all atoms of a supercell, seen from one of them.

    `partner` (image): index of the atom in the supercell; `atom` (image): the same in the primitive cell; `vector`
    (image, 3): lattice vector from the home atom's primitive cell to the image's; `share` (image): 1 / number of
    equally short images of that atom.
    """

    partner: Integers
    atom: Integers
    vector: Integers
    share: Floats


@dataclass(frozen=True)
class Supercell:
    """The atoms of a supercell on the primitive lattice.

    `period` (3, 3): lattice vectors of the supercell in units of the primitive ones, a row each; `atoms` (n): which
    atom of the primitive cell each atom is; `cells` (n, 3): lattice vector of the primitive cell that it is in.
    """

    primitive: Cell
    period: Integers
    atoms: Integers
    cells: Integers

    def __len__(self) -> int:
        return len(self.atoms)

    @property
    def homes(self) -> Integers:
        """For each atom of the primitive cell the first one of its kind in the supercell, shape (atom)."""
        return np.array([np.flatnonzero(self.atoms == atom)[0] for atom in range(len(self.primitive.species))])

    def images(self, home: int, tolerance: float) -> Images:
        """Shortest images of all atoms seen from atom `home`; lengths within `tolerance` (Å) count as equal."""
        positions, lattice = self.primitive.positions, self.primitive.lattice
        reduced, change = minkowski_reduce(self.period @ lattice)
        vectors = self.cells - self.cells[home]
        separations = (vectors + positions[self.atoms] - positions[self.atoms[home]]) @ lattice
        folds = np.rint(separations @ np.linalg.inv(reduced)).astype(np.int64)
        lengths = np.linalg.norm((separations - folds @ reduced)[:, None] + STEPS @ reduced, axis=-1)
        shortest = lengths < lengths.min(axis=1, keepdims=True) + tolerance
        partner, step = np.nonzero(shortest)
        return Images(
            partner=partner,
            atom=self.atoms[partner],
            vector=vectors[partner] + (STEPS[step] - folds[partner]) @ change @ self.period,
            share=1.0 / shortest.sum(axis=1)[partner],
        )

    def translations(self) -> Integers:
        """Where atom K goes when a lattice vector takes atom J to the home of its kind, shape (J, K)."""
        moved = self.cells - self.cells[:, None] + self.cells[self.homes[self.atoms]][:, None]
        places = self.places(self.cells)
        order = np.argsort(places)
        return order[np.searchsorted(places[order], self.places(moved))]

    def places(self, cells: Integers) -> Integers:
        """One integer for each atom put into lattice vector `cells` (..., n, 3), equal where these are equivalent."""
        n_copies = copies(self.period)
        place = np.broadcast_to(self.atoms, cells.shape[:-1])
        for label in np.moveaxis(classes(cells, self.period), -1, 0):
            place = place * n_copies + label
        return place


def match(primitive: Cell, supercell: Cell, where: str, tolerance: float = SITE_TOLERANCE) -> Supercell:
    """Place the atoms of `supercell` on the lattice of `primitive`; `where` opens the sentence if they do not fit.

    Both lattice vectors and atoms may be off by `tolerance` (Å).
    """
    period = supercell.lattice @ np.linalg.inv(primitive.lattice)
    rounded = np.rint(period).astype(np.int64)
    if abs((period - rounded) @ primitive.lattice).max() > tolerance:
        raise InputError(
            f"{where}: its lattice vectors are not whole multiples of the primitive ones ({_show(period)})"
        )
    n_copies = copies(rounded)
    if n_copies == 0:
        raise InputError(f"{where}: its lattice vectors do not span space")
    if len(supercell.species) != n_copies * len(primitive.species):
        raise InputError(
            f"{where}: it holds {len(supercell.species)} atoms, expected {n_copies} primitive cells of "
            f"{len(primitive.species)} atoms"
        )
    # Separation of every atom from every primitive atom, in primitive lattice vectors, shape (n, atom, 3).
    separations = (supercell.positions @ period)[:, None] - primitive.positions
    cells = np.rint(separations).astype(np.int64)
    distances = np.linalg.norm((separations - cells) @ primitive.lattice, axis=-1)
    atoms = distances.argmin(axis=1)
    every = np.arange(len(atoms))
    for index in every[distances[every, atoms] > tolerance]:
        raise InputError(
            f"{where}: atom {index + 1} ({supercell.species[index]}) is {distances[index].min():.4f} Å away from the "
            "nearest site of the primitive lattice"
        )
    for index, atom in enumerate(atoms):
        if supercell.species[index] != primitive.species[atom]:
            raise InputError(
                f"{where}: atom {index + 1} is {supercell.species[index]}, the primitive cell has "
                f"{primitive.species[atom]} there"
            )
    if supercell.masses is not None and primitive.masses is not None:
        for index in every[supercell.masses != primitive.masses[atoms]]:
            raise InputError(
                f"{where}: atom {index + 1} has mass {supercell.masses[index]}, the primitive cell has "
                f"{primitive.masses[atoms[index]]} there"
            )
    cells = cells[every, atoms]
    matched = Supercell(primitive, rounded, atoms, cells)
    n_sites = len(np.unique(matched.places(cells)))
    if n_sites != len(atoms):
        raise InputError(f"{where}: {len(atoms) - n_sites} of its {len(atoms)} atoms share a site with another one")
    return matched


def primitive_atoms(lattice: Floats, supercell: Cell) -> Cell:
    """The primitive cell of a supercell whose primitive `lattice` (3, 3) is known: the first atom on each site."""
    positions = supercell.positions @ supercell.lattice @ np.linalg.inv(lattice)
    first: list[int] = []
    for index, position in enumerate(positions):
        separations = position - positions[first]
        separations -= np.rint(separations)
        if not (np.linalg.norm(separations @ lattice, axis=-1) < SITE_TOLERANCE).any():
            first.append(index)
    masses = None if supercell.masses is None else supercell.masses[first]
    return Cell(lattice, positions[first] % 1.0, tuple(supercell.species[index] for index in first), masses)


def second_order(supercell: Supercell, constants: Floats, tolerance: float) -> tuple[Integers, Floats]:
    """Second-order constants (atom, n, 3, 3) by lattice vector: vectors (vector, 3), fc2 (vector, atom, atom, 3, 3).

    `constants[i, J]` couples the home atom of kind i with atom J of the supercell.
    """
    seen = [supercell.images(home, tolerance) for home in supercell.homes]
    vectors, which = np.unique(np.concatenate([images.vector for images in seen]), axis=0, return_inverse=True)
    n_atoms = len(seen)
    fc2 = np.zeros((len(vectors), n_atoms, n_atoms, 3, 3))
    start = 0
    for home, images in enumerate(seen):
        rows = which[start : start + len(images.atom)]
        fc2[rows, home, images.atom] = constants[home, images.partner] * images.share[:, None, None]
        start += len(images.atom)
    # The home cell stays even where it is empty: the on-site term is what a sum rule corrects.
    kept = fc2.any(axis=(1, 2, 3, 4)) | ~vectors.any(axis=1)
    return vectors[kept], fc2[kept]


def third_order(supercell: Supercell, constants: Floats, tolerance: float) -> tuple[Integers, Integers, Floats]:
    """Third-order constants (atom, n, n, 3, 3, 3) by lattice vector, blocks that are exactly zero left out.

    `constants[i, J, K]` couples the home atom of kind i with atoms J and K of the supercell. Returns the atoms
    (block, 3), the lattice vectors (block, 2, 3) and the constants (block, 3, 3, 3). The images of J and K are the ones
    closest to the home atom, each pair of them with its share of J times that of K.
    """
    filled = [rows.any(axis=(2, 3, 4)) for rows in constants]
    seen = [supercell.images(home, tolerance) for home in supercell.homes]
    pairs = [
        np.nonzero(full[np.ix_(images.partner, images.partner)]) for full, images in zip(filled, seen, strict=True)
    ]
    n_blocks = sum(len(second) for second, _ in pairs)
    atoms = np.empty((n_blocks, 3), dtype=np.int64)
    vectors = np.empty((n_blocks, 2, 3), dtype=np.int64)
    fc3 = np.empty((n_blocks, 3, 3, 3))
    start = 0
    for home, (images, (second, third)) in enumerate(zip(seen, pairs, strict=True)):
        blocks = slice(start, start + len(second))
        atoms[blocks] = np.stack([np.full_like(second, home), images.atom[second], images.atom[third]], axis=1)
        vectors[blocks] = np.stack([images.vector[second], images.vector[third]], axis=1)
        fc3[blocks] = constants[home, images.partner[second], images.partner[third]]
        fc3[blocks] *= (images.share[second] * images.share[third])[:, None, None, None]
        start += len(second)
    return atoms, vectors, fc3


def asymmetry(supercell: Supercell, constants: Floats) -> float:
    """By how much constants (atom, n, 3, 3) or (atom, n, n, 3, 3, 3) depend on the order of their first two atoms.

    Largest element of the difference over the largest constant. Derivatives commute, so it is small unless the atoms of
    the array are not those of the supercell.
    """
    moved = supercell.translations()
    largest = 0.0
    for home, own in zip(supercell.homes, constants, strict=True):
        # The pair (home, J) seen from J: its home atom first, and the atom that `home` has become second.
        if own.ndim == 3:
            exchanged = constants[supercell.atoms, moved[:, home]].transpose(0, 2, 1)
        else:
            exchanged = constants[supercell.atoms[:, None], moved[:, home, None], moved].transpose(0, 1, 3, 2, 4)
        largest = max(largest, abs(own - exchanged).max())
    return float(largest / abs(constants).max())


def _show(matrix: Floats) -> str:
    return "; ".join(" ".join(f"{element:.4f}" for element in row) for row in matrix)
