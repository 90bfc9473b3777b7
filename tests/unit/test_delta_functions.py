"""The linear tetrahedron method against the B-splines that its weights are."""

from itertools import combinations, permutations

import numpy as np
import pytest
from chain import face_centred, harmonic, hexagonal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.interpolate import BSpline

from peierls.delta_functions import (
    corner_fraction,
    corner_weight,
    neighbourhood,
    tetrahedra_around_a_point,
    tetrahedron_weight,
)

eighths = st.integers(0, 24).map(lambda number: number / 8)
corners = st.tuples(eighths, eighths, eighths, eighths)
"""Values at four corners among which ties are frequent."""


def spline(knots: tuple[float, ...], energy: float) -> float:
    """The B-spline of unit integral with these knots: the density of Σ λ_i f_i for λ uniform on a simplex.

    Source: H. B. Curry, I. J. Schoenberg, J. Anal. Math. 17, 71 (1966), DOI 10.1007/BF02788653.
    """
    order = len(knots) - 1
    basis = BSpline.basis_element(np.sort(knots), extrapolate=False)
    value = basis(energy)
    return 0.0 if np.isnan(value) else float(order / (max(knots) - min(knots)) * value)


def expected_corner_weight(energy: float, values: tuple[float, ...]) -> float:
    """∫ λ_home δ(E - f): the weight λ_home doubles the knot of the first corner, and has the mean 1/4."""
    return 0.25 * spline((*values, values[0]), energy)


def weights_of_corners(energy: float, values: tuple[float, ...]) -> list[float]:
    """The weight of each corner."""
    return [corner_weight(energy, values[i], *(values[j] for j in range(4) if j != i)) for i in range(4)]


@settings(max_examples=400, deadline=None)
@given(st.integers(-4, 52).map(lambda number: number / 16), corners)
def test_corner_weight_is_a_spline(energy, values):
    # Where three corners lie on the surface of constant energy, or all values are one, there is a jump: see below.
    assume(values.count(energy) < 3)
    expected = expected_corner_weight(energy, values) if len(set(values)) > 1 else 0.0
    assert_allclose(corner_weight(energy, *values), expected, rtol=1e-10, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.integers(-4, 52).map(lambda number: number / 16), corners)
def test_weights_of_the_corners_add_up_to_the_density_and_to_its_first_moment(energy, values):
    """Σ w_i = ∫ δ(E - f) and, f being linear, Σ w_i f_i = E ∫ δ(E - f)."""
    assume(values.count(energy) < 3 and len(set(values)) > 1)
    weights = weights_of_corners(energy, values)
    density = spline(values, energy)
    assert sum(weights) == pytest.approx(density, rel=1e-10, abs=1e-12)
    assert np.dot(weights, values) == pytest.approx(energy * density, rel=1e-10, abs=1e-12)
    assert min(weights) >= 0


@pytest.mark.parametrize("values", [(0.0, 1.0, 2.5, 4.0), (2.0, 0.0, 2.0, 3.0), (1.0, 1.0, 1.0, 2.0), (3, 1, 3, 1.0)])
def test_each_corner_has_a_quarter_of_the_tetrahedron(values):
    for home in range(4):
        others = [values[other] for other in range(4) if other != home]
        total, _ = quad(corner_weight, min(values), max(values), (values[home], *others), points=sorted(set(values)))
        assert total == pytest.approx(0.25, rel=1e-7)


@settings(max_examples=200, deadline=None)
@given(eighths, corners)
def test_weights_are_continuous_where_fewer_than_three_corners_are_on_the_surface(energy, values):
    assume(values.count(energy) < 3)
    step = 1e-8
    below, at, above = (corner_weight(energy + shift, *values) for shift in (-step, 0.0, step))
    # Slopes are bounded by a few times the inverse square of the smallest difference of values, 1/8.
    assert abs(above - at) < 1e4 * step
    assert abs(below - at) < 1e4 * step


@pytest.mark.parametrize("apex", [1.0, 3.0])
def test_a_face_on_the_surface_has_the_mean_of_the_two_limits(apex):
    """Three corners at E = 2: from one side the weight is that of a triangle, from the other it is none."""
    for values in sorted(set(permutations((2.0, 2.0, 2.0, apex)))):
        limits = [expected_corner_weight(2.0 + shift, values) for shift in (-1e-9, 1e-9)]
        assert corner_weight(2.0, *values) == pytest.approx(sum(limits) / 2, abs=1e-7)


def test_a_tetrahedron_at_one_energy_has_no_weight():
    assert weights_of_corners(1.0, (1.0, 1.0, 1.0, 1.0)) == [0.0, 0.0, 0.0, 0.0]


@settings(max_examples=100, deadline=None)
@given(eighths, corners)
def test_the_order_of_the_other_corners_does_not_matter(energy, values):
    home, *others = values
    found = {corner_weight(energy, home, *order) for order in permutations(others)}
    assert max(found) - min(found) <= 1e-12 * max(found)


@pytest.fixture(params=["cubic", "hexagonal", "skewed"])
def steps(request):
    """Steps of a grid, a row each."""
    if request.param == "skewed":
        return np.array([[1.0, 0.1, 0.0], [0.7, 1.1, 0.2], [-0.4, 0.3, 0.9]])
    crystal = face_centred() if request.param == "cubic" else hexagonal()
    return crystal.reciprocal / 4


def test_a_point_belongs_to_24_tetrahedra_of_equal_volume_with_15_corners(steps):
    tetrahedra = tetrahedra_around_a_point(steps)
    assert tetrahedra.shape == (24, 3, 3)
    assert_allclose(np.abs(np.linalg.det(tetrahedra)), 1)
    around, numbers = neighbourhood(steps)
    assert len({tuple(corner) for corner in around}) == 15
    assert not around[0].any()
    np.testing.assert_array_equal(around[numbers], tetrahedra)


def test_tetrahedra_of_neighbours_are_the_same_and_fill_space(steps):
    """Seen from each of its corners a tetrahedron is one of the 24; as a fourth of each, they fill six to a cell."""
    tetrahedra = tetrahedra_around_a_point(steps)
    seen = {frozenset({(0, 0, 0), *map(tuple, one.tolist())}) for one in tetrahedra}
    assert len(seen) == 24
    for one in seen:
        for home in one:
            moved = frozenset(tuple(int(a - b) for a, b in zip(corner, home, strict=True)) for corner in one)
            assert moved in seen


def test_every_tetrahedron_has_the_shortest_main_diagonal_as_an_edge(steps):
    signs = np.array([(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)])
    shortest = np.linalg.norm(signs @ steps, axis=1).min()
    for one in tetrahedra_around_a_point(steps):
        points = [np.zeros(3, dtype=int), *one]
        diagonals = [b - a for a, b in combinations(points, 2) if np.abs(b - a).sum() == 3]
        assert len(diagonals) == 1
        assert np.linalg.norm(diagonals[0] @ steps) == pytest.approx(shortest)


def test_density_of_a_band_on_a_mesh_is_that_of_all_its_tetrahedra():
    """Σ_q of the weights of the points equals Σ over the tetrahedra of the mesh, 6 N of them, each of 1/6 of a cell."""
    mesh, phonons = harmonic(face_centred(), [3, 3, 3])
    around, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
    values = phonons.frequencies[np.stack([mesh.index(mesh.coordinates + corner) for corner in around], axis=1), 2]
    energy = 0.83 * values.max()
    found = sum(tetrahedron_weight(energy, row, tetrahedra) for row in values)
    # Each tetrahedron is met at its four corners.
    splines = [spline(tuple(row[[0, *one]]), energy) for row in values for one in tetrahedra if np.ptp(row[[0, *one]])]
    assert found == pytest.approx(sum(splines) / 4 / 6, rel=1e-10)
    assert found > 0


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4), st.floats(-0.5, 6.5))
def test_fraction_is_the_integral_of_the_weight(values, energy):
    """Below the energy, corner by corner, also where corners are level; a polynomial between neighbouring values."""
    if min(values) == max(values):
        assert corner_fraction(energy, *values) == (0.25 if energy >= values[0] else 0.0)
        return
    nodes, weights = np.polynomial.legendre.leggauss(4)
    ends = [min(float(value), energy) for value in sorted(set(values))]
    total = 0.0
    for low, high in zip(ends[:-1], [*ends[1:-1], min(energy, max(values))], strict=True):
        points = low + (high - low) * (nodes + 1) / 2
        total += (high - low) / 2 * sum(w * corner_weight(e, *values) for e, w in zip(points, weights, strict=True))
    assert corner_fraction(energy, *values) == pytest.approx(total, abs=1e-12)
