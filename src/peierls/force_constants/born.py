"""Born effective charges and the dielectric tensor: phonopy's BORN file, and what any of them has to satisfy."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from peierls.crystal import Floats
from peierls.errors import InputError
from peierls.force_constants.text import read_text
from peierls.supercell import Cell
from peierls.symmetry import operations

NEUTRALITY = 0.1
"""Largest total charge of a primitive cell, in e, that is taken for the noise of a calculation and removed."""

_CATIONS = ("Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Sr", "Ba")
"""Metals whose charge is positive in every compound, as that of fluorine, and of oxygen without it, is negative."""
_CERTAIN = 0.5
"""Mean of the diagonal of a charge, in e, whose sign is no accident."""

_log = logging.getLogger("peierls")


def read(path: Path, primitive: Cell) -> tuple[Floats, Floats]:
    """Born charges (atom, 3, 3) in e, first index the field, and dielectric tensor (3, 3) from a BORN file.

    Line 1 is a comment or a conversion factor, line 2 holds the nine numbers of ε∞, and each further line those of Z*
    of one symmetry-independent atom, in the order of the primitive cell. All are in Cartesian axes; the charges of the
    other atoms follow by symmetry: Z*(i) = Rᵀ Z*(j) R where the operation with Cartesian rotation R takes i to j.
    """
    lines = [line.split() for line in read_text(path).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    source, rotations = _equivalents(primitive)
    independent = sorted(set(source))
    if len(lines) != 2 + len(independent):
        raise InputError(
            f"{path}: holds {len(lines)} lines, expected {2 + len(independent)}: a comment, the dielectric tensor and "
            f"one for each symmetry-independent atom (number {', '.join(str(atom + 1) for atom in independent)})"
        )
    tensors = np.array([_tensor(fields, f"{path}: line {number}") for number, fields in enumerate(lines[1:], start=2)])
    dielectric, charges = tensors[0], dict(zip(independent, tensors[1:], strict=True))
    expanded = np.array([R.T @ charges[atom] @ R for atom, R in zip(source, rotations, strict=True)])
    return checked(expanded, dielectric, primitive.species, path)


def checked(charges: Floats, dielectric: Floats, species: Sequence[str], path: Path) -> tuple[Floats, Floats]:
    """The same with the charges' sum made zero, if it is small, and the dielectric tensor symmetric.

    A total charge within `NEUTRALITY` is taken from all atoms alike, as phonopy does when it writes such files. Charges
    of a sign that their element of `species` cannot have are those of other atoms, and an error.
    """
    _check_signs(charges, species, path)
    total = charges.sum(axis=0)
    if abs(total).max() > NEUTRALITY:
        raise InputError(
            f"{path}: Born charges of the primitive cell sum to {abs(total).max():.4f} e, expected zero (at most "
            f"{NEUTRALITY} e)"
        )
    if abs(total).max() > 1e-6:
        _log.info("%s: Born charges sum to %.1e e, taken from all atoms alike", path, abs(total).max())
    symmetric = (dielectric + dielectric.T) / 2
    off, smallest = abs(dielectric - symmetric).max(), np.linalg.eigvalsh(symmetric)[0]
    if off > 1e-2 * abs(symmetric).max() or smallest <= 0:
        raise InputError(
            f"{path}: the dielectric tensor is not symmetric and positive definite: elements are {off:.3g} off their "
            f"mean with those across, and the smallest eigenvalue is {smallest:.3g}"
        )
    return charges - total / len(charges), symmetric


def _check_signs(charges: Floats, species: Sequence[str], path: Path) -> None:
    """Raises InputError where charges have signs that fit some of the elements and not others.

    If they fit none, the opposite charges do, and all that is computed from charges is the same for these: a warning.
    """
    means = np.trace(charges, axis1=1, axis2=2) / 3
    # Oxygen gives electrons to fluorine only.
    anions = ("F",) if "F" in species else ("O",)
    expected = np.array([(symbol in _CATIONS) - (symbol in anions) for symbol in species])
    certain = np.where(abs(means) > _CERTAIN, np.sign(means) * expected, 0)
    wrong = np.flatnonzero(certain < 0)
    if not len(wrong):
        return
    atom = int(wrong[0])
    found = f"the Born charge of atom {atom + 1}, {species[atom]}, is {means[atom]:+.2f} e in the mean"
    if (certain > 0).any():
        sign = "positive" if expected[atom] > 0 else "negative"
        raise InputError(f"{path}: {found}, expected a {sign} one: are species or charges in another order?")
    _log.warning(
        "%s: %s; if all signs are opposite nothing depends on it, else the order of atoms is wrong", path, found
    )


def _tensor(fields: list[str], where: str) -> Floats:
    try:
        tensor = np.array(fields, dtype=np.float64).reshape(3, 3)
    except ValueError:
        raise InputError(f"{where} is '{' '.join(fields)}', expected nine numbers") from None
    if not np.isfinite(tensor).all():
        raise InputError(f"{where} holds numbers that are not finite")
    return tensor


def _equivalents(primitive: Cell) -> tuple[list[int], list[Floats]]:
    """For each atom the first one that symmetry makes equal to it, and a Cartesian rotation that takes it there."""
    group = operations(primitive.lattice, primitive.positions, primitive.species)
    images = np.array([operation.images for operation in group])
    first = images.argmin(axis=0)
    return images.min(axis=0).tolist(), [group[index].cartesian for index in first]
