"""Sheets and chains: what they conduct does not depend on the vacuum around them."""

import numpy as np
import pytest
from chain import compute, spring_crystal
from numpy.testing import assert_allclose

from peierls import wigner
from peierls.errors import InputError
from peierls.low_dimensions import assumed_extent, conducting_volume
from peierls.mesh import build_mesh
from peierls.report import conductance_table
from peierls.solvers import relaxons, rta, variational
from peierls.units import METRE, THZ, WATT_PER_METRE_KELVIN

NONE = {"thickness": None, "cross_section": None}


def slab(height):
    """Two square layers, 3 Å apart, in a cell of some height, Å."""
    positions = [[0, 0, 0], [0.5, 0.5, 2.0 / height]]
    return spring_crystal(np.diag([3.0, 3.0, height]), positions, ["Si", "Ge"], [28.0, 73.0], reach=3.5)


def rod(width):
    """A chain of two kinds of atoms along x, in a cell of some width along y and z, Å."""
    positions = [[0, 0, 0], [0.5, 2.0 / width, 0]]
    return spring_crystal(np.diag([3.0, width, width]), positions, ["Si", "Ge"], [28.0, 73.0], reach=3.5)


CASES = {"sheet": (slab, (4, 4, 1), "thickness", 1), "chain": (rod, (8, 1, 1), "cross_section", 2)}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
def test_vacuum_conducts_nothing(name, method):
    """Twice the vacuum: the same conductance, and the same κ where the extent is given."""
    build, sizes, key, power = CASES[name]
    given = {**NONE, key: 4e-10**power}
    problems = [compute(build(size), sizes, method=method, sigma=0.8) for size in (12.0, 24.0)]
    own = [rta.solve(problem.problem(300.0)) for problem in problems]
    assert_allclose(getattr(own[1], key) / getattr(own[0], key), 2.0**power, rtol=1e-12)
    tables = [conductance_table([one])["gxx"].to_numpy() for one in own]
    assert_allclose(*tables, rtol=1e-8)
    assumed = [rta.solve(problem.problem(300.0, geometry=given)) for problem in problems]
    assert_allclose(assumed[0].kappa, assumed[1].kappa, rtol=1e-8, atol=1e-8 * np.abs(assumed[0].kappa).max())
    assert_allclose(conductance_table([assumed[0]])["gxx"], tables[0], rtol=1e-12)


@pytest.mark.parametrize("weights", ["event", "mode"])
def test_any_vector_may_lead_out_of_the_sheet(weights):
    """The cell's third vector leads into the vacuum: a slanted one describes the same sheet, with less symmetry."""
    upright = slab(12.0)
    slanted = spring_crystal(
        upright.lattice + np.outer([0, 0, 1], [0.7, 0.4, 0.0]),
        upright.positions @ upright.lattice @ np.linalg.inv(upright.lattice + np.outer([0, 0, 1], [0.7, 0.4, 0.0])),
        upright.species,
        upright.masses,
        reach=3.5,
    )
    results = [
        variational.solve(compute(crystal, (4, 4, 1), method="gaussian", sigma=0.8, weights=weights).problem(300.0))
        for crystal in (upright, slanted)
    ]
    assert results[0].thickness == pytest.approx(results[1].thickness, rel=1e-12)
    assert_allclose(results[0].kappa, results[1].kappa, rtol=1e-7, atol=1e-9 * results[0].kappa.max())


@pytest.mark.parametrize("name", CASES)
def test_every_solver_assumes_the_same_extent(name):
    """RTA, its Callaway part, iterations and relaxons of a sheet with a given thickness: all divide by it."""
    build, sizes, key, power = CASES[name]
    chain = compute(build(12.0), sizes, method="gaussian", sigma=0.8, weights="event")
    bare = {**NONE, key: 1e-9**power}
    halved = {**NONE, key: 1e-9**power / 2}
    for solver in (rta, variational, relaxons):
        one, two = (solver.solve(chain.problem(300.0, geometry=geometry)) for geometry in (bare, halved))
        for quantity in ("kappa", "kappa_callaway", "iteration_kappa", "relaxon_kappa", "kappa_rta", "mode_kappa"):
            if getattr(one, quantity) is not None:
                expected = 2 * getattr(one, quantity)
                scale = np.nanmax(np.abs(expected))
                assert_allclose(getattr(two, quantity), expected, rtol=1e-7, atol=1e-9 * scale, err_msg=quantity)


def test_extent_of_a_skewed_cell():
    """Height and cross-section are measured across the plane or the line in which the crystal repeats."""
    crystal = slab(12.0)
    skewed = type(crystal)(**{**vars(crystal), "lattice": np.array([[3.0, 0, 0], [1.0, 3.0, 0], [0.7, 0.4, 12.0]])})
    assert assumed_extent(skewed, np.array([4, 4, 1]), NONE) == ("thickness", pytest.approx(12e-10))
    kind, area = assumed_extent(skewed, np.array([4, 1, 1]), NONE)
    assert (kind, area) == ("cross_section", pytest.approx(36e-20))
    assert conducting_volume(skewed, np.array([4, 4, 1]), {**NONE, "thickness": 3e-10}) == pytest.approx(
        9 * 3e-10 * METRE
    )
    assert conducting_volume(skewed, np.array([4, 1, 1]), {**NONE, "cross_section": 5e-20}) == pytest.approx(
        3 * 5e-20 * METRE**2
    )
    assert assumed_extent(skewed, np.array([4, 4, 4]), NONE) is None
    for sizes in ([4, 4, 1], [1, 4, 4], [4, 1, 1], [1, 1, 4], [4, 4, 4]):  # nothing given: the cell's own volume
        assert conducting_volume(skewed, np.array(sizes), NONE) == pytest.approx(skewed.volume, rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_coherences_carry_nothing_across(name):
    """Atoms at several heights exchange energy across, but no stationary current leaves the crystal there. Within it,
    coherences are what they are without this."""
    build, sizes, *_ = CASES[name]
    chain = compute(build(12.0), sizes, method="gaussian", sigma=0.8, weights="event")
    found = chain.wigner(300.0)
    along = 1 if name == "chain" else 2
    largest = np.abs(found.kappa).max()
    assert_allclose(found.kappa[0, along:], 0, atol=1e-12 * largest)
    assert_allclose(found.kappa[0, :, along:], 0, atol=1e-12 * largest)
    operator = chain.phonons.velocity_operator
    # There would be something: the heights of the atoms differ.
    assert np.abs(operator[:, along]).max() > 1e-3 * np.abs(operator).max()
    assert found.kappa_coherences[0, 0, 0] > 0
    bins = np.diff(found.coherence_map_edges)[0]
    assert_allclose(found.coherence_map[0].sum() * bins**2, np.trace(found.kappa_coherences[0]) / 3, rtol=1e-9)
    modes = wigner.Modes(
        chain.phonons.frequencies[chain.mesh.irreducible],
        2 * THZ * chain.linewidths(300.0).linewidth,
        operator,
        chain.phonons.group_velocities,
        chain.phonons.degenerate_sets[chain.mesh.irreducible],
        chain.mesh.weights,
    )
    whole = wigner.coherences(modes, np.array([300.0]))
    volume = conducting_volume(chain.crystal, chain.mesh.sizes, NONE) * chain.mesh.n_points
    within = wigner.over_stars(whole.by_mode, chain.mesh).sum(axis=(1, 2))[0] / volume / WATT_PER_METRE_KELVIN
    assert_allclose(found.kappa_coherences[0, 0, 0], within[0, 0], rtol=1e-12)


def test_bulk_has_no_conductance_of_its_own():
    assert conductance_table([compute(slab(4.5), (2, 2, 2)).rta(300.0)]).empty


def test_mesh_of_a_density_has_one_point_across_a_tall_cell():
    assert list(build_mesh(slab(40.0), {"density": 12.0}).sizes) == [4, 4, 1]


@pytest.mark.parametrize(
    ("sizes", "geometry", "sentence"),
    [
        (
            [4, 4, 4],
            {"thickness": 1e-9},
            r"geometry\.thickness: is 1e-09 on a mesh of \[4, 4, 4\], expected null or a mesh N",
        ),
        ([4, 1, 1], {"thickness": 1e-9}, r"geometry\.thickness: .* expected null or a mesh N×N×1"),
        ([4, 4, 1], {"cross_section": 1e-18}, r"geometry\.cross_section: .* expected null or a mesh N×1×1"),
        ([1, 1, 1], {}, r"mesh: is \[1, 1, 1\], expected more than one division"),
    ],
)
def test_an_extent_that_the_mesh_does_not_have(sizes, geometry, sentence):
    with pytest.raises(InputError, match=sentence):
        conducting_volume(slab(12.0), np.array(sizes), {**NONE, **geometry})
