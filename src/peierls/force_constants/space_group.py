"""Force constants with the symmetry of their crystal: averaged over the space group and over exchanges of atoms.

An operation {W|t} takes atom j of cell R to atom j' of cell W R + L_j, where W τ_j + t = τ_j' + L_j, and turns the tensor
of a pair or a triplet of atoms with it. The mean over the group is the nearest set of constants that has the symmetry.

Constants are handled as labelled blocks (`blocks`): labels (block, column) hold the atoms, then the lattice vectors of all
but the first; tensors are (block, 3, 3) or (block, 3, 3, 3).
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import spglib

from peierls.crystal import Crystal, Floats, Integers
from peierls.force_constants.blocks import add_up
from peierls.symmetry import SYMMETRY_TOLERANCE

_EXCHANGE = [0, 2, 1, 6, 7, 8, 3, 4, 5]
"""Labels of a third-order block with its second and third atom exchanged."""

_log = logging.getLogger("peierls")


def symmetrize(crystal: Crystal) -> Crystal:
    """`crystal` with its force constants averaged over its space group; how much they changed goes to the log.

    Second-order constants are averaged over the order of their atoms as well, third-order ones over that of the second
    and third. The other orderings are left to `symmetrization.average_over_orderings`, for they change which images a
    constant is shared among.
    """
    n_atoms = len(crystal.species)
    vector, *pair = np.nonzero(crystal.fc2.any(axis=(3, 4)))
    labels, tensors = np.column_stack([*pair, crystal.fc2_vectors[vector]]), crystal.fc2[vector, *pair]
    exchanged = np.column_stack([labels[:, [1, 0]], -labels[:, 2:]])
    mean_labels, mean = _average(crystal, *_mean(labels, tensors, exchanged, tensors.transpose(0, 2, 1)))
    _report("second", labels, tensors, mean_labels, mean)
    vectors, which = np.unique(mean_labels[:, 2:], axis=0, return_inverse=True)
    fc2 = np.zeros((len(vectors), n_atoms, n_atoms, 3, 3))
    fc2[which, mean_labels[:, 0], mean_labels[:, 1]] = mean

    labels, tensors = np.column_stack([crystal.fc3_atoms, crystal.fc3_vectors.reshape(-1, 6)]), crystal.fc3
    mean_labels, mean = _average(crystal, *_mean(labels, tensors, labels[:, _EXCHANGE], tensors.transpose(0, 1, 3, 2)))
    _report("third", labels, tensors, mean_labels, mean)
    fc3_vectors = mean_labels[:, 3:].reshape(-1, 2, 3)
    return replace(crystal, fc2_vectors=vectors, fc2=fc2, fc3_atoms=mean_labels[:, :3], fc3_vectors=fc3_vectors, fc3=mean)


def _mean(labels: Integers, tensors: Floats, other_labels: Integers, other: Floats) -> tuple[Integers, Floats]:
    """Half the sum of two sets of blocks."""
    return add_up(np.concatenate([labels, other_labels]), np.concatenate([tensors, other]) / 2)


def _average(crystal: Crystal, labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """Mean of the blocks over the space group."""
    operations = list(_operations(crystal))
    order = tensors.ndim - 1
    atoms, cells = labels[:, :order], labels[:, order:].reshape(-1, order - 1, 3)
    total_labels, total = labels[:0], tensors[:0]
    for rotation, images, shifts, cartesian in operations:
        moved = cells @ rotation.T + shifts[atoms[:, 1:]] - shifts[atoms[:, :1]]
        turned = tensors / len(operations)
        for axis in range(1, order + 1):
            turned = np.moveaxis(np.tensordot(turned, cartesian, axes=(axis, 1)), -1, axis)
        moved_labels = np.column_stack([images[atoms], moved.reshape(len(labels), -1)])
        total_labels, total = add_up(np.concatenate([total_labels, moved_labels]), np.concatenate([total, turned]))
    return total_labels, total


def _operations(crystal: Crystal) -> Iterator[tuple[Integers, Integers, Integers, Floats]]:
    """Operations of the space group: W (3, 3), image (atom) and shift L (atom, 3) of each atom, Cartesian W (3, 3)."""
    sites = list(zip(crystal.species, crystal.masses, crystal.mass_variances, strict=True))
    kinds = sorted(set(sites))
    cell = (crystal.lattice, crystal.positions, [kinds.index(site) for site in sites])
    dataset = spglib.get_symmetry_dataset(cell, symprec=SYMMETRY_TOLERANCE)
    for rotation, translation in zip(dataset.rotations.astype(np.int64), dataset.translations, strict=True):
        # Separation of each atom's image from each site, in lattice vectors, shape (atom, site, 3).
        separations = (crystal.positions @ rotation.T + translation)[:, None] - crystal.positions
        shifts = np.rint(separations).astype(np.int64)
        images = np.linalg.norm((separations - shifts) @ crystal.lattice, axis=-1).argmin(axis=1)
        cartesian = crystal.lattice.T @ rotation @ np.linalg.inv(crystal.lattice.T)
        yield rotation, images, shifts[np.arange(len(images)), images], cartesian


def _report(order: str, labels: Integers, tensors: Floats, mean_labels: Integers, mean: Floats) -> None:
    change = abs(add_up(np.concatenate([labels, mean_labels]), np.concatenate([tensors, -mean]))[1]).max()
    _log.info(
        "space-group average changed %s-order force constants by up to %.1e of the largest", order, change / abs(tensors).max()
    )
