"""Triples of wave vectors q + q' + q'' = G, reduced by symmetry, and whether they are normal or Umklapp."""

from dataclasses import dataclass

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.mesh import Mesh


@dataclass(frozen=True)
class Triplets:
    """For one q: some q' with q'' = -q - q', how many q' of the grid each stands for, and its normal part; shapes
    (triplet,)."""

    q2: Integers
    q3: Integers
    weights: Floats
    normal_fraction: Floats


def reduced_triplets(mesh: Mesh, point: int, rotated: Integers, each_event_once: bool = False) -> Triplets:
    """Triplets of the irreducible point number `point`, reduced by its little group and by q' ↔ q'', ordered by q'.

    Their weights add up to the number of grid points. With `each_event_once`, a triplet is kept at only one of the
    irreducible points of its three legs, the first, and of those of one point that are related by an exchange of q
    with q' or q'', one is kept; the weight of a triplet that k of its legs have in this row is divided by k.
    `rotated` is `mesh.rotated()`.
    """
    q1 = mesh.irreducible[point]
    little_group = rotated[rotated[:, q1] == q1]
    q3 = mesh.third_point(np.array(q1), np.arange(mesh.n_points))
    smallest = little_group.min(axis=0)
    smallest = np.minimum(smallest, smallest[q3])
    q2, counts = np.unique(smallest, return_counts=True)
    weights = counts.astype(float)
    if each_event_once:
        legs = np.stack([q2, q3[q2]])
        rows = mesh.grid_to_irreducible[legs]
        # Seen from another leg in the same star, turned back to q, the triplet is one of this row too: which one?
        turned_back = inverse_operations(mesh)[mesh.grid_rotation[legs]]
        same = np.where(rows == point, smallest[rotated[turned_back, q1]], -1)
        kept = (rows >= point).all(axis=0) & ((same == -1) | (same >= q2)).all(axis=0)
        weights = (weights / (1 + (same == q2).sum(axis=0)))[kept]
        q2 = q2[kept]
    return Triplets(q2, q3[q2], weights, normal_fraction(mesh, np.full_like(q2, q1), q2, q3[q2], rotated))


def count_reduced_triplets(mesh: Mesh, each_event_once: bool) -> int:
    """Number of triplets that `reduced_triplets` keeps at all irreducible points together.

    They are the orbits of (q, q', q'') with q + q' + q'' = 0 under the point group and, with `each_event_once`, all
    exchanges of the three, else that of q' and q''. By Burnside's lemma that is the mean number of triples which an
    operation S followed by an exchange leaves as they are: S q = q, S q' = q' without one; S² q' = q', with q fixed by
    it, for an exchange of two; (1 + S + S²) q = 0 for a cycle of three.
    """
    rotated = mesh.rotated()
    grid = np.arange(mesh.n_points)
    coordinates = mesh.coordinates
    fixed, fixed_by_square, cycled = (np.empty(len(rotated), dtype=np.int64) for _ in range(3))
    for number, once in enumerate(rotated):
        twice = once[once]
        fixed[number] = (once == grid).sum()
        fixed_by_square[number] = (twice == grid).sum()
        cycled[number] = (mesh.index(coordinates + coordinates[once] + coordinates[twice]) == 0).sum()
    if each_event_once:
        return int((fixed**2 + 3 * fixed_by_square + 2 * cycled).sum()) // (6 * len(rotated))
    return int((fixed**2 + fixed_by_square).sum()) // (2 * len(rotated))


def inverse_operations(mesh: Mesh) -> Integers:
    """Number of the inverse of each operation, shape (operation,)."""
    products = np.einsum("gij,hjk->ghik", mesh.rotations, mesh.rotations)
    return np.argmax((products == np.eye(3, dtype=np.int64)).all(axis=(2, 3)), axis=1)


def normal_fraction(mesh: Mesh, q1: Integers, q2: Integers, q3: Integers, rotated: Integers) -> Floats:
    """Share of normal processes in each triplet of grid indices, shape (triplet,).

    A triplet is normal where its three wave vectors, each in the first Brillouin zone, add up to zero. On the zone
    boundary a wave vector has several images; one is chosen (`Mesh.zone_images`), and the share is the average over
    the choices that the point group relates: choosing S·image(S⁻¹q) for every operation S is to judge the triplet's
    star.
    """
    legs = np.stack([q1, q2, q3])
    images = mesh.zone_images
    normal = (images[legs].sum(axis=0) == 0).all(axis=1).astype(float)
    tied = mesh.on_zone_boundary[legs].any(axis=0)
    if tied.any():
        star = rotated[:, legs[:, tied]]
        normal[tied] = (images[star].sum(axis=1) == 0).all(axis=-1).mean(axis=0)
    return normal
