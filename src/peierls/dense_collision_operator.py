"""The collision operator as a dense symmetric matrix, in the sector of the fields that the crystal's symmetry
allows."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from peierls.collision_operator import CollisionOperator, Representation, leg_signs
from peierls.crystal import Floats, Integers
from peierls.mesh import Mesh
from peierls.on_shell import unpack_bands
from peierls.units import GIGABYTE

NULL_RATE = 1e-15
"""Eigenvalues below this share of the largest are zero to rounding."""


@dataclass(frozen=True)
class DenseSector:
    """Ω at one temperature as a symmetric matrix in an orthonormal basis of the fields that the symmetry allows.

    Coordinate u stands for a unit vector of `directions`, shape (coordinate, component), on the star of the mode
    (`points`, `bands`); `star_weights` are the numbers of points of those stars.
    """

    matrix: Floats
    points: Integers
    bands: Integers
    directions: Floats
    star_weights: Integers
    shape: tuple[int, int, int]

    def coordinates(self, field: Floats) -> Floats:
        """A field of shape (ir_q, band, component) in this basis, shape (coordinate,)."""
        components: Floats = (field[self.points, self.bands] * self.directions).sum(axis=1)
        return components * np.sqrt(self.star_weights)

    def field(self, coordinates: Floats) -> Floats:
        """The field of given coordinates; further axes of `coordinates` become further axes of the field."""
        result = np.zeros((*self.shape, *coordinates.shape[1:]))
        scaled = coordinates / np.sqrt(self.star_weights).reshape(-1, *(1,) * (coordinates.ndim - 1))
        parts = np.einsum("uc,u...->uc...", self.directions, scaled)
        np.add.at(result, (self.points, self.bands), parts)
        return result


def n_coordinates(operator: CollisionOperator, representation: Representation) -> int:
    """Dimension of the sector at the temperature that has most: Σ over active modes of the little group's invariant
    directions."""
    invariant = np.rint(np.einsum("qaa->q", representation.projectors))
    return int(np.einsum("qst,q->t", operator.active, invariant).max())


def dense_gigabytes(size: int, copies: int) -> float:
    """Memory of dense matrices of `size` rows, GB."""
    return copies * 8 * size**2 / GIGABYTE


def null_rates(rates: Floats) -> NDArray[np.bool_]:
    """Which eigenvalues of one matrix are zero to rounding."""
    return np.abs(rates) <= NULL_RATE * rates.max(initial=0.0)


def lifetimes_of(rates: Floats) -> Floats:
    """The inverse of the eigenvalues of one matrix, ps for rad/ps; infinite where they are zero to rounding."""
    return np.divide(1.0, rates, out=np.full_like(rates, np.inf), where=~null_rates(rates))


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the fields that the symmetry allows: the first coordinate of each irreducible mode, -1
    where it is not active, and their number at each point, shapes (ir_q, band) and (ir_q,); the directions
    of the irreducible points, the invariant ones first, and those of all points of the grid, shapes (ir_q, component,
    direction) and (grid, component, direction)."""

    starts: Integers
    counts: Integers
    directions: Floats
    turned: Floats

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return int(((self.starts >= 0) * self.counts[:, None]).sum())


def basis_of(operator: CollisionOperator, position: int, representation: Representation) -> Basis:
    """That of the modes which are active at temperature number `position`."""
    mesh = operator.mesh
    dimension = representation.matrices.shape[1]
    directions = np.zeros((mesh.n_irreducible, dimension, dimension))
    counts = np.rint(np.einsum("qaa->q", representation.projectors)).astype(np.int64)
    for point, projector in enumerate(representation.projectors):
        # The eigenvectors of a projector with eigenvalue 1 come last.
        directions[point, :, : counts[point]] = np.linalg.eigh(projector)[1][:, dimension - counts[point] :]
    sizes = np.where(operator.active[:, :, position] > 0, counts[:, None], 0)
    offsets = np.concatenate([[0], np.cumsum(sizes.ravel())])
    starts = np.where(sizes > 0, offsets[:-1].reshape(sizes.shape), -1)
    turned = representation.matrices[mesh.grid_rotation] @ directions[mesh.grid_to_irreducible]
    return Basis(starts, counts, directions, turned)


def add_couplings(
    matrix: Floats, operator: CollisionOperator, position: int, representation: Representation, basis: Basis
) -> None:
    """Add what Ω has off its diagonal at temperature number `position`: processes and isotopes."""
    mesh = operator.mesh
    for shard in operator.matrix_elements:
        _fill_three(
            matrix,
            *(basis.starts, mesh.grid_to_irreducible, basis.turned, basis.counts, 1.0 / np.sqrt(mesh.weights)),
            operator.sqrt_nn[:, :, position],
            *(*operator.couplings(shard), leg_signs(representation.parity)),
        )
    isotopes = operator.isotopes
    if len(isotopes.rates):
        given = _given_by_stars(isotopes.tensors(representation.parity), basis.turned, mesh)
        _fill_two(matrix, basis.starts, basis.counts, given, isotopes.first, isotopes.second, isotopes.rates)


def dense_sector(operator: CollisionOperator, position: int, representation: Representation) -> DenseSector:
    """The matrix of Ω at temperature number `position` on the fields of a representation."""
    basis = basis_of(operator, position, representation)
    points, bands, numbers = (np.empty(basis.size, dtype=np.int64) for _ in range(3))
    for (point, band), start in np.ndenumerate(basis.starts):
        if start >= 0:
            own = slice(start, start + basis.counts[point])
            points[own], bands[own], numbers[own] = point, band, np.arange(int(basis.counts[point]))
    matrix = np.zeros((basis.size, basis.size))
    add_couplings(matrix, operator, position, representation, basis)
    matrix[np.diag_indices_from(matrix)] += operator.rates[points, bands, position]
    directions = basis.directions[points, :, numbers]
    shape = (*operator.rates.shape[:2], basis.directions.shape[1])
    return DenseSector(matrix, points, bands, directions, operator.mesh.weights[points], shape)


@numba.njit(cache=True)
def _add_block(
    matrix: Floats, start1: int, start2: int, coupling: float, turned1: Floats, turned2: Floats, n1: int, n2: int
) -> None:
    """Add coupling · (T₁ᵀ T₂) and its transpose at the coordinates of two modes, unless one of them is not active."""
    if start1 < 0 or start2 < 0:
        return
    for k in range(n1):
        for m in range(n2):
            product = 0.0
            for x in range(turned1.shape[0]):
                product += turned1[x, k] * turned2[x, m]
            matrix[start1 + k, start2 + m] += coupling * product
            matrix[start2 + m, start1 + k] += coupling * product


@numba.njit(cache=True)
def _fill_three(
    matrix: Floats,
    starts: Integers,
    rows: Integers,
    turned: Floats,
    counts: Integers,
    root_weights: Floats,
    sqrt_nn: Floats,
    first_points: Integers,
    factors: Floats,
    triplet_starts: Integers,
    second_points: Integers,
    third_points: Integers,
    triplet_weights: Floats,
    entry_starts: Integers,
    bands: Integers,
    processes: Integers,
    strengths: Floats,
    with_first: float,
    among_others: float,
    signs: Floats,
) -> None:
    """The couplings of `_couple_three` as matrix elements; `root_weights` are 1/sqrt of the star weights."""
    for p in range(len(first_points)):
        q1 = first_points[p]
        for t in range(triplet_starts[p], triplet_starts[p + 1]):
            q2, q3 = second_points[t], third_points[t]
            a1, a2, a3 = rows[q1], rows[q2], rows[q3]
            factor = factors[p] * triplet_weights[t]
            for entry in range(entry_starts[t], entry_starts[t + 1]):
                s1, s2, s3 = unpack_bands(bands[entry])
                sign = signs[processes[entry]]
                strength = factor * strengths[entry]
                c12 = with_first * strength * sqrt_nn[q3, s3] * sign[0] * sign[1] * root_weights[a1] * root_weights[a2]
                c13 = with_first * strength * sqrt_nn[q2, s2] * sign[0] * sign[2] * root_weights[a1] * root_weights[a3]
                c23 = (
                    among_others * strength * sqrt_nn[q1, s1] * sign[1] * sign[2] * root_weights[a2] * root_weights[a3]
                )
                o1, o2, o3 = starts[a1, s1], starts[a2, s2], starts[a3, s3]
                _add_block(matrix, o1, o2, c12, turned[q1], turned[q2], counts[a1], counts[a2])
                _add_block(matrix, o1, o3, c13, turned[q1], turned[q3], counts[a1], counts[a3])
                _add_block(matrix, o2, o3, c23, turned[q2], turned[q3], counts[a2], counts[a3])


def _given_by_stars(tensors: Floats, turned: Floats, mesh: Mesh) -> Floats:
    """Σ tensor · unit vector over the star of each irreducible mode, shape (ir_q, band, direction, part)."""
    n_parts, _, n_bands = tensors.shape
    n_components, n_directions = turned.shape[1:]
    sums = np.zeros((mesh.n_irreducible, n_bands, n_directions, n_parts * n_components))
    for q, row in enumerate(mesh.grid_to_irreducible):
        own = np.einsum("is,xk->skix", tensors[:, q], turned[q])
        sums[row] += own.reshape(sums.shape[1:])
    return sums / np.sqrt(mesh.weights)[:, None, None, None]


@numba.njit(cache=True)
def _fill_two(
    matrix: Floats,
    starts: Integers,
    counts: Integers,
    given: Floats,
    first: Integers,
    second: Integers,
    rates: Floats,
) -> None:
    """The couplings of isotopes as matrix elements, products of what the stars have `given`."""
    n_bands = starts.shape[1]
    for pair in range(len(rates)):
        a1, s1 = divmod(first[pair], n_bands)
        a2, s2 = divmod(second[pair], n_bands)
        if starts[a1, s1] < 0 or starts[a2, s2] < 0:
            continue
        for k in range(counts[a1]):
            for m in range(counts[a2]):
                product = 0.0
                for x in range(given.shape[3]):
                    product += given[a1, s1, k, x] * given[a2, s2, m, x]
                matrix[starts[a1, s1] + k, starts[a2, s2] + m] -= 0.5 * rates[pair] * product
                matrix[starts[a2, s2] + m, starts[a1, s1] + k] -= 0.5 * rates[pair] * product
