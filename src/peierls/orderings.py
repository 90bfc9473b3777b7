"""Third-order force constants averaged over which atom is called first, second and third."""

from itertools import permutations

import numpy as np

from peierls.crystal import Floats, Integers


def average_over_orderings(atoms: Integers, vectors: Integers, tensors: Floats) -> tuple[Integers, Integers, Floats]:
    """Mean of the third-order blocks over the six orderings of their atoms, equal blocks added up.

    Takes and returns `Crystal.fc3_atoms`, `fc3_vectors` and `fc3`. The third derivative does not depend on the order
    of its arguments, but a table that shares a constant among the equally short images seen from its *first* atom
    does; the mean is what makes |Φ|² the same from each of the three modes (physics.md, "FC3 Fourier origin" and
    "permutations").
    """
    cells = np.concatenate([np.zeros((len(atoms), 1, 3), dtype=np.int64), vectors], axis=1)
    parts = []
    for legs in map(list, permutations(range(3))):
        moved = cells[:, legs]
        axes = (0, *(1 + leg for leg in legs))
        parts.append((atoms[:, legs], moved[:, 1:] - moved[:, :1], tensors.transpose(axes) / 6))
    labels = np.concatenate([np.concatenate([a, v.reshape(len(a), 6)], axis=1) for a, v, _ in parts])
    _, first, group = np.unique(_keys(labels), return_index=True, return_inverse=True)
    stacked = np.concatenate([tensor for _, _, tensor in parts])
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(first)))
    return labels[first, :3], labels[first, 3:].reshape(-1, 2, 3), np.add.reduceat(stacked[order], starts)


def _keys(labels: Integers) -> Integers:
    """One integer per row of small integers, in the lexicographic order of the rows."""
    shifted = labels - labels.min(axis=0)
    sizes = shifted.max(axis=0) + 1
    keys = np.zeros(len(labels), dtype=np.int64)
    for column, size in zip(shifted.T, sizes, strict=True):
        keys = keys * size + column
    return keys
