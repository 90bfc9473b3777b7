"""Force constants as a list of blocks, each labelled by small integers: adding up those with equal labels."""

import numpy as np

from peierls.crystal import Floats, Integers


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
