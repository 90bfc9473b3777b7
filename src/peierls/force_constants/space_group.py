"""Force constants with the symmetry of their crystal: averaged over the space group and over exchanges of atoms.

An operation takes the atoms of a pair or a triplet to others (`symmetry.Operation`) and turns their tensor with them.
The mean over the group is the nearest set of constants that has the symmetry.

Constants are handled as labelled blocks (`blocks`).
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from peierls.blocks import add_up, exchanged, second_order, third_order
from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.symmetry import Operation, operations

GROSS = 0.5
"""Change by an operation of the space group, over the strongest constant between different atoms, from which force
constants are taken for those of another crystal.

Finished calculations show up to 0.03 and noise of 1 % of the largest constant on all of them up to 0.3. Constants of
another structure show 1.0 or more: the strongest ones are taken to where there are none.
"""
_WEAK = 0.05
"""Constants below this part of the strongest one cannot decide that, and are left out."""

_log = logging.getLogger("peierls")


def symmetrize(crystal: Crystal) -> Crystal:
    """`crystal` with its force constants averaged over its space group; how much they changed goes to the log.

    Second-order constants are averaged over the order of their atoms as well, third-order ones over that of the second
    and third. The other orderings are left to `orderings.average_over_orderings`, for they change which images a
    constant is shared among.
    """
    n_atoms = len(crystal.species)
    labels, tensors = second_order(crystal)
    mean_labels, mean = _average(crystal, *_over_exchange(labels, tensors))
    _report("second", labels, tensors, mean_labels, mean)
    vectors, which = np.unique(mean_labels[:, 2:], axis=0, return_inverse=True)
    fc2 = np.zeros((len(vectors), n_atoms, n_atoms, 3, 3))
    fc2[which, mean_labels[:, 0], mean_labels[:, 1]] = mean

    labels, tensors = third_order(crystal)
    mean_labels, mean = _average(crystal, *_over_exchange(labels, tensors))
    _report("third", labels, tensors, mean_labels, mean)
    fc3_vectors = mean_labels[:, 3:].reshape(-1, 2, 3)
    return replace(
        crystal, fc2_vectors=vectors, fc2=fc2, fc3_atoms=mean_labels[:, :3], fc3_vectors=fc3_vectors, fc3=mean
    )


def _over_exchange(labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """Mean of the blocks and those with their last two atoms exchanged."""
    other_labels, other = exchanged(labels, tensors)
    return add_up(np.concatenate([labels, other_labels]), np.concatenate([tensors, other]) / 2)


def _average(crystal: Crystal, labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """Mean of the blocks over the space group."""
    group = operations(crystal.lattice, crystal.positions, crystal.sites)
    total_labels, total = labels[:0], tensors[:0]
    for operation in group:
        moved_labels, turned = _moved(operation, labels, tensors / len(group))
        total_labels, total = add_up(np.concatenate([total_labels, moved_labels]), np.concatenate([total, turned]))
    return total_labels, total


def _moved(operation: Operation, labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """The blocks where an operation takes them."""
    order = tensors.ndim - 1
    atoms, cells = labels[:, :order], labels[:, order:].reshape(-1, order - 1, 3)
    moved = cells @ operation.rotation.T + operation.shifts[atoms[:, 1:]] - operation.shifts[atoms[:, :1]]
    turned = tensors
    for axis in range(1, order + 1):
        turned = np.moveaxis(np.tensordot(turned, operation.cartesian, axes=(axis, 1)), -1, axis)
    return np.column_stack([operation.images[atoms], moved.reshape(len(labels), 3 * (order - 1))]), turned


def asymmetries(crystal: Crystal) -> tuple[float, float]:
    """Largest change of an element when a generator of the space group acts on the constants, as a fraction of the
    largest, for the second order and the third."""
    changes = [[0.0], [0.0]]
    for operation in _generators(operations(crystal.lattice, crystal.positions, crystal.sites)):
        for change, (labels, tensors) in zip(changes, (second_order(crystal), third_order(crystal)), strict=True):
            moved_labels, turned = _moved(operation, labels, tensors)
            difference = add_up(np.concatenate([labels, moved_labels]), np.concatenate([tensors, -turned]))[1]
            change.append(float(abs(difference).max() / abs(tensors).max()))
    return max(changes[0]), max(changes[1])


def refuse_foreign(crystal: Crystal, fc2_path: Path, fc3_path: Path, structure_path: Path) -> None:
    """Raises InputError where the force constants of a file are grossly at odds with the symmetry of the atoms, or the
    second order with the exchange of its two.

    Then they are those of another crystal, or of other axes, or their atoms are in another order. Constants of a
    crystal of the same structure pass, and of one without symmetry those that keep the exchange.
    """
    group = _generators(operations(crystal.lattice, crystal.positions, crystal.sites))
    symmetry = f"the symmetry of the crystal in {structure_path.name}"
    second, third = _strong(*second_order(crystal)), _strong(*third_order(crystal))
    for path, order, what, table, images in (
        (fc2_path, "second", "the exchange of two atoms", second, [exchanged(*second)]),
        (fc2_path, "second", symmetry, second, [_moved(operation, *second) for operation in group]),
        (fc3_path, "third", symmetry, third, [_moved(operation, *third) for operation in group]),
    ):
        change, block = max((_largest_change(table, image) for image in images), default=(0.0, ""))
        if change > GROSS:
            raise InputError(
                f"{path}: {what} changes {order}-order force constants by {100 * change:.0f} % of the strongest one "
                f"between different atoms, {block} most, expected next to nothing and at most {100 * GROSS:.0f} %: is "
                "the file for another crystal, for other axes or another order of atoms, or are numbers of it damaged?"
            )


def _strong(labels: Integers, tensors: Floats) -> tuple[Integers, Floats]:
    """The strong blocks of a table between different atoms."""
    order = tensors.ndim - 1
    on_site = (labels[:, 1:order] == labels[:, :1]).all(axis=1) & ~labels[:, order:].any(axis=1)
    strengths = np.where(on_site, 0.0, _norms(tensors))
    strong = strengths > _WEAK * strengths.max()
    return labels[strong], tensors[strong]


def _largest_change(table: tuple[Integers, Floats], other: tuple[Integers, Floats]) -> tuple[float, str]:
    """Largest block of the difference of two tables, over the strongest of the first, and the name of that block."""
    if not len(table[0]):
        return 0.0, ""
    order = table[1].ndim - 1
    labels, changes = add_up(np.concatenate([table[0], other[0]]), np.concatenate([table[1], -other[1]]))
    worst = _norms(changes).argmax()
    atoms, cells = labels[worst, :order] + 1, labels[worst, order:].reshape(-1, 3)
    others = [f"{atom} of cell {' '.join(map(str, cell))}" for atom, cell in zip(atoms[1:], cells, strict=True)]
    change = float(_norms(changes)[worst] / _norms(table[1]).max())
    return change, f"those of atom {atoms[0]} with {' and '.join(others)}"


def _norms(tensors: Floats) -> Floats:
    return np.asarray(np.linalg.norm(tensors.reshape(len(tensors), -1), axis=1), dtype=float)


def _generators(group: Sequence[Operation]) -> list[Operation]:
    """Some operations of a group whose products are all of its rotations."""
    reached = {np.eye(3, dtype=np.int64).tobytes(): np.eye(3, dtype=np.int64)}
    chosen: list[Operation] = []
    # The last ones first: spglib begins with those that lead to few others.
    for operation in reversed(group):
        if operation.rotation.tobytes() in reached:
            continue
        chosen.append(operation)
        fresh = list(reached.values())
        while fresh:
            products = [one.rotation @ matrix for one in chosen for matrix in fresh]
            fresh = [matrix for matrix in products if matrix.tobytes() not in reached]
            reached |= {matrix.tobytes(): matrix for matrix in fresh}
    return chosen


def _report(order: str, labels: Integers, tensors: Floats, mean_labels: Integers, mean: Floats) -> None:
    change = abs(add_up(np.concatenate([labels, mean_labels]), np.concatenate([tensors, -mean]))[1]).max()
    _log.info(
        "space-group average changed %s-order force constants by up to %.1e of the largest",
        order,
        change / abs(tensors).max(),
    )
