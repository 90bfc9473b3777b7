"""Triples of wave vectors q + q' + q'' = G, reduced by symmetry, and whether they are normal or Umklapp."""

from dataclasses import dataclass

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.mesh import Mesh


@dataclass(frozen=True)
class Triplets:
    """For one q: the irreducible q' with q'' = -q - q', how many q' of the grid each stands for, and its normal part."""

    q2: Integers
    q3: Integers
    weights: Integers
    normal_fraction: Floats


def reduced_triplets(mesh: Mesh, point: int, rotated: Integers) -> Triplets:
    """Triplets of the irreducible point number `point`, reduced by its little group and by q' ↔ q''.

    `rotated` is `mesh.rotated()`. Arrays have shape (triplet,) and are ordered by the grid index of q'.
    """
    q1 = mesh.irreducible[point]
    little_group = rotated[rotated[:, q1] == q1]
    q3 = mesh.third_point(np.array(q1), np.arange(mesh.n_points))
    smallest = little_group.min(axis=0)
    smallest = np.minimum(smallest, smallest[q3])
    q2, weights = np.unique(smallest, return_counts=True)
    return Triplets(q2, q3[q2], weights, normal_fraction(mesh, np.full_like(q2, q1), q2, q3[q2], rotated))


def normal_fraction(mesh: Mesh, q1: Integers, q2: Integers, q3: Integers, rotated: Integers) -> Floats:
    """Share of normal processes in each triplet of grid indices, shape (triplet,).

    A triplet is normal where its three wave vectors, each in the first Brillouin zone, add up to zero. On the zone boundary
    a wave vector has several images; one is chosen (`Mesh.zone_images`), and the share is the average over
    the choices that the point group relates: choosing S·image(S⁻¹q) for every operation S is to judge the triplet's star.
    """
    legs = np.stack([q1, q2, q3])
    images = mesh.zone_images
    normal = (images[legs].sum(axis=0) == 0).all(axis=1).astype(float)
    tied = mesh.on_zone_boundary[legs].any(axis=0)
    if tied.any():
        star = rotated[:, legs[:, tied]]
        normal[tied] = (images[star].sum(axis=1) == 0).all(axis=-1).mean(axis=0)
    return normal
