"""The point group of a crystal as it acts on wave vectors, time reversal included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import spglib

from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError

SYMMETRY_TOLERANCE = 1e-5
"""Distance below which spglib takes two positions for the same, Å."""


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


def point_group(crystal: Crystal) -> PointGroup:
    """Point group of `crystal` by spglib, joined with time reversal; `rotations` has shape (operation, 3, 3),
    identity first.

    Atoms are alike where species, mass and isotope disorder are. Raises InputError where no group is found.
    """
    symbol, rotations = rotations_of(crystal.lattice, crystal.positions, crystal.sites)
    return PointGroup(symbol, rotations, to_cartesian(rotations, crystal.reciprocal))


def rotations_of(lattice: Floats, positions: Floats, sites: Sequence[Any]) -> tuple[str, Integers]:
    """Space group, and the operations (operation, 3, 3) of `point_group`, of atoms at fractional `positions` (atom, 3)
    that are alike where their `sites` are equal; `lattice` (3, 3) in Å, a vector a row."""
    kinds = sorted(set(sites))
    cell = (lattice.tolist(), positions.tolist(), [kinds.index(site) for site in sites])
    dataset = spglib.get_symmetry_dataset(cell, symprec=SYMMETRY_TOLERANCE)
    if dataset is None:
        raise InputError(
            f"crystal: no space group is found for {len(positions)} atoms within {SYMMETRY_TOLERANCE:g} Å; "
            "expected atoms that do not overlap in a cell that has a volume"
        )
    # A rotation W of direct coordinates acts on reciprocal ones as its inverse transposed.
    direct = np.unique(dataset.rotations, axis=0)
    spatial = np.rint(np.linalg.inv(direct)).astype(np.int64).transpose(0, 2, 1)
    rotations = np.unique(np.concatenate([spatial, -spatial]), axis=0)
    is_identity = (rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))
    rotations = np.concatenate([rotations[is_identity], rotations[~is_identity]])
    return f"{dataset.international} ({dataset.number})", rotations


def to_cartesian(rotations: Integers, reciprocal: Floats) -> Floats:
    """Rotations of reciprocal fractional coordinates as Cartesian ones, shape (operation, 3, 3)."""
    return np.einsum("ia,gij,jb->gab", reciprocal, rotations, np.linalg.inv(reciprocal).T)
