"""The images of a wave vector in the first Brillouin zone: those of its equivalents q - G that are shortest."""

from itertools import product
from math import ceil

import numpy as np
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray

from peierls.crystal import Floats, Integers

TIE = 1e-6
"""Images whose lengths differ by less, in units of the shortest reciprocal lattice vector, are equally short."""

_SHIFTS = np.array(list(product((-1, 0, 1), repeat=3)))
N_CANDIDATES = len(_SHIFTS)
"""Equivalents of a wave vector among which the shortest are looked for."""

BATCH = 5000
"""Wave vectors whose images are held at a time."""

_DIRECTION = np.sqrt([13.0, 7.0, 2.0])
"""A Cartesian direction that no reciprocal lattice vector is at right angles to, unless by accident."""


def translations(wave_vectors: Floats, reciprocal: Floats) -> tuple[Integers, NDArray[np.bool_]]:
    """Reciprocal lattice vectors G near each of `wave_vectors` (q, 3), all fractional, shape (q, candidate, 3), and for
    which of them q - G is as short as can be, shape (q, candidate).

    For points inside the zone that is one, for those on its boundary several.
    """
    reduced, operation = minkowski_reduce(reciprocal)
    # q - G with G near the rounded position in the reduced basis; ±1 around it is enough in a Minkowski basis.
    in_reduced = wave_vectors @ np.linalg.inv(operation.astype(float))
    centre = np.rint(in_reduced).astype(np.int64)
    candidates = in_reduced[:, None, :] - (centre[:, None, :] + _SHIFTS)
    lengths = np.linalg.norm(candidates @ reduced, axis=-1)
    shortest = lengths.min(axis=1, keepdims=True)
    tied = lengths < shortest + TIE * np.linalg.norm(reduced, axis=1).min()
    return (centre[:, None, :] + _SHIFTS) @ operation, tied


def shortest_images(coordinates: Integers, sizes: Integers, reciprocal: Floats) -> tuple[Integers, NDArray[np.bool_]]:
    """Images of each grid point, integer coordinates of shape (grid, candidate, 3), and which of them are the
    shortest."""
    lattice_vectors, tied = translations(coordinates / sizes, reciprocal)
    return coordinates[:, None] - sizes * lattice_vectors, tied


def chosen_images(coordinates: Integers, sizes: Integers, reciprocal: Floats) -> tuple[Integers, Integers]:
    """One shortest image of every grid point, opposite for opposite points, and whether another is as short.

    Of several it is the one that goes farthest along a fixed Cartesian axis, forwards or backwards, so the choice does
    not depend on the basis of the lattice.
    """
    batches = np.array_split(coordinates, ceil(len(coordinates) / BATCH))
    parts = [_farthest(batch, sizes, reciprocal) for batch in batches]
    chosen, is_tied = (np.concatenate(each) for each in zip(*parts, strict=True))
    # Of a pair q, -q the point of smaller index decides for both.
    weights = np.array([sizes[1] * sizes[2], sizes[2], 1])
    opposite = np.mod(-coordinates, sizes) @ weights
    own = np.arange(len(coordinates))
    chosen = np.where((own <= opposite)[:, None], chosen, -chosen[opposite])
    return chosen, is_tied


def _farthest(coordinates: Integers, sizes: Integers, reciprocal: Floats) -> tuple[Integers, Integers]:
    """Of the shortest images of each point, the one that goes farthest along the axis; and whether there are others."""
    images, tied = shortest_images(coordinates, sizes, reciprocal)
    reach = np.abs(images / sizes @ reciprocal @ _DIRECTION)
    best = np.argmax(np.where(tied, reach, -1.0), axis=1)
    chosen = np.take_along_axis(images, best[:, None, None], axis=1)[:, 0]
    return chosen, (tied.sum(axis=1) > 1).astype(np.int64)
