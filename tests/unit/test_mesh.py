"""Grids of wave vectors: stars, irreducible points, the first Brillouin zone, and which meshes are allowed."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from chain import face_centred, hexagonal, spring_crystal, triclinic
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from peierls.errors import InputError
from peierls.mesh import Mesh, build_mesh
from peierls.symmetry import point_group

ORTHORHOMBIC = spring_crystal(np.diag([2.5, 3.0, 3.5]), [[0, 0, 0]], ["Si"], [28.0], reach=4.0)
CASES = {
    "cubic even": (face_centred(), [4, 4, 4]),
    "cubic odd": (face_centred((28.0, 12.0)), [5, 5, 5]),
    "hexagonal": (hexagonal(), [6, 6, 4]),
    "orthorhombic": (ORTHORHOMBIC, [4, 3, 5]),
    "triclinic": (triclinic(2), [3, 4, 5]),
}


@pytest.fixture(params=CASES)
def mesh(request) -> Mesh:
    crystal, sizes = CASES[request.param]
    return build_mesh(crystal, sizes)


def test_stars_partition_the_grid(mesh):
    assert mesh.weights.sum() == mesh.n_points
    assert_array_equal(np.bincount(mesh.grid_to_irreducible), mesh.weights)
    assert_array_equal(mesh.grid_to_irreducible[mesh.irreducible], np.arange(mesh.n_irreducible))


def test_a_star_is_what_the_group_makes_of_one_point(mesh):
    for number, point in enumerate(mesh.irreducible):
        orbit = {int(mesh.index(np.rint(r @ mesh.fractional[point] * mesh.sizes).astype(int))) for r in mesh.rotations}
        assert orbit == set(np.flatnonzero(mesh.grid_to_irreducible == number))


def test_the_stored_rotation_takes_the_irreducible_point_to_the_grid_point(mesh):
    start = mesh.fractional[mesh.irreducible[mesh.grid_to_irreducible]]
    reached = np.einsum("qij,qj->qi", mesh.rotations[mesh.grid_rotation], start)
    difference = reached - mesh.fractional
    assert_allclose(difference, np.rint(difference), atol=1e-12)


def test_rotations_permute_the_grid(mesh):
    for permutation in mesh.rotated():
        assert_array_equal(np.sort(permutation), np.arange(mesh.n_points))


def test_three_points_add_up_to_a_reciprocal_lattice_vector(mesh):
    q1, q2 = np.random.default_rng(0).integers(mesh.n_points, size=(2, 50))
    total = (mesh.coordinates[q1] + mesh.coordinates[q2] + mesh.coordinates[mesh.third_point(q1, q2)]) / mesh.sizes
    assert_array_equal(total, np.rint(total))


def test_opposite_points_have_opposite_zone_images(mesh):
    opposite = mesh.index(-mesh.coordinates)
    others = opposite != np.arange(mesh.n_points)
    assert_array_equal(mesh.zone_images[opposite][others], -mesh.zone_images[others])


lattices = arrays(float, (3, 3), elements=st.floats(-4, 4, allow_nan=False, width=16))


@settings(max_examples=60, deadline=None)
@given(lattices, st.tuples(*[st.integers(1, 6)] * 3))
def test_zone_image_is_a_shortest_one_for_any_lattice(lattice, sizes):
    lengths = np.linalg.norm(lattice, axis=1)
    assume(abs(np.linalg.det(lattice)) > 0.15 * lengths.prod() and lengths.min() > 1.5)
    try:
        mesh = build_mesh(bare_crystal(lattice), sizes)
    except InputError:
        reject()
    steps = mesh.reciprocal / mesh.sizes[:, None]
    assert_array_equal(mesh.index(mesh.zone_images), np.arange(mesh.n_points))
    shifts = np.array(list(product(range(-6, 7), repeat=3))) * mesh.sizes
    distances = np.linalg.norm((mesh.coordinates[:, None] + shifts) @ steps, axis=-1)
    shortest = distances.min(axis=1)
    assert_allclose(np.linalg.norm(mesh.zone_images @ steps, axis=1), shortest, atol=1e-5)
    ties = (distances < shortest[:, None] + 1e-7).sum(axis=1)
    assert_array_equal(mesh.on_zone_boundary[ties > 1], 1)


def bare_crystal(lattice):
    """One atom; of its forces nothing is asked."""
    return replace(triclinic(1), lattice=np.asarray(lattice))


def test_zone_boundary_of_an_even_simple_cubic_mesh():
    """Points with a coordinate of one half have two images or more; all others have one."""
    mesh = build_mesh(bare_crystal(3 * np.eye(3)), [4, 4, 4])
    assert_array_equal(mesh.on_zone_boundary, (mesh.fractional == 0.5).any(axis=1))


def test_odd_face_centred_mesh_has_ties_too():
    """The square faces of the fcc zone, a coordinate of 2π/a, hold points with j + k - i = N for any N."""
    mesh = build_mesh(face_centred(), [11, 11, 11])
    tied = mesh.on_zone_boundary == 1
    largest = np.abs(mesh.zone_images @ (mesh.reciprocal / mesh.sizes[:, None])).max(axis=1)
    assert tied.sum() == 36
    assert_allclose(largest[tied], 2 * np.pi / 6.0)
    assert (largest[~tied] < 0.99 * 2 * np.pi / 6.0).all()


def test_a_mesh_that_breaks_the_symmetry_is_refused_with_meshes_that_work(silicon):
    with pytest.raises(InputError, match=r"^mesh: \[11, 11, 10\] .*Fd-3m") as refusal:
        build_mesh(silicon, [11, 11, 10])
    suggestions = suggested(refusal)
    assert suggestions == [[11, 11, 11], [10, 10, 10], [12, 12, 12]]
    for sizes in suggestions:
        assert build_mesh(silicon, sizes).n_points == np.prod(sizes)


def suggested(refusal) -> list[list[int]]:
    """The meshes that a refusal names after the one that it refuses."""
    named = re.findall(r"\[(\d+), (\d+), (\d+)\]", str(refusal.value))
    return [[int(number) for number in sizes] for sizes in named[1:]]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([face_centred(), hexagonal(), ORTHORHOMBIC]), st.tuples(*[st.integers(1, 9)] * 3))
def test_every_suggested_mesh_works_and_none_that_works_is_nearer(crystal, sizes):
    try:
        mesh = build_mesh(crystal, sizes)
    except InputError as error:
        suggestions = suggested(type("Refusal", (), {"value": error}))
    else:
        assert_array_equal(mesh.sizes, sizes)
        return
    distances = [sum((a - b) ** 2 for a, b in zip(sizes, one, strict=True)) for one in suggestions]
    assert distances == sorted(distances)
    assert len(suggestions) == 3
    for one in suggestions:
        build_mesh(crystal, one)
    rotations = point_group(crystal).rotations
    for one in product(range(1, 12), repeat=3):
        if sum((a - b) ** 2 for a, b in zip(sizes, one, strict=True)) < distances[0]:
            # Some operation takes a step of this mesh off the mesh.
            steps = rotations @ np.diag(1 / np.array(one)) * np.array(one)[:, None]
            assert np.abs(steps - np.rint(steps)).max() > 1e-6


def test_a_crystal_of_low_symmetry_takes_any_mesh():
    assert_array_equal(build_mesh(triclinic(2), [2, 3, 7]).sizes, [2, 3, 7])


def test_layers_and_chains_may_have_one_point_across():
    crystal = spring_crystal(np.diag([3.0, 3.0, 3.7]), [[0, 0, 0]], ["Si"], [28.0], reach=4.4)
    assert build_mesh(crystal, [5, 5, 1]).n_points == 25
    assert build_mesh(crystal, [1, 1, 5]).n_points == 5


@pytest.mark.parametrize("density", [3.0, 8.0, 20.0])
def test_density_is_the_number_of_divisions_per_reciprocal_length(density):
    """N_i = round(ρ |b_i| / 2π), here with |b_i| = 2π/a_i."""
    mesh = build_mesh(ORTHORHOMBIC, {"density": density})
    assert_array_equal(mesh.sizes, [round(density / a) for a in (2.5, 3.0, 3.5)])


def test_density_is_raised_until_the_mesh_is_allowed():
    """A hexagonal crystal in a cell whose first two vectors differ in length: N_1 and N_2 are still equal."""
    crystal = hexagonal()
    skewed = spring_crystal([[1, 0, 0], [1, 1, 0], [0, 0, 1]] @ crystal.lattice, [[0, 0, 0]], ["Mg"], [24.3], reach=4.8)
    sizes = build_mesh(skewed, {"density": 20.0}).sizes
    wanted = np.maximum(1, np.rint(20.0 * np.linalg.norm(skewed.reciprocal, axis=1) / (2 * np.pi)))
    assert (sizes >= wanted).all()
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("setting", [[4_000_000_000, 4, 4], [1000, 1000, 1000], {"density": 1e9}, {"density": 1e300}])
def test_a_mesh_beyond_any_computer_is_refused_at_once(setting: list[int] | dict[str, float]) -> None:
    with pytest.raises(InputError, match="wave vectors, expected at most 1e"):
        build_mesh(face_centred(), setting)
