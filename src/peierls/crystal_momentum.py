"""The crystal momentum ħq of a mode, with q in the first Brillouin zone, where the zone's boundary leaves a choice.

A wave vector on the boundary has several images, and none can be preferred without breaking a symmetry. What is linear
in q or local takes the mean over the images. Elsewhere one image stands for each q, opposite for opposite q, and the
answer is the mean over the choices that the point group makes of it: S takes the choice c to (Sc)(q) = S c(S⁻¹q). A
field that depends on the choice then is one field with a component per choice, and as such has the symmetry of the
crystal. A q that is its own opposite, up to a reciprocal lattice vector, has no image that is odd in q: there the field
is even, and stands apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peierls.brillouin_zone import shortest_images
from peierls.collision_operator import Representation, representation_of
from peierls.crystal import Floats, Integers
from peierls.mesh import Mesh
from peierls.units import HBAR


@dataclass(frozen=True)
class ImageChoices:
    """Momenta under all choices that the point group relates.

    `momenta` has the shape (ir_q, choice, 3), zero outside the wave vectors that were asked for; operation g takes
    choice c to choice `permutations[g, c]`.
    """

    momenta: Floats
    permutations: Integers

    @property
    def count(self) -> int:
        """Number of choices."""
        return self.momenta.shape[1]

    def fields(self, mesh: Mesh, rank: int, parity: float) -> Representation:
        """How tensor fields of a rank with a tensor per choice turn; components are numbered choice first."""
        matrices = np.zeros((len(self.permutations), self.count, self.count))
        operations, choices = np.indices(self.permutations.shape)
        matrices[operations, self.permutations, choices] = 1.0
        for _ in range(rank):
            size = 3 * matrices.shape[1]
            matrices = np.einsum("gab,gcd->gacbd", matrices, mesh.cartesian_rotations).reshape(-1, size, size)
        return representation_of(mesh, matrices, parity)


def self_inverse(mesh: Mesh) -> NDArray[np.bool_]:
    """Whether q and -q are one point of the grid, shape (grid,)."""
    return mesh.index(-mesh.coordinates) == np.arange(mesh.n_points)


def momenta(mesh: Mesh) -> Floats:
    """ħq of the mesh's own choice of images, shape (grid, 3)."""
    return _cartesian(mesh, mesh.zone_images)


def mean_momenta(mesh: Mesh) -> Floats:
    """ħq, mean over the images, at the irreducible points, shape (ir_q, 3)."""
    images, shares = _images(mesh)
    return np.einsum("qi,qia->qa", shares, images)


def mean_squares(mesh: Mesh) -> Floats:
    """ħq ħq, mean over the images, at the irreducible points, shape (ir_q, 3, 3)."""
    images, shares = _images(mesh)
    return np.einsum("qi,qia,qib->qab", shares, images, images)


def related_choices(mesh: Mesh, points: NDArray[np.bool_]) -> ImageChoices:
    """The choices that the point group makes of the mesh's own, on a set of grid points that the group maps to
    itself, shape (grid,)."""
    tied = np.flatnonzero(points & (mesh.on_zone_boundary == 1))
    place = np.full(mesh.n_points, -1)
    place[tied] = np.arange(len(tied))
    target = place[mesh.rotated()[:, tied]]

    def turned(operation: int, images: Integers) -> Integers:
        result = np.empty_like(images)
        result[target[operation]] = images @ mesh.grid_rotations[operation].T
        return result

    operations = range(len(mesh.rotations))
    own = np.ascontiguousarray(mesh.zone_images[tied])
    found = {images.tobytes(): images for images in (turned(operation, own) for operation in operations)}
    numbers = {key: number for number, key in enumerate(found)}
    permutations = np.array(
        [[numbers[turned(operation, images).tobytes()] for images in found.values()] for operation in operations]
    )
    images = np.repeat(np.where(points[:, None], mesh.zone_images, 0)[:, None], len(found), axis=1)
    images[tied] = np.stack(list(found.values()), axis=1)
    return ImageChoices(_cartesian(mesh, images[mesh.irreducible]), permutations)


def _images(mesh: Mesh) -> tuple[Floats, Floats]:
    """ħq of all images of the irreducible points and their shares, shapes (ir_q, image, 3) and (ir_q, image)."""
    images, tied = shortest_images(mesh.coordinates[mesh.irreducible], mesh.sizes, mesh.reciprocal)
    return _cartesian(mesh, images), tied / tied.sum(axis=1, keepdims=True)


def _cartesian(mesh: Mesh, images: Integers) -> Floats:
    result: Floats = HBAR * (images / mesh.sizes) @ mesh.reciprocal
    return result
