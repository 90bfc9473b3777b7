"""Cumulative conductivity: what each curve ends at, what its parts add up to, and what does not matter to it."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, triclinic
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from peierls import stage_files
from peierls.cumulative import (
    Cumulative,
    accumulated,
    cumulative_conductivity,
    quantile_positions,
    steps_of,
)
from peierls.linewidths import mean_free_paths
from peierls.solvers import direct, rta
from peierls.units import METRE

CURVES = (
    "over_mean_free_path",
    "over_mean_free_path_smooth",
    "over_displacement",
    "over_displacement_smooth",
    "over_frequency",
)
CRYSTALS = {
    "triclinic": (triclinic(2), [3, 4, 3]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}


@pytest.fixture(scope="module", params=CRYSTALS)
def chain(request):
    crystal, sizes = CRYSTALS[request.param]
    return compute(crystal, sizes, weights="event")


@pytest.fixture(scope="module", params=[rta, direct], ids=["rta", "direct"])
def case(request, chain):
    """A chain, its transport by one solver at two temperatures, and the curves."""
    problem = chain.problem(150.0, 500.0)
    transport = request.param.solve(problem)
    return chain, transport, curves_of(chain, problem.linewidths, transport)


def curves_of(chain, linewidths, transport):
    return cumulative_conductivity(chain.crystal, chain.mesh, chain.phonons, linewidths, transport)


def atol(transport):
    return 1e-12 * np.abs(transport.kappa).max()


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_ends_at_kappa(case, name):
    _, transport, curves = case
    assert_allclose(getattr(curves, name)[:, 0, -1], transport.kappa, rtol=0, atol=atol(transport))


@pytest.mark.parametrize("name", CURVES)
def test_branches_atoms_and_species_add_up_to_the_total(case, name):
    _, transport, curves = case
    curve = getattr(curves, name)
    for split in ("branch", "atom", "species"):
        parts = [position for position, part in enumerate(curves.parts) if part.startswith(split)]
        assert_allclose(curve[:, parts].sum(axis=1), curve[:, 0], rtol=0, atol=atol(transport))


@pytest.mark.parametrize("name", CURVES)
def test_curves_of_the_relaxation_time_approximation_rise(case, name):
    _, transport, curves = case
    if transport.solver == "rta":
        diagonal = np.einsum("tplaa->tpla", getattr(curves, name))
        assert (np.diff(diagonal, axis=2) >= -atol(transport)).all()


def test_curve_is_the_sum_over_shorter_mean_free_paths(case):
    chain, transport, curves = case
    paths = mean_free_paths(chain.phonons, chain.linewidths(150.0, 500.0)) / METRE
    assert_allclose(paths, curves.mean_free_path, rtol=1e-13)
    for number in range(0, len(curves.length), 17):
        shorter = paths <= curves.length[number]
        for t in range(2):
            for band in (0, 2):
                expected = transport.mode_kappa[t, shorter[t, :, band], band].sum(axis=0)
                found = curves.over_mean_free_path[t, curves.part(f"branch {band + 1}"), number]
                assert_allclose(found, expected, rtol=0, atol=atol(transport))


def test_displacement_of_the_relaxation_time_approximation_is_its_mean_free_path(case):
    """Where a mode is alone; in a degenerate set v is the mean, |v| the root mean square, which is not less."""
    chain, transport, curves = case
    if transport.solver == "rta":
        sets = chain.phonons.degenerate_sets[chain.mesh.irreducible]
        alone = (sets[:, :, None] == sets[:, None, :]).sum(axis=2) == 1
        assert_allclose(curves.displacement[:, alone], curves.mean_free_path[:, alone], rtol=1e-9, atol=1e-18)
        assert (curves.displacement <= curves.mean_free_path * (1 + 1e-12) + 1e-18).all()


def test_smooth_curve_is_between_the_steps_within_its_width(case):
    _, transport, curves = case
    if transport.solver == "rta":
        for t in range(2):
            smooth = np.einsum("laa->l", curves.over_mean_free_path_smooth[t, 0])
            steps = np.concatenate([[0], np.einsum("saa->s", curves.step_kappa[t])])
            ratio = np.exp(curves.half_width[t, 0])
            before, after = (
                steps[np.searchsorted(curves.step_mean_free_path[t], length, side="right")]
                for length in (curves.length / ratio, curves.length * ratio)
            )
            assert (before - 3 * atol(transport) <= smooth).all()
            assert (smooth <= after + 3 * atol(transport)).all()


def test_rounding_is_no_length(case):
    """However much modes carry that are displaced against their velocity: the axis starts where the others do."""
    chain, transport, curves = case
    displacements, kappa = np.array(transport.mean_free_displacement), np.array(transport.mode_kappa)
    displacements[:, 1:, 0] *= -1
    displacements[:, -1, 0] = 1e-20 * transport.mean_free_displacement[:, -1, 0]
    kappa[:, -1, 0] *= 1e-20
    behind = np.einsum("tqaa->t", np.abs(kappa[:, 1:, 0]))
    assert (behind > 0.02 * np.einsum("taa->t", transport.kappa)).all()
    changed = replace(transport, mean_free_displacement=displacements, mode_kappa=kappa)
    found = curves_of(chain, chain.problem(*transport.temperature).linewidths, changed)
    assert found.length[0] > 0.1 * curves.length[0]
    assert (found.half_width[:, 1] < 2).all()


def test_equivalent_atoms_have_equal_parts(silicon):
    """The two atoms of silicon are images of each other by inversion."""
    chain = compute(silicon, [3, 3, 3])
    problem = chain.problem(300.0)
    curves = curves_of(chain, problem.linewidths, rta.solve(problem))
    first, second = (curves.over_mean_free_path[0, curves.part(f"atom {number} Si")] for number in (1, 2))
    assert_allclose(first, second, rtol=0, atol=1e-10 * np.abs(curves.kappa).max())


def test_a_temperature_without_solution_has_no_curves(case):
    chain, transport, _ = case
    nothing = np.array([False, True])
    gone = {
        name: np.where(
            nothing.reshape(-1, *[1] * (getattr(transport, name).ndim - 1)), np.nan, getattr(transport, name)
        )
        for name in ("kappa", "mode_kappa", "mean_free_displacement")
    }
    curves = curves_of(chain, chain.linewidths(150.0, 500.0), replace(transport, **gone))
    assert np.isnan(curves.over_mean_free_path[1]).all() and np.isnan(curves.quantile_mean_free_path[1]).all()
    assert_allclose(curves.over_mean_free_path[0, 0, -1], transport.kappa[0], rtol=0, atol=atol(transport))


def test_stage_comes_back_from_its_file(case, tmp_path):
    curves = case[2]
    stage_files.write(tmp_path / "cumulative.h5", curves)
    assert_array_equal(stage_files.read(tmp_path / "cumulative.h5", Cumulative).over_frequency, curves.over_frequency)


def test_kernel_spreads_a_step_evenly_in_the_logarithm():
    axis = 7.0 * np.exp(np.linspace(-0.6, 0.6, 241))
    curve = accumulated(np.array([7.0]), np.array([2.0]), axis, half_width=0.5)
    assert_allclose(curve + curve[::-1], 2.0, atol=1e-12)
    assert (curve[axis < 7.0 * np.exp(-0.5)] == 0).all() and (curve[axis > 7.0 * np.exp(0.5)] == 2.0).all()
    slopes = np.diff(curve)
    assert (slopes >= 0).all() and np.argmax(slopes) in (119, 120)


def test_a_step_at_zero_or_below_is_there_from_the_start():
    for half_width in (0.0, 0.3):
        curve = accumulated(np.array([-3.0, 0.0, 5.0]), np.array([-1.0, 0.5, 2.0]), np.array([1e-9, 50.0]), half_width)
        assert_allclose(curve, [-0.5, 1.5])


STEPS = st.lists(
    st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 10.0)),
    min_size=1,
    max_size=30,
    unique_by=lambda step: round(step[0], 6),
)


@given(STEPS, st.floats(0.01, 0.99))
@example([(17.0, 2.0), (0.125, 1.0)], 0.75)
def test_a_rising_curve_reaches_a_share_once_to_half_a_step(steps, share):
    positions, values = np.array(steps).T
    first, last = quantile_positions(positions, values, [share])[0]
    assert first == last
    assert positions.min() * (1 - 1e-9) <= first <= positions.max() * (1 + 1e-9)
    before, after = (values[positions <= first * (1 + slack)].sum() for slack in (-1e-8, 1e-8))
    assert before - values.max() / 2 <= share * values.sum() + 1e-9
    assert after + values.max() / 2 >= share * values.sum() - 1e-9


def test_quantiles_of_a_dense_spectrum_are_those_of_its_distribution():
    """Steps of equal height in equal ratios from 1 to 10: a share p is reached at 10^p."""
    positions = 10 ** np.linspace(0, 1, 2001)
    found = quantile_positions(positions, np.ones(2001), [0.1, 0.5, 0.9])
    assert_allclose(found, 10 ** np.array([[0.1], [0.5], [0.9]]) * np.ones((1, 2)), rtol=1e-3)


def test_a_share_that_is_reached_more_than_once_is_told():
    """Sums 6, 1, 0.5, 4 with middles 3, 3.5, 0.75, 2.25: half, 2, is passed upwards, downwards and upwards."""
    first, last = quantile_positions(np.array([1.0, 10.0, 100.0, 1e3]), np.array([6.0, -5.0, -0.5, 3.5]), [0.5])[0]
    assert first == pytest.approx(1.0)
    assert last == pytest.approx(100.0 * 10 ** ((2 - 0.75) / (2.25 - 0.75)))


def test_steps_are_those_of_every_mode():
    positions = np.array([[3.0, 1.0], [2.0, 4.0]])
    values = np.arange(36.0).reshape(2, 2, 3, 3)
    ascending, sums = steps_of(positions, values)
    assert_array_equal(ascending, [1, 2, 3, 4])
    assert_array_equal(sums[1], values[0, 1] + values[1, 0])


def test_curves_of_a_sheet_assume_its_thickness():
    """κ of a sheet depends on the thickness it is given; so do all of its parts."""
    chain = compute(hexagonal(), [4, 4, 1], weights="event", method="gaussian", sigma=0.5)
    problem = chain.problem(300.0)
    geometry = {**problem.settings["geometry"], "thickness": 1e-10}
    problem = replace(problem, settings={**problem.settings, "geometry": geometry})
    transport = rta.solve(problem)
    curves = curves_of(chain, problem.linewidths, transport)
    assert np.abs(transport.kappa).max() > 0
    for part in ("total", "atom 1 Mg", "species Mg"):
        found = curves.over_mean_free_path[0, curves.part(part), -1]
        assert_allclose(found, transport.kappa[0], rtol=0, atol=atol(transport))
