"""Γ-centred regular grids of wave vectors and what the point group makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd, prod
from typing import Any

import numpy as np

from peierls.brillouin_zone import chosen_images
from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.mesh_file import read_divisions
from peierls.quantities import quantity
from peierls.symmetry import point_group

MOST_POINTS = 10**7
"""Wave vectors above which a mesh is a slip of the pen: pairs of them are beyond any computer."""


@dataclass(frozen=True)
class Mesh:
    """A grid of q = (i/N1, j/N2, k/N3) and its irreducible points under the point group and time reversal.

    Grid points are numbered with k fastest. `grid_rotation[i]` is an operation that takes the irreducible point of
    grid point i to it.
    """

    sizes: Integers = quantity("1", "3", "numbers of divisions N1, N2, N3")
    space_group: str = quantity("", "", "international symbol and number of the space group")
    reciprocal: Floats = quantity("1/angstrom", "3 3", "reciprocal lattice vectors with the 2 pi, a row each")
    rotations: Integers = quantity("1", "operation 3 3", "point group with time reversal, on fractional wave vectors")
    cartesian_rotations: Floats = quantity("1", "operation 3 3", "the same operations on Cartesian vectors")
    irreducible: Integers = quantity("1", "ir_q", "grid indices of the irreducible points")
    weights: Integers = quantity("1", "ir_q", "number of grid points in the star of each irreducible point")
    grid_to_irreducible: Integers = quantity(
        "1", "grid", "position in `irreducible` of the point that stands for each grid point"
    )
    grid_rotation: Integers = quantity("1", "grid", "operation that takes the irreducible point to the grid point")
    zone_images: Integers = quantity(
        "1",
        "grid 3",
        "coordinates i, j, k of one shortest image of each grid point, in the first Brillouin zone; of -q the opposite",
    )
    on_zone_boundary: Integers = quantity("1", "grid", "1 where another image is as short: the choice is a convention")

    @property
    def n_points(self) -> int:
        """Number of points of the full grid, N."""
        return int(self.sizes.prod())

    @property
    def n_irreducible(self) -> int:
        """Number of irreducible points."""
        return len(self.irreducible)

    @property
    def coordinates(self) -> Integers:
        """Integer coordinates (i, j, k) of every grid point, shape (grid, 3)."""
        return _coordinates(self.sizes)

    @property
    def fractional(self) -> Floats:
        """Fractional coordinates of every grid point in [0, 1), shape (grid, 3)."""
        return self.coordinates / self.sizes

    @property
    def steps(self) -> Floats:
        """Steps b_i/N_i from a grid point to the next, Cartesian, a row each, 1/Å."""
        return self.reciprocal / self.sizes[:, None]

    def index(self, coordinates: Integers) -> Integers:
        """Grid indices of integer coordinates (..., 3), folded back by reciprocal lattice vectors."""
        i, j, k = np.moveaxis(np.mod(coordinates, self.sizes), -1, 0)
        return (i * self.sizes[1] + j) * self.sizes[2] + k

    def shifted(self, steps: Integers) -> Integers:
        """Grid index of what is `steps` away, integer coordinates (step, 3), from every point, shape (grid, step)."""
        coordinates = self.coordinates
        return np.stack([self.index(coordinates + step) for step in steps], axis=1)

    @property
    def grid_rotations(self) -> Integers:
        """The operations on integer coordinates, shape (operation, 3, 3)."""
        return _on_grid(self.rotations, self.sizes)

    def rotated(self) -> Integers:
        """Grid index of every rotated grid point, shape (operation, grid)."""
        return rotated_grid(self.sizes, self.rotations)

    def sums_over_stars(self) -> Floats:
        """The linear map of a tensor at each irreducible point to its sum over the star, shape (ir_q, 9, 9).

        Σ (S v)⊗(S w) over the operations S that lead to the points of the star; tensors flat, shape (9,).
        """
        turns = self.cartesian_rotations[self.grid_rotation]
        sums = np.zeros((self.n_irreducible, 9, 9))
        np.add.at(sums, self.grid_to_irreducible, np.einsum("gac,gbd->gabcd", turns, turns).reshape(-1, 9, 9))
        return sums

    def third_point(self, q1: Integers, q2: Integers) -> Integers:
        """Grid index of q'' = -q - q' for grid indices q and q' of any shapes that go together."""
        coordinates = self.coordinates
        return self.index(-coordinates[q1] - coordinates[q2])


def build_mesh(crystal: Crystal, setting: Sequence[int] | Mapping[str, Any]) -> Mesh:
    """The mesh for three numbers of divisions, {"density": ...} or {"file": ...}, with its symmetry.

    A density gives the numbers of `divisions`, raised to the nearest mesh that the point group maps to itself. Raises
    InputError for a mesh that the group does not map to itself, naming the nearest that work, for one of too many
    points, or for a file that holds no regular grid (`mesh_file`).
    """
    group = point_group(crystal)
    if isinstance(setting, Mapping) and "density" in setting:
        wanted = divisions(crystal.reciprocal, float(setting["density"]))
        sizes = _nearest_allowed(wanted, group.rotations, least=wanted)[0]
    else:
        given = read_divisions(setting["file"]) if isinstance(setting, Mapping) else setting
        _check_number(list(map(float, given)))
        sizes = np.array(given, dtype=np.int64)
        if not _is_mapped_to_itself(sizes, group.rotations):
            nearest = _nearest_allowed(sizes, group.rotations, least=np.ones(3, dtype=np.int64))
            raise InputError(
                f"mesh: {list(map(int, sizes))} is not mapped to itself by the point group of {group.symbol}; "
                f"the nearest that are: {', '.join(str(list(map(int, one))) for one in nearest)}"
            )
    images = rotated_grid(sizes, group.rotations)
    # The smallest index of a star stands for it; the operation that leads to a point is the inverse of one that
    # leads back.
    representative = images.min(axis=0)
    irreducible, grid_to_irreducible, weights = np.unique(representative, return_inverse=True, return_counts=True)
    grid_rotation = np.argmax(images[:, representative] == np.arange(len(representative)), axis=0)
    zone_images, on_boundary = chosen_images(_coordinates(sizes), sizes, crystal.reciprocal)
    return Mesh(
        sizes=sizes,
        space_group=group.symbol,
        reciprocal=crystal.reciprocal,
        rotations=group.rotations,
        cartesian_rotations=group.cartesian,
        irreducible=irreducible,
        weights=weights,
        grid_to_irreducible=grid_to_irreducible,
        grid_rotation=grid_rotation,
        zone_images=zone_images,
        on_zone_boundary=on_boundary,
    )


def divisions(reciprocal: Floats, density: float) -> Integers:
    """N_i = round(ρ |b_i| / 2π) for reciprocal lattice vectors with the 2π, a row each, 1/Å, and a density ρ in Å.

    Raises InputError where they make too many points.
    """
    lengths = np.linalg.norm(reciprocal, axis=1)
    numbers = np.maximum(1, np.rint(density * lengths / (2 * np.pi)))
    _check_number(numbers.tolist())
    return numbers.astype(np.int64)


def _check_number(sizes: Sequence[float]) -> None:
    """The numbers of divisions are floating, which no product takes beyond their range."""
    if prod(sizes) > MOST_POINTS:
        numbers = ", ".join(f"{size:.6g}" for size in sizes)
        raise InputError(f"mesh: [{numbers}] has {prod(sizes):.2g} wave vectors, expected at most {MOST_POINTS:.0e}")


def rotated_grid(sizes: Integers, rotations: Integers) -> Integers:
    """Grid index of every point of a grid of `sizes` after each operation on fractional wave vectors (operation, 3, 3),
    shape (operation, grid)."""
    coordinates = _coordinates(sizes)
    index = np.array([sizes[1] * sizes[2], sizes[2], 1])
    return np.stack([np.mod(coordinates @ rotation.T, sizes) @ index for rotation in _on_grid(rotations, sizes)])


def _coordinates(sizes: Integers) -> Integers:
    return np.stack(np.unravel_index(np.arange(sizes.prod()), tuple(sizes)), axis=1)


def _on_grid(rotations: Integers, sizes: Integers) -> Integers:
    """Rotations of fractional coordinates as integer matrices on grid coordinates: N_i S_ij / N_j."""
    return rotations * sizes[:, None] // sizes[None, :]


def _is_mapped_to_itself(sizes: Integers, rotations: Integers) -> bool:
    return bool((rotations * sizes[:, None] % sizes[None, :] == 0).all())


def _nearest_allowed(sizes: Integers, rotations: Integers, least: Integers, count: int = 3) -> list[Integers]:
    """The `count` allowed meshes that differ least from `sizes` and have at least `least` divisions each.

    Allowed meshes are the common multiples of allowed ratios, so a search up to the largest size in every direction
    cannot miss the nearest: (n, n, n) is always allowed.
    """
    reach = int(max(sizes.max() - sizes.min(), 1)) + 2
    ranges = [
        range(max(int(low), int(size) - reach), int(size) + reach + 1) for low, size in zip(least, sizes, strict=True)
    ]
    allowed = [np.array(one) for one in product(*ranges) if _is_mapped_to_itself(np.array(one), rotations)]
    allowed.sort(key=lambda one: (int(((one - sizes) ** 2).sum()), -gcd(*map(int, one)), tuple(one)))
    return allowed[:count]
