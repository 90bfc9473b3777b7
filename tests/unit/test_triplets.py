"""Triples q + q' + q'' = G: their reduction by symmetry, and normal against Umklapp processes."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from chain import face_centred, hexagonal, triclinic
from numpy.testing import assert_allclose, assert_array_equal

from peierls.mesh import build_mesh
from peierls.triplets import normal_fraction, reduced_triplets

CASES = {
    "cubic even": (face_centred(), [4, 4, 4]),
    "cubic odd": (face_centred(), [5, 5, 5]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
    "triclinic": (triclinic(2), [3, 4, 2]),
}


@pytest.fixture(params=CASES)
def mesh(request):
    crystal, sizes = CASES[request.param]
    return build_mesh(crystal, sizes)


def test_weights_add_up_to_the_grid(mesh):
    rotated = mesh.rotated()
    for point in range(mesh.n_irreducible):
        triplets = reduced_triplets(mesh, point, rotated)
        assert triplets.weights.sum() == mesh.n_points
        assert_array_equal(triplets.q3, mesh.third_point(mesh.irreducible[[point]], triplets.q2))
        assert (np.diff(triplets.q2) > 0).all()


def test_little_group_and_exchange_give_back_every_triplet_as_often_as_its_weight_says(mesh):
    rotated = mesh.rotated()
    for point in range(mesh.n_irreducible):
        q1 = mesh.irreducible[point]
        triplets = reduced_triplets(mesh, point, rotated)
        little_group = rotated[rotated[:, q1] == q1]
        seen: set[int] = set()
        for q2, q3, weight in zip(triplets.q2, triplets.q3, triplets.weights, strict=True):
            family = {*little_group[:, q2].tolist(), *little_group[:, q3].tolist()}
            assert len(family) == weight
            assert not family & seen
            seen |= family
        assert len(seen) == mesh.n_points


def naive_normal_fraction(mesh, q1, q2, q3):
    """Share of the rotations S for which the images S·image(S⁻¹q) of the three points add up to zero."""
    permutations = mesh.rotated()
    count = 0
    for rotation, permutation in zip(mesh.rotations, permutations, strict=True):
        on_grid = rotation * mesh.sizes[:, None] / mesh.sizes[None, :]
        origin = np.argsort(permutation)
        count += not sum(on_grid @ mesh.zone_images[origin[q]] for q in (q1, q2, q3)).round(6).any()
    return count / len(mesh.rotations)


def test_normal_fraction_is_the_mean_over_the_choices_of_image_that_the_group_relates(mesh):
    random = np.random.default_rng(4)
    q1, q2 = random.integers(mesh.n_points, size=(2, 60))
    q3 = mesh.third_point(q1, q2)
    expected = [naive_normal_fraction(mesh, *one) for one in zip(q1, q2, q3, strict=True)]
    assert_allclose(normal_fraction(mesh, q1, q2, q3, mesh.rotated()), expected, atol=1e-12)


def test_inside_the_zone_a_process_is_normal_or_it_is_not(mesh):
    """No leg on the boundary: normal exactly where the shortest images add up to zero."""
    inside = np.flatnonzero(mesh.on_zone_boundary == 0)
    q1, q2 = np.random.default_rng(1).choice(inside, size=(2, 200))
    q3 = mesh.third_point(q1, q2)
    kept = mesh.on_zone_boundary[q3] == 0
    q1, q2, q3 = q1[kept], q2[kept], q3[kept]
    assert len(q1) > 3
    shifts = np.array(list(product(range(-3, 4), repeat=3))) * mesh.sizes
    lengths = np.linalg.norm((mesh.coordinates[:, None] + shifts) @ (mesh.reciprocal / mesh.sizes[:, None]), axis=-1)
    images = mesh.coordinates + shifts[lengths.argmin(axis=1)]
    expected = ~(images[q1] + images[q2] + images[q3]).any(axis=1)
    assert_array_equal(normal_fraction(mesh, q1, q2, q3, mesh.rotated()), expected)


def test_normal_fraction_is_the_same_for_every_representative_of_a_triplet(mesh):
    """A triplet, turned by any operation or with its legs exchanged, is as normal as before."""
    rotated = mesh.rotated()
    q1, q2 = np.random.default_rng(8).integers(mesh.n_points, size=(2, 40))
    q3 = mesh.third_point(q1, q2)
    expected = normal_fraction(mesh, q1, q2, q3, rotated)
    for operation in rotated:
        turned = [operation[leg] for leg in (q1, q2, q3)]
        assert_allclose(normal_fraction(mesh, *turned, rotated), expected, atol=1e-12)
        assert_allclose(normal_fraction(mesh, *turned[::-1], rotated), expected, atol=1e-12)


def test_normal_fraction_does_not_depend_on_the_images_chosen_on_the_boundary():
    """Another choice of images, related to the first by the group, gives the same share."""
    mesh = build_mesh(face_centred(), [4, 4, 4])
    rotated = mesh.rotated()
    operation = 17
    turned = mesh.zone_images[np.argsort(rotated[operation])] @ mesh.rotations[operation].T
    other = replace(mesh, zone_images=turned)
    assert (turned != mesh.zone_images).any()
    q1, q2 = np.random.default_rng(8).integers(mesh.n_points, size=(2, 300))
    q3 = mesh.third_point(q1, q2)
    found = normal_fraction(other, q1, q2, q3, rotated)
    assert_allclose(found, normal_fraction(mesh, q1, q2, q3, rotated), atol=1e-12)
    assert ((found > 0) & (found < 1)).any()


def test_small_wave_vectors_meet_in_normal_processes():
    mesh = build_mesh(face_centred(), [5, 5, 5])
    q1, q2 = mesh.index(np.array([1, 0, 0])), mesh.index(np.array([0, 1, 0]))
    q3 = mesh.third_point(np.array([q1]), np.array([q2]))
    assert_array_equal(normal_fraction(mesh, np.array([q1]), np.array([q2]), q3, mesh.rotated()), [1.0])
