"""Images of wave vectors in the first Brillouin zone."""

import numpy as np
import pytest
from chain import face_centred, hexagonal, triclinic
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from peierls import brillouin_zone
from peierls.brillouin_zone import chosen_images, shortest_images
from peierls.mesh import build_mesh

CASES = [(face_centred(), [4, 4, 4]), (face_centred(), [5, 5, 5]), (hexagonal(), [6, 6, 2]), (triclinic(1), [2, 3, 4])]


@pytest.fixture(params=CASES, ids=["fcc even", "fcc odd", "hexagonal", "triclinic"])
def mesh(request):
    crystal, sizes = request.param
    return build_mesh(crystal, sizes)


def lengths(images, mesh):
    return np.linalg.norm(images / mesh.sizes @ mesh.reciprocal, axis=-1)


def test_no_reciprocal_lattice_vector_leads_to_a_shorter_one(mesh):
    """And those that are as short are all found, by a search twice as far."""
    images, tied = shortest_images(mesh.coordinates, mesh.sizes, mesh.reciprocal)
    cells = np.stack(np.meshgrid(*3 * [np.arange(-4, 5)], indexing="ij"), axis=-1).reshape(-1, 3)
    far = lengths(mesh.coordinates[:, None] + cells * mesh.sizes, mesh)
    shortest = far.min(axis=1)
    for point in range(mesh.n_points):
        assert_allclose(lengths(images[point][tied[point]], mesh), shortest[point], atol=1e-12)
        assert tied[point].sum() == (far[point] < shortest[point] + 1e-6).sum()


def test_the_images_of_a_turned_wave_vector_are_the_turned_images(mesh):
    images, tied = shortest_images(mesh.coordinates, mesh.sizes, mesh.reciprocal)
    sets = [{tuple(one) for one in of_point[ties]} for of_point, ties in zip(images, tied, strict=True)]
    for rotation, rotated in zip(mesh.grid_rotations, mesh.rotated(), strict=True):
        for point, to in enumerate(rotated):
            assert {tuple(rotation @ np.array(one)) for one in sets[point]} == sets[to]


def test_one_is_chosen_and_that_of_the_opposite_is_opposite(mesh):
    chosen, on_boundary = chosen_images(mesh.coordinates, mesh.sizes, mesh.reciprocal)
    images, tied = shortest_images(mesh.coordinates, mesh.sizes, mesh.reciprocal)
    assert_array_equal(mesh.index(chosen), np.arange(mesh.n_points))
    assert_allclose(lengths(chosen, mesh), np.where(tied, lengths(images, mesh), np.inf).min(axis=1), atol=1e-12)
    assert_array_equal(on_boundary, tied.sum(axis=1) > 1)
    opposite = mesh.index(-mesh.coordinates)
    alone = opposite == np.arange(mesh.n_points)
    assert_array_equal(chosen[opposite][~alone], -chosen[~alone])


def test_points_may_be_looked_at_in_batches(mesh, monkeypatch):
    together = chosen_images(mesh.coordinates, mesh.sizes, mesh.reciprocal)
    monkeypatch.setattr(brillouin_zone, "BATCH", 7)
    for one, other in zip(chosen_images(mesh.coordinates, mesh.sizes, mesh.reciprocal), together, strict=True):
        assert_array_equal(one, other)


def test_images_that_go_equally_far_are_chosen_opposite_too():
    """In a lattice with two vectors at right angles to the axis of the choice, where rounding would decide."""
    axis = np.sqrt([13.0, 7.0, 2.0]) / np.sqrt(22.0)
    first = np.array([2.0, 0.0, -np.sqrt(26.0)]) / np.sqrt(30.0)
    reciprocal = np.array([first, 1.1 * np.cross(axis, first), 1.2 * axis])
    coordinates = np.stack(np.meshgrid(*3 * [np.arange(4)], indexing="ij"), axis=-1).reshape(-1, 3)
    chosen, _ = chosen_images(coordinates, np.array([4, 4, 4]), reciprocal)
    opposite = np.mod(-coordinates, 4) @ [16, 4, 1]
    paired = opposite != np.arange(64)
    assert_array_equal(chosen[opposite][paired], -chosen[paired])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)]), max_size=4), st.sampled_from([4, 5]))
def test_the_choice_does_not_depend_on_the_basis(shears, n):
    """The same points in another basis, row i + row j in place of row i, have the same images."""
    mesh = build_mesh(face_centred(), [n, n, n])
    basis = np.eye(3, dtype=int)
    for i, j in shears:
        basis[i] += basis[j]
    inverse = np.rint(np.linalg.inv(basis)).astype(int)
    coordinates = np.mod(mesh.coordinates @ inverse, mesh.sizes)
    order = np.lexsort(coordinates.T[::-1])
    chosen, _ = chosen_images(coordinates[order], mesh.sizes, basis @ mesh.reciprocal)
    found, expected = chosen @ basis, mesh.zone_images[order]
    alone = (mesh.index(-mesh.coordinates) == np.arange(mesh.n_points))[order]
    assert_array_equal(found[~alone], expected[~alone])
    # At its own opposite, q and -q are as good.
    assert ((found[alone] == expected[alone]) | (found[alone] == -expected[alone])).all()
