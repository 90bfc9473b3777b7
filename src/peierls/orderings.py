"""Third-order force constants averaged over which atom is called first, second and third."""

from itertools import permutations

import numpy as np

from peierls.blocks import keys
from peierls.crystal import Floats, Integers


def average_over_orderings(atoms: Integers, vectors: Integers, tensors: Floats) -> tuple[Integers, Integers, Floats]:
    """Mean of the third-order blocks over the six orderings of their atoms, equal blocks added up.

    Takes and returns `Crystal.fc3_atoms`, `fc3_vectors` and `fc3`. The third derivative does not depend on the order
    of its arguments, but a table that shares a constant among the equally short images seen from its *first* atom
    does; the mean is what makes |Φ|² the same from each of the three modes (docs/equations.md, "Three-phonon
    scattering").
    """
    cells = np.concatenate([np.zeros((len(atoms), 1, 3), dtype=np.int64), vectors], axis=1)
    orderings = [list(legs) for legs in permutations(range(3))]
    labels = []
    for legs in orderings:
        moved = cells[:, legs]
        between = (moved[:, 1:] - moved[:, :1]).reshape(len(atoms), 6)
        labels.append(np.concatenate([atoms[:, legs], between], axis=1))
    every = np.concatenate(labels)
    _, first, groups = np.unique(keys(every), return_index=True, return_inverse=True)
    mean = np.zeros((len(first), 27))
    # One ordering after the other: six copies of the tensors are the largest thing that a calculation would hold.
    for legs, group in zip(orderings, groups.reshape(6, -1), strict=True):
        turned = tensors.transpose(0, *(1 + leg for leg in legs)).reshape(len(tensors), 27) / 6
        for component in range(27):
            mean[:, component] += np.bincount(group, turned[:, component], len(first))
    return every[first, :3], every[first, 3:].reshape(-1, 2, 3), mean.reshape(-1, 3, 3, 3)
