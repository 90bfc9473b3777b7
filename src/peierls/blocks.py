"""Force constants as a list of blocks, each labelled by small integers: its atoms, then the lattice vectors of all
atoms but the first, which is at home."""

import numpy as np

from peierls.crystal import Crystal, Floats, Integers


def second_order(crystal: Crystal) -> tuple[Integers, Floats]:
    """Labels (block, 5) and tensors (block, 3, 3) of the second order, amu/ps², without blocks of zeros."""
    vector, *pair = np.nonzero(crystal.fc2.any(axis=(3, 4)))
    return np.column_stack([*pair, crystal.fc2_vectors[vector]]), crystal.fc2[vector, *pair]


def third_order(crystal: Crystal) -> tuple[Integers, Floats]:
    """Labels (block, 9) and tensors (block, 3, 3, 3) of the third order, amu/(Å ps²)."""
    return np.column_stack([crystal.fc3_atoms, crystal.fc3_vectors.reshape(-1, 6)]), crystal.fc3


def exchanged(labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """The blocks of either order with their last two atoms exchanged; of the second order the other one is then at
    home."""
    if tensors.ndim == 3:
        return np.column_stack([labels[:, [1, 0]], -labels[:, 2:]]), tensors.transpose(0, 2, 1)
    return labels[:, [0, 2, 1, 6, 7, 8, 3, 4, 5]], tensors.transpose(0, 1, 3, 2)


def add_up(labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """The distinct rows of `labels` (block, column) in order, and for each the sum of its `tensors` (block, ...)."""
    numbers = keys(labels)
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    return labels[order[starts]], np.add.reduceat(tensors[order], starts)


def keys(labels: Integers) -> Integers:
    """One integer per row, not negative, in the order of the rows."""
    shifted = labels - labels.min(axis=0)
    sizes = shifted.max(axis=0) + 1
    if np.prod(sizes, dtype=object) >= 2**63:
        ranks: Integers = np.unique(labels, axis=0, return_inverse=True)[1]
        return ranks
    numbers: Integers = np.ravel_multi_index(tuple(shifted.T), tuple(sizes))
    return numbers
