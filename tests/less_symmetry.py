"""Meshes that use less of a crystal's symmetry, for comparison with programs that use less, or whose crystal has
less."""

from dataclasses import replace

import numpy as np

from peierls.mesh import Mesh


def without_symmetry(mesh: Mesh) -> Mesh:
    """Every point of the grid stands for itself."""
    return _with_operations(mesh, [_operation(mesh, 1)])


def with_time_reversal_only(mesh: Mesh) -> Mesh:
    """q stands for -q, and for no other."""
    return _with_operations(mesh, [_operation(mesh, 1), _operation(mesh, -1)])


def _operation(mesh: Mesh, sign: int) -> int:
    return int(np.flatnonzero((mesh.rotations == sign * np.eye(3, dtype=int)).all(axis=(1, 2)))[0])


def _with_operations(mesh: Mesh, kept: list[int]) -> Mesh:
    images = mesh.rotated()[kept]
    representative = images.min(axis=0)
    irreducible, grid_to_irreducible, weights = np.unique(representative, return_inverse=True, return_counts=True)
    return replace(
        mesh,
        rotations=mesh.rotations[kept],
        cartesian_rotations=mesh.cartesian_rotations[kept],
        irreducible=irreducible,
        weights=weights,
        grid_to_irreducible=grid_to_irreducible,
        grid_rotation=np.argmax(images[:, representative] == np.arange(mesh.n_points), axis=0),
    )
