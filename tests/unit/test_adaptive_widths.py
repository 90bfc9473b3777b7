"""Widths that follow the velocities and the mesh."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from ase.geometry import minkowski_reduce
from chain import compute, face_centred, harmonic, hexagonal, integration, triclinic
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial import ConvexHull, Voronoi

from peierls.adaptive_widths import adaptive_width, wigner_seitz_covariance
from peierls.on_shell import on_shell_search, pack_bands, unpack_bands
from peierls.phonons import on_full_grid

SKEWED = np.array([[1.0, 0.1, 0.0], [0.4, 1.1, 0.2], [-0.3, 0.3, 0.9]])


def test_covariance_of_an_orthogonal_cell():
    """A brick of edges Δ has the covariance Δ²/12 along each."""
    assert_allclose(wigner_seitz_covariance(np.diag([1.0, 2.0, 5.0])), np.diag([1, 4, 25]) / 12, rtol=1e-12, atol=1e-12)


def test_covariance_is_that_of_points_spread_over_the_cell():
    """Random points of the lattice's cell, each brought to its shortest image, have this covariance."""
    random = np.random.default_rng(2)
    points = random.random((40000, 3)) @ SKEWED
    shifts = np.array([[i, j, k] for i in range(-2, 2) for j in range(-2, 2) for k in range(-2, 2)]) @ SKEWED
    images = points[:, None] + shifts
    nearest = np.take_along_axis(images, np.linalg.norm(images, axis=-1).argmin(axis=1)[:, None, None], axis=1)[:, 0]
    # The mean of 40000 squares is good to about one part in a hundred.
    assert_allclose(wigner_seitz_covariance(SKEWED), nearest.T @ nearest / len(points), atol=2e-3)


def by_voronoi(steps):
    """The same by computational geometry, for lattice vectors that are short already."""
    points = np.array(list(product(range(-3, 4), repeat=3))) @ steps
    cells = Voronoi(points)
    corners = cells.vertices[cells.regions[cells.point_region[len(points) // 2]]]
    triangles = corners[ConvexHull(corners).simplices]
    volumes = np.abs(np.linalg.det(triangles)) / 6
    sums = triangles.sum(axis=1)
    moments = np.einsum("tia,tib->tab", triangles, triangles) + np.einsum("ta,tb->tab", sums, sums)
    return np.einsum("t,tab->ab", volumes, moments) / 20 / volumes.sum()


LATTICES = {
    "simple": np.eye(3),
    "face-centred": 1 - np.eye(3),
    "body-centred": 1 - 2 * np.eye(3),
    "hexagonal": np.array([[1.0, 0.0, 0.0], [-0.5, np.sqrt(0.75), 0.0], [0.0, 0.0, 1.6]]),
}


@pytest.mark.parametrize("lattice", LATTICES)
def test_where_many_planes_meet_the_cell_is_that_of_computational_geometry(lattice):
    assert_allclose(wigner_seitz_covariance(LATTICES[lattice]), by_voronoi(LATTICES[lattice]), rtol=1e-10, atol=1e-12)


@settings(max_examples=60)
@given(st.lists(st.floats(-0.45, 0.45), min_size=9, max_size=9), st.sampled_from([1.0, 3.0, 50.0]))
def test_the_cell_of_any_lattice_is_that_of_computational_geometry(off, long):
    """Also where one vector is much longer than the others, as on the mesh of a sheet."""
    steps = (np.eye(3) + np.reshape(off, (3, 3))) @ np.diag([1.0, 1.0, long])
    assume(np.linalg.det(steps) > 0.1 * long)
    reduced, _ = minkowski_reduce(steps)
    found, expected = wigner_seitz_covariance(steps), by_voronoi(reduced)
    assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * abs(expected).max())


elementary = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([-1, 1])).filter(lambda e: e[0] != e[1])


@settings(max_examples=25, deadline=None)
@given(st.lists(elementary, max_size=2))
def test_covariance_does_not_depend_on_the_choice_of_lattice_vectors(moves):
    relabelled = np.eye(3)
    for row, other, factor in moves:
        relabelled[row] += factor * relabelled[other]
    assert_allclose(
        wigner_seitz_covariance(relabelled @ SKEWED), wigner_seitz_covariance(SKEWED), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("crystal", [face_centred(), hexagonal()], ids=["fcc", "hexagonal"])
def test_covariance_has_the_symmetry_of_the_lattice(crystal):
    covariance = wigner_seitz_covariance(crystal.reciprocal / 4)
    mean = np.trace(covariance) / 3
    if len(set(np.linalg.norm(crystal.lattice, axis=1).round(9))) == 1:
        assert_allclose(covariance, mean * np.eye(3), atol=1e-10 * mean)
    else:
        assert covariance[0, 0] == pytest.approx(covariance[1, 1], rel=1e-10)
        assert covariance[0, 0] != pytest.approx(covariance[2, 2], rel=1e-2)


@pytest.fixture(scope="module")
def case():
    """A crystal without symmetry, so that each mode has its own velocity."""
    mesh, phonons = harmonic(triclinic(1), [3, 3, 3])
    return mesh, phonons, on_full_grid(phonons.group_velocities, mesh)


SECOND_SIGN, THIRD_SIGN = (-1, 1, -1), (-1, -1, 1)
"""Signs of ω' and ω'' in the mismatch ω ± ω' ± ω'' of the processes 0, 1, 2."""


def naive_width(kind, mesh, velocities, modes, process, gaps):
    """Standard deviation of each peer, as published, for the modes (q, s) of three legs; angular frequency."""
    steps = mesh.reciprocal / mesh.sizes[:, None]
    v1, v2, v3 = (velocities[mode] for mode in modes)
    # The slope of the mismatch along q' at fixed q: q'' moves backwards.
    difference = SECOND_SIGN[process] * v2 - THIRD_SIGN[process] * v3
    if kind == "shengbte":
        return np.sqrt(sum((difference @ step) ** 2 for step in steps) / 6) / np.sqrt(2)
    if kind == "fourphonon":
        return np.sqrt(max((difference @ step) ** 2 for step in steps) / 2) / np.sqrt(2)
    radius = (3 / (4 * np.pi) * abs(np.linalg.det(mesh.reciprocal)) / (2 * np.pi) ** 3 / mesh.n_points) ** (1 / 3)
    total = 0.0
    for (_, band), v in zip(modes, (v1, v2, v3), strict=True):
        width = 2 * np.pi / np.sqrt(2) * radius * np.linalg.norm(v)
        total += min(max(width, gaps[band] / 4), 4 * gaps[band]) ** 2
    return np.sqrt(total)


def largest_gaps(mesh, phonons):
    """The largest step between the sorted frequencies of a band, at least a fifth of that of any band."""
    gaps = np.array([np.diff(np.sort(band)).max() for band in phonons.frequencies[mesh.irreducible].T])
    return np.maximum(gaps, gaps.max() / 5)


@pytest.mark.parametrize("scale", [1.0, 0.3])
@pytest.mark.parametrize("kind", ["shengbte", "fourphonon", "tdep"])
def test_formulas_of_the_peers(case, kind, scale):
    mesh, phonons, velocities = case
    settings = integration(method="adaptive", kind=kind, scale=scale)
    q1 = int(mesh.irreducible[4])
    q2 = np.arange(mesh.n_points)
    q3 = mesh.third_point(np.array(q1), q2)
    shell = on_shell_search(mesh, phonons, settings)(q1, q2, q3)
    gaps = largest_gaps(mesh, phonons)
    expected = {}
    for t, s1, s2, s3 in np.ndindex(len(q2), 3, 3, 3):
        bands = pack_bands(s1, s2, s3)
        modes = ((q1, s1), (q2[t], s2), (q3[t], s3))
        omega, omega2, omega3 = (phonons.frequencies[mode] for mode in modes)
        if min(omega, omega2, omega3) == 0:
            continue
        for process in range(3):
            sigma = scale * naive_width(kind, mesh, velocities, modes, process, gaps)
            mismatch = omega + SECOND_SIGN[process] * omega2 + THIRD_SIGN[process] * omega3
            if abs(mismatch) < 4 * sigma:
                gauss = np.exp(-0.5 * (mismatch / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
                expected[t, bands, process] = gauss
    found = dict(zip(zip(shell.triplet, shell.bands, shell.process, strict=True), shell.weight, strict=True))
    assert found.keys() == expected.keys()
    assert len(found) > 40
    assert_allclose([found[key] for key in expected], list(expected.values()), rtol=1e-9)


def test_width_of_tdep_is_clipped_by_the_largest_gap_of_the_band():
    """Some modes are too slow for the gap of their band, and some gaps are too small beside that of another band."""
    mesh, phonons = harmonic(face_centred((28.0, 3.0)), [8, 8, 8])
    bands = phonons.frequencies[mesh.irreducible].T
    own_gaps = np.array([np.diff(np.sort(band)).max() for band in bands])
    gaps = largest_gaps(mesh, phonons)
    assert (gaps > own_gaps).any()
    cell = abs(np.linalg.det(mesh.reciprocal)) / (2 * np.pi) ** 3 / mesh.n_points
    speeds = np.linalg.norm(phonons.group_velocities, axis=-1)
    widths = 2 * np.pi / np.sqrt(2) * (3 * cell / (4 * np.pi)) ** (1 / 3) * speeds
    assert (widths < gaps / 4).any()
    expected = np.minimum(np.maximum(widths, gaps / 4), 4 * gaps) ** 2
    found = adaptive_width(mesh, phonons, integration(method="adaptive", kind="tdep")).own
    assert_allclose(found[mesh.irreducible], expected, rtol=1e-12)


def test_invariant_width_is_the_same_from_each_of_the_three_modes(case):
    """δ(ω - ω' - ω'') seen from the mode that decays is δ(ω' + ω'' - ω) seen from a product of the decay."""
    mesh, phonons, _ = case
    search = on_shell_search(mesh, phonons, integration(method="adaptive", kind="invariant"))
    weights = {}
    for q1 in range(1, mesh.n_points):
        q2 = np.arange(1, mesh.n_points)
        q3 = mesh.third_point(np.array(q1), q2)
        shell = search(q1, q2, q3)
        for t, bands, process, weight in zip(shell.triplet, shell.bands, shell.process, shell.weight, strict=True):
            modes = list(zip((q1, int(q2[t]), int(q3[t])), unpack_bands(bands), strict=True))
            top = modes.pop((0, 2, 1)[process])
            weights.setdefault((top, *sorted(modes)), []).append(weight)
    seen = [len(group) for group in weights.values()]
    assert max(seen) >= 3
    assert len(weights) > 100
    for group in weights.values():
        assert_allclose(group, group[0], rtol=1e-12)


def test_invariant_width_is_the_spread_of_the_mismatch_over_a_cell(case):
    """The mean over the three pairs (i, j) of the variance of (v_i - v_j)·δq, v with the sign of its mode."""
    mesh, phonons, velocities = case
    covariance = wigner_seitz_covariance(mesh.reciprocal / mesh.sizes[:, None])
    model = adaptive_width(mesh, phonons, integration(method="adaptive", kind="invariant"))
    q1, q2 = 3, 5
    q3 = int(mesh.third_point(np.array(q1), np.array(q2)))
    settings = integration(method="adaptive", kind="invariant", threshold=1e6)
    shell = on_shell_search(mesh, phonons, settings)(q1, np.array([q2]), np.array([q3]))
    for bands, process, weight in zip(shell.bands, shell.process, shell.weight, strict=True):
        modes = list(zip((q1, q2, q3), unpack_bands(bands), strict=True))
        signs = (1, SECOND_SIGN[process], THIRD_SIGN[process])
        signed = [sign * velocities[mode] for sign, mode in zip(signs, modes, strict=True)]
        pairs = [
            (a - b) @ covariance @ (a - b)
            for a, b in ((signed[0], signed[1]), (signed[1], signed[2]), (signed[2], signed[0]))
        ]
        variance = max(np.mean(pairs), model.least)
        mismatch = sum(sign * phonons.frequencies[mode] for sign, mode in zip(signs, modes, strict=True))
        expected = np.exp(-0.5 * mismatch**2 / variance) / np.sqrt(2 * np.pi * variance)
        assert weight == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_invariant_widths_do_not_depend_on_the_order_of_the_axes():
    """A cubic crystal with its three equivalent lattice vectors permuted: the same linewidths, κ to 1e-10."""
    crystal = face_centred()
    order = [1, 2, 0]
    moved = replace(
        crystal,
        lattice=crystal.lattice[order],
        fc2_vectors=crystal.fc2_vectors[:, order],
        fc3_vectors=crystal.fc3_vectors[:, :, order],
    )
    for kind in ("invariant", "tdep"):
        one, other = (
            compute(which, [4, 4, 4], method="adaptive", kind=kind).rta(300.0).kappa for which in (crystal, moved)
        )
        assert_allclose(one, other, rtol=1e-10, atol=1e-10 * one.max())


def test_a_scale_of_two_doubles_every_width(case):
    mesh, phonons, _ = case
    for kind in ("invariant", "shengbte", "fourphonon", "tdep"):
        one, two = (adaptive_width(mesh, phonons, integration(kind=kind, scale=scale)) for scale in (1.0, 2.0))
        assert_allclose(two.own, 4 * one.own)
        assert two.least == 4 * one.least


@pytest.mark.parametrize("kind", ["shengbte", "fourphonon"])
def test_modes_that_stand_still_have_no_width_and_no_rate_without_bound(kind):
    """Their velocity is rounding; a delta function as narrow as that would make a mode scatter into itself at any
    rate."""
    found = compute(hexagonal(), [4, 4, 3], method="adaptive", kind=kind)
    still = found.phonons.speeds < 1e-8 * found.phonons.speeds.max()
    still[0] = False
    assert still.any()
    own = adaptive_width(found.mesh, found.phonons, found.integration).own[found.mesh.irreducible]
    assert (own[still] == 0).all()
    rates = found.linewidths(300.0, isotopes="natural").linewidth_isotope[0]
    assert rates.max() < found.phonons.frequencies.max()
