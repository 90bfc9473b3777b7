"""What force constants owe to the order of derivatives and to the freedom to move the crystal as a whole.

Derivatives commute: Φ(i, j) is the transpose of Φ(j, i), and third-order constants do not care in which order their
atoms are named. A translation of all atoms costs nothing: the sum over the last atom is zero. Constants from finite
calculations break both a little; here it is measured, and for the second order repaired on request.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np

from peierls import units
from peierls.blocks import add_up, exchanged, second_order, third_order
from peierls.crystal import Crystal, Floats, Integers
from peierls.force_constants import space_group

_AT_ONCE = 100_000
"""Third-order blocks in a step; bounds its memory."""
TURNING = 1.65
"""How many times too fast, or too slow, the third order may turn the second before it is worth a warning.

Finished calculations of crystals without charges have 0.95 to 1.07, with a lattice in bohr for ångström 1.8 to 2.0.
"""

_log = logging.getLogger("peierls")


@dataclass(frozen=True)
class Violations:
    """Largest elements of what should vanish, each as a fraction of the largest force constant of its order."""

    fc2_translation: float
    fc2_permutation: float
    fc3_translation: float
    fc3_permutation: float
    fc2_space_group: float
    fc3_space_group: float


def measure(crystal: Crystal) -> Violations:
    """How far the force constants of `crystal` are from the two rules and from the symmetry of its atoms.

    Permutations of the third order are compared where the sharing among equally short images cannot break them: the
    exchange of the second and third atom block by block, the home atom's place only summed over all lattice vectors.
    """
    fc2_space_group, fc3_space_group = space_group.asymmetries(crystal)
    return Violations(
        fc2_translation=_largest(_translation_residue(crystal)) / _largest(crystal.fc2),
        fc2_permutation=_largest(_asymmetry(crystal)) / _largest(crystal.fc2),
        fc3_translation=_fc3_translation(crystal) / _largest(crystal.fc3),
        fc3_permutation=max(_fc3_exchange(crystal), _fc3_at_zone_centre(crystal)) / _largest(crystal.fc3),
        fc2_space_group=fc2_space_group,
        fc3_space_group=fc3_space_group,
    )


def report(violations: Violations) -> None:
    """Say in the log how large the violations are."""
    _log.info(
        "force constants break translation by %.1e, permutation by %.1e and the space group by %.1e (second order), "
        "by %.1e, %.1e and %.1e (third order) of the largest",
        *(violations.fc2_translation, violations.fc2_permutation, violations.fc2_space_group),
        *(violations.fc3_translation, violations.fc3_permutation, violations.fc3_space_group),
    )


def turning(crystal: Crystal) -> float | None:
    """How fast the third-order constants turn the second-order ones, over how fast they should: 1 where both are of one
    crystal and in one system of units.

    A crystal that is turned as a whole has turned constants. To first order in the angle ω, with r = R'' + r_k - r_i,

        Σ_k Φ_ijk · (ω × r) = [ω] Φ_ij - Φ_ij [ω],   [ω] v = ω × v

    Returned is the factor between the sides, by least squares over all pairs of different atoms. Single constants break
    the rule by tens of per cents where they are cut off at some distance, the factor hardly. None where second-order
    constants do not change as they turn, and for polar crystals, whose dipoles no third order holds.
    """
    if crystal.born_charges is not None and crystal.born_charges.any():
        return None
    axes = -np.array(
        [[[0, 0, 0], [0, 0, 1], [0, -1, 0]], [[0, 0, -1], [0, 0, 0], [1, 0, 0]], [[0, 1, 0], [-1, 0, 0], [0, 0, 0]]]
    )
    labels, tensors = second_order(crystal)
    turned = axes @ tensors[:, None] - tensors[:, None] @ axes
    tables = [_beside(labels, turned, 0)]
    for start in range(0, len(crystal.fc3), _AT_ONCE):
        step = slice(start, start + _AT_ONCE)
        atoms, cells = crystal.fc3_atoms[step], crystal.fc3_vectors[step]
        separations = (cells[:, 1] + crystal.positions[atoms[:, 2]] - crystal.positions[atoms[:, 0]]) @ crystal.lattice
        moved = np.einsum("nabc,wcd,nd->nwab", crystal.fc3[step], axes, separations, optimize=True)
        tables.append(_beside(np.column_stack([atoms[:, :2], cells[:, 0]]), moved, 1))
    labels, sides = add_up(*(np.concatenate(parts) for parts in zip(*tables, strict=True)))
    between = (labels[:, 0] != labels[:, 1]) | labels[:, 2:].any(axis=1)
    expected, found = sides[between].swapaxes(0, 1)
    norm = float((expected**2).sum())
    return float((expected * found).sum()) / norm if norm > 1e-20 * float((crystal.fc2**2).sum()) else None


def _beside(labels: Integers, tensors: Floats, side: int) -> tuple[Integers, Floats]:
    """Tensors (n, 3, 3, 3) added up by their labels, as one of two sides of an equation, shape (n, 2, 27)."""
    labels, sums = add_up(labels, tensors.reshape(-1, 27))
    sides = np.zeros((len(labels), 2, 27))
    sides[:, side] = sums
    return labels, sides


def warn_of_turning(crystal: Crystal, where: str) -> None:
    """Say in the log where second and third order do not belong together; `where` opens the sentence."""
    factor = turning(crystal)
    if factor is not None and not 1 / TURNING < factor < TURNING:
        _log.warning(
            "%s: as the crystal turns, its third-order constants change the second-order ones %.2g times as fast as "
            "they should: are both of one crystal, and they and the lattice in the right units?",
            *(where, factor),
        )


def impose(crystal: Crystal) -> Crystal:
    """`crystal` with the translation sum rule of the second order exact: each on-site term takes up its row's sum.

    This is what ShengBTE does to espresso.ifc2 and what Phoebe and Quantum ESPRESSO call the simple sum rule.
    """
    residue = _translation_residue(crystal)
    home = np.flatnonzero(~crystal.fc2_vectors.any(axis=1))
    diagonal = np.arange(len(crystal.species))
    corrected = crystal.fc2.copy()
    corrected[home[0], diagonal, diagonal] -= residue
    _log.info(
        "translation sum rule imposed: on-site second-order constants changed by up to %.2e eV/Å², %.1e of the largest",
        _largest(residue) / units.EV_PER_ANGSTROM2,
        _largest(residue) / _largest(crystal.fc2),
    )
    return replace(crystal, fc2=corrected)


def _translation_residue(crystal: Crystal) -> Floats:
    """Σ over R and j of Φ_ij(R), shape (atom, 3, 3)."""
    residue: Floats = crystal.fc2.sum(axis=(0, 2))
    return residue


def _asymmetry(crystal: Crystal) -> Floats:
    """Φ_ij(R) - Φ_ji(-R)ᵀ, a block for each R of either."""
    transposed = crystal.fc2.transpose(0, 2, 1, 4, 3)
    labels = np.concatenate([crystal.fc2_vectors, -crystal.fc2_vectors])
    return add_up(labels, np.concatenate([crystal.fc2, -transposed]))[1]


def _fc3_translation(crystal: Crystal) -> float:
    """Largest element of the sums over the third atom, and of those over the second."""
    largest = 0.0
    for kept in (0, 1):
        labels = np.column_stack([crystal.fc3_atoms[:, [0, 1 + kept]], crystal.fc3_vectors[:, kept]])
        largest = max(largest, _largest(add_up(labels, crystal.fc3)[1]))
    return largest


def _fc3_exchange(crystal: Crystal) -> float:
    """Largest element of Φ(i, j, k) less the same with second and third atom exchanged."""
    labels, tensors = third_order(crystal)
    other_labels, other = exchanged(labels, tensors)
    return _largest(add_up(np.concatenate([labels, other_labels]), np.concatenate([tensors, -other]))[1])


def _fc3_at_zone_centre(crystal: Crystal) -> float:
    """Largest element by which Σ over R', R'' of Φ(i, j, k) differs from the same with first and second exchanged."""
    n_atoms = len(crystal.species)
    total = np.zeros((n_atoms, n_atoms, n_atoms, 3, 3, 3))
    atoms, sums = add_up(crystal.fc3_atoms, crystal.fc3)
    total[tuple(atoms.T)] = sums
    return _largest(total - total.transpose(1, 0, 2, 4, 3, 5))


def _largest(array: Floats) -> float:
    return float(abs(array).max())
