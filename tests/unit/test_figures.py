"""Figures: what a person needs to read them, and equal bytes for equal work."""

from dataclasses import replace

import numpy as np
import pytest
from chain import DEFAULTS, compute, face_centred, hexagonal

from peierls.band_structure import compute_band_structure
from peierls.figures import bands, kappa, linewidths, runs
from peierls.figures import viscosity as viscosity_figure
from peierls.figures.style import save
from peierls.solvers import viscosity
from peierls.spectral import density_of_states


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


@pytest.fixture(scope="module", params=["kappa", "bands", "linewidths", "viscosity"])
def draw(request, chain):
    """A function that draws a figure from nothing but stage data."""

    def draw():
        if request.param == "kappa":
            return kappa.draw([chain.rta(50.0, 100.0, 300.0, 900.0)])
        if request.param == "bands":
            dos = density_of_states(chain.crystal, chain.mesh, chain.phonons)
            return bands.draw(compute_band_structure(chain.crystal, DEFAULTS["nac"]), dos)
        if request.param == "viscosity":
            return viscosity_figure.draw(viscosity.solve(chain.problem(100.0, 300.0)))
        return linewidths.draw(chain.linewidths(200.0, 310.0))

    return draw


def named_axes(figure):
    """The labels of the axes of a figure."""
    return [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label]


def test_every_axis_that_is_a_quantity_has_its_unit(draw):
    labels = named_axes(draw())
    assert labels
    for label in labels:
        assert "(" in label or "share" in label, label


def test_svg_and_png_are_reproducible(draw, tmp_path):
    for suffix in ("svg", "png"):
        contents = []
        for attempt in range(2):
            path = tmp_path / f"{attempt}.{suffix}"
            save(draw(), [path])
            contents.append(path.read_bytes())
        assert contents[0] == contents[1]
        assert b"<dc:date>" not in contents[0]


def test_kappa_is_drawn_on_logarithmic_axes_in_watts(chain):
    transport = chain.rta(100.0, 300.0)
    axes = kappa.draw([transport]).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylabel() == "thermal conductivity (W/m/K)"
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_ydata(), transport.kappa[:, 0, 0])


def test_directions_that_differ_are_drawn_apart():
    transport = compute(hexagonal(), [4, 4, 3]).rta(100.0, 300.0)
    axes = kappa.draw([transport]).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["rta xx", "rta yy", "rta zz"]


def test_solvers_are_told_apart(chain):
    transport = chain.rta(100.0, 300.0)
    axes = kappa.draw([transport, replace(transport, solver="direct")]).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["rta", "direct"]
    assert len({line.get_color() for line in axes.get_lines()}) == 2


def test_a_solver_without_a_result_has_one_entry(chain):
    transport = chain.rta(100.0, 300.0)
    missing = replace(transport, solver="iterative", kappa=np.full_like(transport.kappa, np.nan))
    axes = kappa.draw([transport, missing]).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["rta", "iterative"]


def test_runs_have_a_colour_and_solvers_a_line(chain):
    transport = chain.rta(100.0, 300.0)
    direct = replace(transport, solver="direct")
    missing = replace(transport, solver="iterative", kappa=np.full_like(transport.kappa, np.nan))
    figure = runs.draw({"one": [transport, direct, missing], "two": [direct]})
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert list(lines) == ["one, rta", "one, direct", "two, direct"]
    assert lines["one, rta"].get_color() == lines["one, direct"].get_color() != lines["two, direct"].get_color()
    assert lines["one, direct"].get_linestyle() == lines["two, direct"].get_linestyle()
    assert all("(" in label for label in named_axes(figure))


def test_runs_of_a_sheet_are_averaged_over_its_plane(chain):
    transport = chain.rta(100.0, 300.0)
    sheet = replace(transport, kappa=np.array([np.diag([6.0, 8.0, 0.0]), np.diag([1.0, 3.0, 0.0])]))
    (line,) = runs.draw({"sheet": [sheet]}).axes[0].get_lines()
    np.testing.assert_allclose(line.get_ydata(), [7.0, 2.0])


def test_bands_and_density_share_the_frequency_axis(chain):
    dos = density_of_states(chain.crystal, chain.mesh, chain.phonons)
    left, right = bands.draw(compute_band_structure(chain.crystal, DEFAULTS["nac"]), dos).axes
    assert left.get_ylim() == right.get_ylim()
    assert "Γ" in [text.get_text() for text in left.get_xticklabels()]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["total", "Si", "C"]


def test_linewidths_are_those_nearest_to_300_kelvin(chain):
    stage = chain.linewidths(200.0, 310.0, 900.0)
    axes = linewidths.draw(stage).axes[0]
    shown = axes.collections[0].get_offsets()
    expected = stage.linewidth[1][stage.linewidth[1] > 0]
    np.testing.assert_allclose(np.sort(shown[:, 1]), np.sort(expected))
    assert "310 K" in axes.get_title()
