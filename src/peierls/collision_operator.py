"""The linearised collision operator, on fields that have the symmetry of the crystal.

The unknowns of the Boltzmann equation live on the irreducible wedge. A vector field F(Sq) = S F(q) is given by three
numbers per irreducible mode, of which the little group allows some; a scalar field by one. On such fields, and with
the star weights in the inner product ⟨f, g⟩ = Σ_ir w f·g (which is the sum over the full mesh), the operator

    Ω_λλ' = A_λλ' / (s s'),   s = sqrt(n(n+1)) = 1/(2 sinh(x/2)),

is symmetric. It acts on θ = s f, and it is applied without ever being formed: each on-shell process couples its
three modes, isotopes couple pairs, everything else is on the diagonal, where it is 1/τ.

With the three wave vectors adding up to G, a field that is odd in q enters a process as f + f' + f'' whichever of
them is the sum (the mode that the other two become is at minus its wave vector), an even one with the opposite sign
on that leg.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numba
import numpy as np

from peierls.crystal import Floats, Integers
from peierls.isotopes import IsotopeScattering
from peierls.linewidths import Linewidths
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.occupation import sqrt_n_n_plus_1
from peierls.on_shell import ABSORBS_SECOND, ABSORBS_THIRD, DECAY, unpack_bands
from peierls.phonons import Phonons
from peierls.units import HBAR, THZ


@dataclass(frozen=True)
class Representation:
    """How a field turns: `matrices` of the mesh's operations, shape (operation, component, component), its `parity`
    under q → -q, and the `projectors`, shape (ir_q, component, component), on what the little group of each
    irreducible point allows.
    """

    matrices: Floats
    parity: float
    projectors: Floats


def vectors(mesh: Mesh) -> Representation:
    """Vector fields, odd in q: velocities, mean free displacements, what a temperature gradient excites."""
    return representation_of(mesh, mesh.cartesian_rotations, -1.0)


def scalars(mesh: Mesh) -> Representation:
    """Scalar fields, even in q and the same over a star: energies, temperatures."""
    return representation_of(mesh, np.ones((len(mesh.rotations), 1, 1)), 1.0)


def even_fields(mesh: Mesh) -> Representation:
    """Fields that are even in q and have no other symmetry, as fields that have it.

    A field f is held as the f of all crystals turned by an operation S, one of each pair S, -S: F(q)_S = f(S⁻¹ q).
    """
    numbers = {matrix.tobytes(): number for number, matrix in enumerate(mesh.rotations)}
    opposite = opposite_operations(mesh)
    kept = np.flatnonzero(np.arange(len(opposite)) < opposite)
    position = np.full(len(opposite), -1)
    position[kept] = position[opposite[kept]] = np.arange(len(kept))
    matrices = np.zeros((len(opposite), len(kept), len(kept)))
    for number, rotation in enumerate(mesh.rotations):
        products = [position[numbers[(rotation @ mesh.rotations[one]).tobytes()]] for one in kept]
        matrices[number, products, np.arange(len(kept))] = 1.0
    return representation_of(mesh, matrices, 1.0)


def opposite_operations(mesh: Mesh) -> Integers:
    """The number of -S for each operation S of the mesh, shape (operation,)."""
    numbers = {matrix.tobytes(): number for number, matrix in enumerate(mesh.rotations)}
    return np.array([numbers[(-matrix).tobytes()] for matrix in mesh.rotations])


def representation_of(mesh: Mesh, matrices: Floats, parity: float) -> Representation:
    """Fields that turn with `matrices`, shape (operation, component, component)."""
    rotated = mesh.rotated()[:, mesh.irreducible]
    leaves = (rotated == mesh.irreducible).astype(float)
    return Representation(matrices, parity, np.einsum("gq,gab->qab", leaves / leaves.sum(axis=0), matrices))


@dataclass(frozen=True)
class CollisionOperator:
    """Ω at several temperatures at once: fields have the shape (ir_q, band, component, temperature).

    `rates` is 1/τ, shape (ir_q, band, temperature), rad/ps; modes with a rate of zero are not `active` and take no
    part. `events` tells whether the matrix elements hold each process once for its three modes, or once per mode as
    that mode sees it; in that case (`mode`) what couples two modes is the mean of what each of them sees, (A + Aᵀ)/2.
    """

    mesh: Mesh
    frequencies: Floats
    temperatures: Floats
    events: bool
    rates: Floats
    matrix_elements: Iterable[MatrixElements]
    isotopes: IsotopeScattering

    @cached_property
    def active(self) -> Floats:
        """1 for modes that are scattered, 0 for those that are not, shape (ir_q, band, temperature)."""
        return (self.rates > 0).astype(float)

    @cached_property
    def sqrt_nn(self) -> Floats:
        """sqrt(n(n+1)) on the full grid, shape (grid, band, temperature)."""
        return np.stack([sqrt_n_n_plus_1(self.frequencies, temperature) for temperature in self.temperatures], axis=-1)

    def at(self, some: slice) -> "CollisionOperator":
        """The operator at some of its temperatures."""
        return replace(self, temperatures=self.temperatures[some], rates=self.rates[:, :, some])

    def apply(self, field: Floats, representation: Representation) -> Floats:
        """Ω θ for a field of shape (ir_q, band, component, temperature)."""
        field = field * self.active[:, :, None]
        spread = spread_over_stars(field, self.mesh, representation)
        result = np.zeros_like(spread)
        for shard in self.matrix_elements:
            arguments = (*self.couplings(shard), leg_signs(representation.parity))
            _couple_three(result, spread, self.sqrt_nn, *arguments)
        self._couple_isotopes(result, spread, representation.parity)
        folded = fold_onto_wedge(result, self.mesh, representation)
        return (folded + self.rates[:, :, None] * field) * self.active[:, :, None]

    def couplings(self, shard: MatrixElements) -> tuple[Any, ...]:
        """What a kernel needs of a shard: its arrays, the factor of each point's triplets, and how much of each pair
        of legs counts."""
        factors = HBAR * np.pi / (8 * self.mesh.n_points) * self.mesh.weights[shard.points]
        return (
            *(self.mesh.irreducible[shard.points], factors),
            *(shard.triplet_starts, shard.second_points, shard.third_points, shard.triplet_weights),
            *(shard.entry_starts, shard.bands, shard.processes, shard.strengths),
            *(1.0 if self.events else 0.5, 1.0 if self.events else 0.0),
        )

    def _couple_isotopes(self, result: Floats, field: Floats, parity: float) -> None:
        """Add what isotopes scatter into each mode, from a field on the full grid: of each part of its tensors a star
        gives Σ tensor · field, and each mode takes of what the others give the part that is along its own tensor."""
        rows, isotopes = self.mesh.grid_to_irreducible, self.isotopes
        if not len(isotopes.rates):
            return
        for tensor in isotopes.tensors(parity):
            given = np.zeros((self.mesh.n_irreducible, *field.shape[1:]))
            taken = np.zeros_like(given)
            _give(given, field, tensor, rows)
            modes = given.shape[0] * given.shape[1], -1
            _couple_two(taken.reshape(modes), given.reshape(modes), isotopes.first, isotopes.second, isotopes.rates)
            _take(result, taken, tensor, rows)

    def inner(self, left: Floats, right: Floats) -> Floats:
        """⟨left, right⟩ over the full mesh and the components, at each temperature."""
        return np.einsum("q,qsct,qsct->t", self.mesh.weights, left, right, optimize=True)


def build_collision_operator(
    mesh: Mesh,
    phonons: Phonons,
    linewidths: Linewidths,
    matrix_elements: Iterable[MatrixElements],
    isotopes: IsotopeScattering,
    events: bool,
) -> CollisionOperator:
    """The operator at the temperatures of `linewidths`, whose rates are its diagonal.

    `matrix_elements` are iterated over once for each application: a list, or `matrix_elements.Recomputed` to keep
    none of them.
    """
    return CollisionOperator(
        mesh=mesh,
        frequencies=phonons.frequencies,
        temperatures=linewidths.temperature,
        events=events,
        rates=2 * THZ * linewidths.linewidth.transpose(1, 2, 0),
        matrix_elements=matrix_elements,
        isotopes=isotopes,
    )


def spread_over_stars(field: Floats, mesh: Mesh, representation: Representation) -> Floats:
    """A field on irreducible points carried to the whole grid, (ir_q, band, component, temperature) to (grid, band,
    temperature, component)."""
    turned = np.ascontiguousarray(field.swapaxes(2, 3))
    result = np.empty((mesh.n_points, *turned.shape[1:]))
    for operation, points in _points_by_operation(mesh):
        own = turned[mesh.grid_to_irreducible[points]]
        # One product of matrices, which numpy makes of two axes only.
        flat = own.reshape(-1, own.shape[-1]) @ representation.matrices[operation].T
        result[points] = flat.reshape(own.shape)
    return result


def fold_onto_wedge(field: Floats, mesh: Mesh, representation: Representation) -> Floats:
    """The adjoint of `spread_over_stars`, divided by the star weights and projected on what the little groups allow."""
    sums = np.zeros((mesh.n_irreducible, *field.shape[1:]))
    for operation, points in _points_by_operation(mesh):
        own = field[points]
        flat = own.reshape(-1, own.shape[-1]) @ representation.matrices[operation]
        # An operation leads to one point of a star at most.
        sums[mesh.grid_to_irreducible[points]] += flat.reshape(own.shape)
    sums /= mesh.weights[:, None, None, None]
    return np.ascontiguousarray((sums @ representation.projectors[:, None]).swapaxes(2, 3))


def _points_by_operation(mesh: Mesh) -> list[tuple[int, Integers]]:
    """The grid points that each operation leads to: a matrix per point would not fit for fields of many components."""
    return [(int(one), np.flatnonzero(mesh.grid_rotation == one)) for one in np.unique(mesh.grid_rotation)]


def leg_signs(parity: float) -> Floats:
    """Sign of each leg in f ± f' ± f'' per process, shape (process, leg)."""
    signs = np.ones((3, 3))
    for process, leg in ((DECAY, 0), (ABSORBS_SECOND, 2), (ABSORBS_THIRD, 1)):
        signs[process, leg] = -parity
    return signs


@numba.njit(cache=True)
def _couple_three(
    result: Floats,
    field: Floats,
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
    """result_i += coupling_ij field_j for the pairs of legs of every process, on the full grid.

    The coupling of two legs is strength · s of the third; `with_first` scales those of the first leg, `among_others`
    the other.
    """
    n_temperatures, n_components = field.shape[2], field.shape[3]
    for p in range(len(first_points)):
        q1 = first_points[p]
        for t in range(triplet_starts[p], triplet_starts[p + 1]):
            q2, q3 = second_points[t], third_points[t]
            factor = factors[p] * triplet_weights[t]
            for entry in range(entry_starts[t], entry_starts[t + 1]):
                s1, s2, s3 = unpack_bands(bands[entry])
                process = processes[entry]
                sign1, sign2, sign3 = signs[process, 0], signs[process, 1], signs[process, 2]
                strength = factor * strengths[entry]
                base12 = with_first * strength * sign1 * sign2
                base13 = with_first * strength * sign1 * sign3
                base23 = among_others * strength * sign2 * sign3
                for i in range(n_temperatures):
                    couplings = (
                        base12 * sqrt_nn[q3, s3, i],
                        base13 * sqrt_nn[q2, s2, i],
                        base23 * sqrt_nn[q1, s1, i],
                    )
                    modes = (q1, s1), (q2, s2), (q3, s3)
                    # Most fields are vectors or scalars, and a loop of known length takes half the time.
                    if n_components == 3:
                        for x in range(3):
                            _couple(result, field, modes, i, x, couplings)
                    elif n_components == 1:
                        _couple(result, field, modes, i, 0, couplings)
                    else:
                        for x in range(n_components):
                            _couple(result, field, modes, i, x, couplings)


@numba.njit(cache=True, inline="always")
def _couple(result: Floats, field: Floats, modes: Any, i: int, x: int, couplings: tuple[float, float, float]) -> None:
    """Add to each of three modes, at one temperature and component, what the two others give it."""
    (q1, s1), (q2, s2), (q3, s3) = modes
    c12, c13, c23 = couplings
    f1, f2, f3 = field[q1, s1, i, x], field[q2, s2, i, x], field[q3, s3, i, x]
    result[q1, s1, i, x] += c12 * f2 + c13 * f3
    result[q2, s2, i, x] += c12 * f1 + c23 * f3
    result[q3, s3, i, x] += c13 * f1 + c23 * f2


@numba.njit(cache=True)
def _give(given: Floats, field: Floats, tensor: Floats, rows: Integers) -> None:
    """given += tensor · field, summed over each star, from the grid to its irreducible points."""
    for q in range(field.shape[0]):
        for s in range(field.shape[1]):
            for i in range(field.shape[2]):
                for x in range(field.shape[3]):
                    given[rows[q], s, i, x] += tensor[q, s] * field[q, s, i, x]


@numba.njit(cache=True)
def _take(result: Floats, taken: Floats, tensor: Floats, rows: Integers) -> None:
    """The adjoint of `_give`, subtracted: -tensor · taken at every point of the grid."""
    for q in range(result.shape[0]):
        for s in range(result.shape[1]):
            for i in range(result.shape[2]):
                for x in range(result.shape[3]):
                    result[q, s, i, x] -= tensor[q, s] * taken[rows[q], s, i, x]


@numba.njit(cache=True)
def _couple_two(taken: Floats, given: Floats, first: Integers, second: Integers, rates: Floats) -> None:
    """Each mode of a pair takes from the other at half the rate of the pair as either of them sees it."""
    for pair in range(len(rates)):
        i, j, half = first[pair], second[pair], 0.5 * rates[pair]
        for x in range(taken.shape[1]):
            taken[i, x] += half * given[j, x]
            taken[j, x] += half * given[i, x]
