"""The linear tetrahedron method: the weight of a grid point in an integral over a surface of constant energy."""

from itertools import permutations

import numba
import numpy as np

from peierls.crystal import Floats, Integers

_MAIN_DIAGONALS = np.array([(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)])


def tetrahedra_around_a_point(steps: Floats) -> Integers:
    """The 24 tetrahedra that share a grid point, as the other three corners in grid coordinates, shape (24, 3, 3).

    `steps` are the Cartesian steps b_i/N_i of the grid, a row each. Each cell is cut into six tetrahedra along its
    shortest main diagonal (P. E. Blöchl et al., DOI 10.1103/PhysRevB.49.16223), so a grid point is a corner of 24.
    The choice of the diagonal is the one place where this method breaks the symmetry of the mesh.
    """
    lengths = np.linalg.norm(_MAIN_DIAGONALS @ steps, axis=1)
    signs = _MAIN_DIAGONALS[np.argmin(np.round(lengths / lengths.min(), 9))]
    tetrahedra = []
    for order in permutations(range(3)):
        corners = np.zeros((4, 3), dtype=np.int64)
        for step, axis in enumerate(order):
            corners[step + 1] = corners[step]
            corners[step + 1, axis] += signs[axis]
        for home in range(4):
            others = [corner for corner in range(4) if corner != home]
            tetrahedra.append(corners[others] - corners[home])
    return np.array(tetrahedra)


def neighbourhood(steps: Floats) -> tuple[Integers, Integers]:
    """Distinct corners around a grid point, itself first, and the 24 tetrahedra as triples of them; shapes (15, 3),
    (24, 3)."""
    tetrahedra = tetrahedra_around_a_point(steps)
    corners = np.array([(0, 0, 0), *sorted({tuple(corner) for one in tetrahedra for corner in one})])
    number = {tuple(corner): position for position, corner in enumerate(corners)}
    return corners, np.array([[number[tuple(corner)] for corner in one] for one in tetrahedra])


@numba.njit(cache=True, inline="always")
def _ascending(a: float, b: float, c: float) -> tuple[float, float, float]:
    """Sorted without branches, which would be taken at random."""
    low, high = min(a, b), max(a, b)
    first, middle = min(low, c), max(low, c)
    return first, min(high, middle), max(high, middle)


@numba.njit(cache=True, inline="always")
def _ranked(home: float, a: float, b: float, c: float) -> tuple[float, float, float, float, int]:
    """Four values in ascending order, of which a <= b <= c are so already, and the rank of `home` from 1."""
    if home <= a:
        return home, a, b, c, 1
    if home <= b:
        return a, home, b, c, 2
    if home <= c:
        return a, b, home, c, 3
    return a, b, c, home, 4


@numba.njit(cache=True, error_model="numpy", fastmath={"nnan", "nsz"})
def corner_weight(energy: float, home: float, a: float, b: float, c: float) -> float:
    """Weight of the corner `home` in ∫ δ(energy - f) over a tetrahedron of unit volume with f linear between its
    corners.

    Where the surface of constant energy is a face (three corners at `energy`, as among equivalent points of a mesh),
    the weight jumps, and the mean of its two limits is taken: half of the one that is not zero. With the same value
    at all corners it is zero. Source: A. H. MacDonald, S. H. Vosko, P. T. Coleridge, J. Phys. C 12, 2991 (1979), DOI
    10.1088/0022-3719/12/15/008.
    """
    a, b, c = _ascending(a, b, c)
    if energy < min(home, a) or energy > max(home, c):
        return 0.0
    e1, e2, e3, e4, rank = _ranked(home, a, b, c)
    if (energy == e1 and e3 > e1) or (energy == e4 and e2 < e4) or e1 == e4:
        return 0.0
    share = 0.5 if energy in (e1, e4) else 1.0
    # In each range all is brought over one denominator: divisions are what this function spends its time on.
    if energy < e2 or energy == e4:
        x, e21, e31, e41 = energy - e1, e2 - e1, e3 - e1, e4 - e1
        product = e21 * e31 * e41
        if rank == 1:
            others = (e2 - energy) * e31 * e41 + (e3 - energy) * e21 * e41 + (e4 - energy) * e21 * e31
            return share * x * x * others / (product * product)
        return share * x * x * x / (product * (home - e1))
    if energy >= e3:
        x, e43, e42, e41 = e4 - energy, e4 - e3, e4 - e2, e4 - e1
        product = e43 * e42 * e41
        if rank == 4:
            others = (energy - e3) * e42 * e41 + (energy - e2) * e43 * e41 + (energy - e1) * e43 * e42
            return share * x * x * others / (product * product)
        return share * x * x * x / (product * (e4 - home))
    e31, e41, e32, e42 = e3 - e1, e4 - e1, e3 - e2, e4 - e2
    x1, x2, x3, x4 = energy - e1, energy - e2, e3 - energy, e4 - energy
    inverse = 1.0 / (e31 * e41 * e32 * e42)
    # f23 f31 / e41 and f32 f24 / e41 of the source.
    first, second = x3 * x1 * e42 * inverse, x2 * x4 * e31 * inverse
    both = first + second
    if rank == 1:
        return (both * x4 * e31 + first * x3 * e41) * e32 * e42 * inverse
    if rank == 2:
        return (both * x3 * e42 + second * x4 * e32) * e31 * e41 * inverse
    if rank == 3:
        return (both * x2 * e31 + first * x1 * e32) * e41 * e42 * inverse
    return (both * x1 * e42 + second * x2 * e41) * e31 * e32 * inverse


@numba.njit(cache=True, error_model="numpy")
def corner_fraction(energy: float, home: float, a: float, b: float, c: float) -> float:
    """Weight of the corner `home` in ∫ θ(energy - f) over a tetrahedron of unit volume with f linear between its
    corners: the integral of `corner_weight` from below, a quarter above all corners.

    Source: P. E. Blöchl et al., DOI 10.1103/PhysRevB.49.16223, appendix B.
    """
    a, b, c = _ascending(a, b, c)
    if energy >= max(home, c):
        return 0.25
    if energy <= min(home, a):
        return 0.0
    e1, e2, e3, e4, rank = _ranked(home, a, b, c)
    # x_ij is how far the energy is from corner i on the edge to corner j, from 0 to 1.
    if energy < e2:
        x12, x13, x14 = (energy - e1) / (e2 - e1), (energy - e1) / (e3 - e1), (energy - e1) / (e4 - e1)
        volume = 0.25 * x12 * x13 * x14
        if rank == 1:
            return volume * (4.0 - x12 - x13 - x14)
        return volume * (x12 if rank == 2 else x13 if rank == 3 else x14)
    if energy >= e3:
        x42, x43, x41 = (e4 - energy) / (e4 - e2), (e4 - energy) / (e4 - e3), (e4 - energy) / (e4 - e1)
        volume = 0.25 * x41 * x42 * x43
        if rank == 4:
            return 0.25 - volume * (4.0 - x41 - x42 - x43)
        return 0.25 - volume * (x41 if rank == 1 else x42 if rank == 2 else x43)
    x13, x14 = (energy - e1) / (e3 - e1), (energy - e1) / (e4 - e1)
    x23, x24 = (energy - e2) / (e3 - e2), (energy - e2) / (e4 - e2)
    # The part below the energy is three tetrahedra.
    first, second, third = 0.25 * x13 * x14, 0.25 * x14 * x23 * (1.0 - x13), 0.25 * x23 * x24 * (1.0 - x14)
    if rank == 1:
        return first + (first + second) * (1.0 - x13) + (first + second + third) * (1.0 - x14)
    if rank == 2:
        return first + second + third + (second + third) * (1.0 - x23) + third * (1.0 - x24)
    if rank == 3:
        return (first + second) * x13 + (second + third) * x23
    return (first + second + third) * x14 + third * x24


@numba.njit(cache=True)
def tetrahedron_weight(energy: float, values: Floats, tetrahedra: Integers) -> float:
    """Weight of a grid point in (1/N) Σ_q δ(energy - f(q)) → ∫, from f at the point and its neighbours, shape (15,)."""
    total = 0.0
    for t in range(tetrahedra.shape[0]):
        a, b, c = values[tetrahedra[t, 0]], values[tetrahedra[t, 1]], values[tetrahedra[t, 2]]
        total += corner_weight(energy, values[0], a, b, c)
    # Each of the six tetrahedra of a cell has a sixth of its volume.
    return total / 6.0


@numba.njit(cache=True)
def tetrahedron_fraction(energy: float, values: Floats, tetrahedra: Integers) -> float:
    """Weight of a grid point in (1/N) Σ_q θ(energy - f(q)) → ∫, from 0 to 1, of f as in `tetrahedron_weight`."""
    total = 0.0
    for t in range(tetrahedra.shape[0]):
        a, b, c = values[tetrahedra[t, 0]], values[tetrahedra[t, 1]], values[tetrahedra[t, 2]]
        total += corner_fraction(energy, values[0], a, b, c)
    return total / 6.0
