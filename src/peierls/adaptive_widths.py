"""Widths of a Gaussian delta function that follow the group velocities and the mesh.

All widths here are standard deviations of the angular frequency. What a width stands for is the spread of the energy
mismatch over one cell of the mesh; the kinds differ in how they estimate it (docs/equations.md, "Delta
functions").
"""

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from ase.geometry import minkowski_reduce

from peierls.crystal import Floats
from peierls.mesh import Mesh
from peierls.phonons import Phonons, on_full_grid

FIXED, INVARIANT, DIFFERENCE_SUM, DIFFERENCE_MAXIMUM, QUADRATURE = range(5)

_LEAST_WIDTH = 0.1
"""Smallest width of kind `invariant`, in units of the root mean square width of a mode."""

_STANDS_STILL = 1e-8
"""Speeds below this share of their root mean square are rounding, of modes that stand still by symmetry."""


class WidthModel(NamedTuple):
    """What a kernel needs to give a variance to a triple of modes.

    `components`, shape (grid, band, 3), are velocities times mesh steps; `own`, shape (grid, band), is the variance
    that a mode has by itself; both in rad/ps, its square, with the user's scale in them. `least` is the smallest
    variance.
    """

    kind: int
    components: Floats
    own: Floats
    least: float


def fixed_width(sigma: float) -> WidthModel:
    """The same standard deviation `sigma`, rad/ps, for every triple."""
    return WidthModel(FIXED, np.zeros((1, 1, 3)), np.zeros((1, 1)), sigma**2)


def adaptive_width(mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any]) -> WidthModel:
    """The width model of `integration["kind"]`, with steps Δ_a = b_a/N_a and velocities as they stand in the energy
    mismatch.

    - `invariant`: the variance of (v_i - v_j)·δq over the Wigner-Seitz cell of the mesh, averaged over the three
      pairs of modes and over degenerate sets. Symmetric in the modes, and the same for every choice of lattice vectors.
    - `shengbte`: Σ_a ((v' - v'')·Δ_a)²/12, which is its sqrt(Σ/6) in exp(-x²/σ²).
    - `fourphonon`: max_a ((v' - v'')·Δ_a)²/4, which is its sqrt(max/2).
    - `tdep`: Σ_i σ_i² of mode widths 2π/√2 r |v|, r the radius of a sphere as large as a mesh cell (no 2π), clipped
      to between a quarter and four times the largest gap of the band's frequencies.
    """
    scale, kind = float(integration["scale"]), integration["kind"]
    velocities = on_full_grid(phonons.group_velocities, mesh)
    steps = mesh.steps
    if kind == "invariant":
        covariance = scale**2 * wigner_seitz_covariance(steps)
        components = velocities @ np.linalg.cholesky(covariance)
        own = np.einsum("ab,qsab->qs", covariance, phonons.velocity_squares)[mesh.grid_to_irreducible]
        return WidthModel(INVARIANT, components, own, _LEAST_WIDTH**2 * float(own.mean()))
    if kind == "tdep":
        own = scale**2 * _clipped_sphere_variances(mesh, phonons)[mesh.grid_to_irreducible]
        return WidthModel(QUADRATURE, velocities, own, 0.0)
    # Rounding for a width would be a weight without bound: modes that stand still have no width, and no weight.
    speeds = np.linalg.norm(velocities, axis=-1, keepdims=True)
    velocities = np.where(speeds > _STANDS_STILL * np.sqrt(np.mean(speeds**2)), velocities, 0.0)
    if kind == "shengbte":
        components = scale / np.sqrt(12) * velocities @ steps.T
        return WidthModel(DIFFERENCE_SUM, components, (components**2).sum(axis=-1), 0.0)
    components = scale / 2 * velocities @ steps.T
    return WidthModel(DIFFERENCE_MAXIMUM, components, (components**2).max(axis=-1), 0.0)


def mean_mismatch(mesh: Mesh, phonons: Phonons) -> float:
    """Root mean square over all modes of the spread of ω within the Wigner-Seitz cell of a mesh point, rad/ps."""
    covariance = wigner_seitz_covariance(mesh.steps)
    own = np.einsum("ab,qsab->qs", covariance, phonons.velocity_squares)
    return float(np.sqrt(np.average(own.mean(axis=1), weights=mesh.weights)))


def wigner_seitz_covariance(steps: Floats) -> Floats:
    """∫ x⊗x / volume over the Wigner-Seitz cell of the lattice whose vectors are the rows of `steps`, shape (3, 3).

    An orthogonal cell gives Σ_a Δ_a⊗Δ_a/12.
    """
    # Among short vectors, the neighbours that bound the cell are at most one step away in each direction.
    reduced, _ = minkowski_reduce(steps)
    triangles = _faces(np.array([one for one in product((-1, 0, 1), repeat=3) if any(one)]) @ reduced)
    # The cell is the union of the tetrahedra from its centre to the triangles of its surface.
    volumes = np.abs(_triple_products(triangles)) / 6
    sums = triangles.sum(axis=1)
    moments = np.einsum("tia,tib->tab", triangles, triangles) + np.einsum("ta,tb->tab", sums, sums)
    return np.einsum("t,tab->ab", volumes, moments) / 20 / volumes.sum()


def _faces(neighbours: Floats) -> Floats:
    """Triangles (triangle, corner, 3) that cover the faces of the cell of all x with n·x ≤ n²/2 for each of the
    `neighbours` n, shape (neighbour, 3).

    Not by a library of computational geometry: to import one takes longer than many a job.
    """
    lengths = np.linalg.norm(neighbours, axis=1)
    heights, rounding = lengths**2 / 2, 1e-11 * lengths.max() * lengths
    planes = np.array(list(combinations(range(len(neighbours)), 3)))
    normals = neighbours[planes]
    planes = planes[np.abs(_triple_products(normals)) > 1e-9 * lengths[planes].prod(axis=1)]
    corners = np.linalg.solve(neighbours[planes], heights[planes][..., None])[..., 0]
    corners = corners[(corners @ neighbours.T < heights + rounding).all(axis=1)]
    triangles = []
    for normal, height, error in zip(neighbours, heights, rounding, strict=True):
        face = corners[np.abs(corners @ normal - height) < error]
        if len(face) < 3:
            continue
        # Around its middle. Where more than three planes meet a corner comes several times: triangles of no area.
        middle = face.mean(axis=0)
        spokes = face - middle
        across = spokes[np.argmax((spokes**2).sum(axis=1))]
        angles = np.arctan2(spokes @ np.cross(normal, across) / np.linalg.norm(normal), spokes @ across)
        face = face[np.argsort(angles)]
        triangles.append(np.stack([np.broadcast_to(middle, face.shape), face, np.roll(face, -1, axis=0)], axis=1))
    return np.concatenate(triangles)


def _triple_products(vectors: Floats) -> Floats:
    """a·(b × c) of three vectors, shape (..., 3, 3), which may lie in a plane."""
    return np.einsum("...a,...a->...", vectors[..., 0, :], np.cross(vectors[..., 1, :], vectors[..., 2, :]))


def _clipped_sphere_variances(mesh: Mesh, phonons: Phonons) -> Floats:
    """σ² of the irreducible modes by the kind `tdep`, shape (ir_q, band), rad²/ps²."""
    cell = abs(np.linalg.det(mesh.reciprocal)) / (2 * np.pi) ** 3 / mesh.n_points
    radius = (3 * cell / (4 * np.pi)) ** (1 / 3)
    widths = 2 * np.pi / np.sqrt(2) * radius * np.linalg.norm(phonons.group_velocities, axis=-1)
    gaps = np.diff(np.sort(phonons.frequencies[mesh.irreducible], axis=0), axis=0).max(axis=0, initial=0.0)
    gaps = np.maximum(gaps, gaps.max() / 5)
    return np.clip(widths, gaps / 4, 4 * gaps) ** 2
