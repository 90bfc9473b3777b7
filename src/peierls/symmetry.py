"""The symmetry of a crystal: its space group as it acts on atoms, and its point group as it acts on wave vectors, time
reversal included."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import spglib

from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError

SYMMETRY_TOLERANCE = 1e-5
"""Distance below which spglib takes two positions for the same, Å."""


@dataclass(frozen=True)
class Operation:
    """An operation {W|t} of a space group, as it acts on a given set of atoms.

    It takes atom j of the cell at R to atom j' of the cell at W R + L_j, where W τ_j + t = τ_j' + L_j. `rotation`
    (3, 3) is W in lattice coordinates, `cartesian` (3, 3) the same in Cartesian axes; `images` (atom) holds j' and
    `shifts` (atom, 3) L.
    """

    rotation: Integers
    cartesian: Floats
    images: Integers
    shifts: Integers


@dataclass(frozen=True)
class PointGroup:
    """Operations on wave vectors: integer matrices in reciprocal coordinates and the same in Cartesian axes.

    `rotations[g] @ q` turns the fractional coordinates of q, `cartesian[g] @ v` any vector that belongs to it. Where
    the crystal has no inversion, time reversal adds it: frequencies, rates and squared matrix elements at -q are
    those at q, and velocities change sign with q, as under -1.
    """

    symbol: str
    rotations: Integers
    cartesian: Floats


def operations(lattice: Floats, positions: Floats, kinds: Sequence[Hashable]) -> list[Operation]:
    """Space group, by spglib, of atoms at fractional `positions` (atom, 3) that are alike where their `kinds` are
    equal; `lattice` (3, 3) in Å, a vector a row. Raises InputError where no group is found."""
    found = []
    group = _space_group(lattice, positions, kinds)
    for rotation, translation in zip(group.rotations.astype(np.int64), group.translations, strict=True):
        # Separation of each atom's image from each site, in lattice vectors, shape (atom, site, 3).
        separations = (positions @ rotation.T + translation)[:, None] - positions
        shifts = np.rint(separations).astype(np.int64)
        images = np.linalg.norm((separations - shifts) @ lattice, axis=-1).argmin(axis=1)
        cartesian = lattice.T @ rotation @ np.linalg.inv(lattice.T)
        found.append(Operation(rotation, cartesian, images, shifts[np.arange(len(images)), images]))
    return found


def point_group(crystal: Crystal) -> PointGroup:
    """Point group of `crystal` by spglib, joined with time reversal; `rotations` has shape (operation, 3, 3),
    identity first.

    Atoms are alike where species, mass and isotope disorder are. Raises InputError where no group is found.
    """
    symbol, rotations = rotations_of(crystal.lattice, crystal.positions, crystal.sites)
    return PointGroup(symbol, rotations, to_cartesian(rotations, crystal.reciprocal))


def rotations_of(lattice: Floats, positions: Floats, kinds: Sequence[Hashable]) -> tuple[str, Integers]:
    """Symbol of the space group, and the rotations (operation, 3, 3) of `point_group`, of atoms as in `operations`."""
    group = _space_group(lattice, positions, kinds)
    # A rotation W of direct coordinates acts on reciprocal ones as its inverse transposed.
    direct = np.unique(group.rotations, axis=0)
    spatial = np.rint(np.linalg.inv(direct)).astype(np.int64).transpose(0, 2, 1)
    rotations = np.unique(np.concatenate([spatial, -spatial]), axis=0)
    is_identity = (rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))
    rotations = np.concatenate([rotations[is_identity], rotations[~is_identity]])
    return f"{group.international} ({group.number})", rotations


def to_cartesian(rotations: Integers, reciprocal: Floats) -> Floats:
    """Rotations of reciprocal fractional coordinates as Cartesian ones, shape (operation, 3, 3)."""
    return np.einsum("ia,gij,jb->gab", reciprocal, rotations, np.linalg.inv(reciprocal).T)


def _space_group(lattice: Floats, positions: Floats, kinds: Sequence[Hashable]) -> Any:
    """What spglib finds."""
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    cell = (lattice.tolist(), positions.tolist(), [numbers[kind] for kind in kinds])
    found = spglib.get_symmetry_dataset(cell, symprec=SYMMETRY_TOLERANCE)
    if found is None:
        raise InputError(
            f"crystal: no space group is found for {len(positions)} atoms within {SYMMETRY_TOLERANCE:g} Å; "
            "expected atoms that do not overlap in a cell that has a volume"
        )
    return found
