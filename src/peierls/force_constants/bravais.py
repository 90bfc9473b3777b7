"""The fourteen Bravais lattices as Quantum ESPRESSO numbers and orients them.

Source: its documentation of pw.x, `ibrav`.
"""

from collections.abc import Sequence

import numpy as np

from peierls.crystal import Floats

INDICES = (1, 2, 3, -3, 4, 5, -5, 6, 7, 8, 9, -9, 91, 10, 11, 12, -12, 13, -13, 14)
"""Every `ibrav` but 0, which is for a lattice given by its vectors."""


def lattice(ibrav: int, celldm: Sequence[float]) -> Floats:
    """Lattice vectors, a row each, in units of celldm(1), shape (3, 3).

    `celldm` holds a in bohr, b/a, c/a and the cosines of the angles that the lattice asks for. Raises ValueError where
    they make no lattice. For -13 the axes are those of version 6.5 and later.
    """
    b, c = celldm[1:3]
    cosines = celldm[3:]
    if ibrav in (4, 6, 7) and c <= 0:
        raise ValueError("celldm(3) is not positive")
    if abs(ibrav) in (8, 9, 91, 10, 11, 12, 13, 14) and min(b, c) <= 0:
        raise ValueError("celldm(2) and celldm(3) are not both positive")
    if abs(ibrav) in (5, 12, 13, 14) and any(abs(cosine) >= 1 for cosine in cosines):
        raise ValueError("celldm(4), (5) and (6) are not all cosines")
    rows: list[tuple[float, float, float]]
    match ibrav:
        case 1:
            rows = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
        case 2:
            rows = [(-0.5, 0, 0.5), (0, 0.5, 0.5), (-0.5, 0.5, 0)]
        case 3:
            rows = [(0.5, 0.5, 0.5), (-0.5, 0.5, 0.5), (-0.5, -0.5, 0.5)]
        case -3:
            rows = [(-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)]
        case 4:
            rows = [(1, 0, 0), (-0.5, np.sqrt(3) / 2, 0), (0, 0, c)]
        case 5 | -5:
            rows = _trigonal(ibrav, cosines[0])
        case 6:
            rows = [(1, 0, 0), (0, 1, 0), (0, 0, c)]
        case 7:
            rows = [(0.5, -0.5, c / 2), (0.5, 0.5, c / 2), (-0.5, -0.5, c / 2)]
        case 8:
            rows = [(1, 0, 0), (0, b, 0), (0, 0, c)]
        case 9:
            rows = [(0.5, b / 2, 0), (-0.5, b / 2, 0), (0, 0, c)]
        case -9:
            rows = [(0.5, -b / 2, 0), (0.5, b / 2, 0), (0, 0, c)]
        case 91:
            rows = [(1, 0, 0), (0, b / 2, -c / 2), (0, b / 2, c / 2)]
        case 10:
            rows = [(0.5, 0, c / 2), (0.5, b / 2, 0), (0, b / 2, c / 2)]
        case 11:
            rows = [(0.5, b / 2, c / 2), (-0.5, b / 2, c / 2), (-0.5, -b / 2, c / 2)]
        case 12:
            rows = [(1, 0, 0), (b * cosines[0], b * _sine(cosines[0]), 0), (0, 0, c)]
        case -12:
            rows = [(1, 0, 0), (0, b, 0), (c * cosines[1], 0, c * _sine(cosines[1]))]
        case 13:
            rows = [(0.5, 0, -c / 2), (b * cosines[0], b * _sine(cosines[0]), 0), (0.5, 0, c / 2)]
        case -13:
            rows = [(0.5, b / 2, 0), (-0.5, b / 2, 0), (c * cosines[1], 0, c * _sine(cosines[1]))]
        case 14:
            rows = _triclinic(b, c, *cosines)
        case _:
            raise ValueError(f"there is no lattice {ibrav}")
    return np.array(rows)


def _sine(cosine: float) -> float:
    return float(np.sqrt(1 - cosine**2))


def _trigonal(ibrav: int, cosine: float) -> list[tuple[float, float, float]]:
    """Three vectors of equal length with equal angles, about z or, for -5, about (111)."""
    if cosine <= -0.5:
        raise ValueError("celldm(4) is below -1/2")
    along, across = np.sqrt(1 + 2 * cosine), np.sqrt(1 - cosine)
    if ibrav == 5:
        x, y, z = across / np.sqrt(2), across / np.sqrt(6), along / np.sqrt(3)
        return [(x, -y, z), (0, 2 * y, z), (-x, -y, z)]
    u, v = (along - 2 * across) / 3, (along + across) / 3
    return [(u, v, v), (v, u, v), (v, v, u)]


def _triclinic(b: float, c: float, bc: float, ac: float, ab: float) -> list[tuple[float, float, float]]:
    """a along x, b in the plane of x and y, from the cosines of the three angles."""
    square = 1 + 2 * bc * ac * ab - bc**2 - ac**2 - ab**2
    if square <= 0:
        raise ValueError("celldm(4), (5) and (6) make no lattice")
    sine = _sine(ab)
    return [(1, 0, 0), (b * ab, b * sine, 0), (c * ac, c * (bc - ac * ab) / sine, c * np.sqrt(square) / sine)]
