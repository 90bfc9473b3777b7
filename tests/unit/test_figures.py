"""Figures: what a person needs to read them, and equal bytes for equal work."""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from chain import DEFAULTS, compute, face_centred, harmonic, hexagonal, spring_crystal
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from peierls.band_structure import compute_band_structure
from peierls.boundary_scan import scan_by_solving, scan_in_rta
from peierls.cumulative import cumulative_conductivity
from peierls.figures import (
    bands,
    boundary_scan,
    convergence,
    cumulative,
    dos,
    kappa,
    linewidths,
    mean_free_paths,
    runs,
    spectral,
    thin_film,
    wigner,
)
from peierls.figures import relaxons as relaxons_figure
from peierls.figures import viscosity as viscosity_figure
from peierls.figures.style import COLOURS, readable_log_axis, save, styled
from peierls.gallery import FIGURES as GALLERY
from peierls.report_page import PIXELS_PER_POINT
from peierls.solvers import direct, iterative, relaxons, variational, viscosity
from peierls.spectral import density_of_states
from peierls.spectral_conductivity import spectral_conductivity
from peierls.thin_film import thin_film_conductivity


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


def curves_of(chain, transport):
    linewidths = chain.linewidths(*transport.temperature)
    return cumulative_conductivity(chain.crystal, chain.mesh, chain.phonons, linewidths, transport)


def films_of(chain, transport):
    section = {"kinds": ["in-plane", "cross-plane", "wire"], "normal": [0, 0, 1], "direction": [1, 0, 0]}
    arguments = (chain.crystal, chain.mesh, chain.phonons, chain.linewidths(*transport.temperature), transport)
    return thin_film_conductivity(*arguments, {**section, "thickness": [1e-7, 1e-8, 1e-6], "specularity": 0.2})


FIGURES = [
    "kappa",
    "bands",
    "linewidths",
    "cumulative",
    "mean_free_paths",
    "boundary_scan",
    "thin_film",
    "spectral",
    "dos",
    "viscosity",
    "convergence",
    "relaxons",
    "wigner",
    "runs",
]


@pytest.fixture(scope="module", params=FIGURES)
def draw(request, chain):
    """A function that draws a figure from nothing but stage data."""

    def draw():
        if request.param == "kappa":
            return kappa.draw([chain.rta(50.0, 100.0, 300.0, 900.0)])
        if request.param == "bands":
            density = density_of_states(chain.crystal, chain.mesh, chain.phonons)
            return bands.draw(compute_band_structure(chain.crystal, DEFAULTS["nac"]), density)
        if request.param == "cumulative":
            return cumulative.draw([curves_of(chain, chain.rta(100.0, 300.0))])
        if request.param == "mean_free_paths":
            return mean_free_paths.draw(chain.linewidths(300.0), curves_of(chain, chain.rta(300.0)))
        if request.param == "boundary_scan":
            return boundary_scan.draw([scan_in_rta(chain.problem(100.0, 300.0), None)])
        if request.param == "thin_film":
            return thin_film.draw([films_of(chain, chain.rta(300.0))])
        if request.param == "viscosity":
            return viscosity_figure.draw(viscosity.solve(chain.problem(100.0, 300.0)))
        if request.param == "convergence":
            return convergence.draw([solver.solve(chain.problem(100.0, 300.0)) for solver in (iterative, variational)])
        if request.param == "relaxons":
            return relaxons_figure.draw(relaxons.solve(chain.problem(300.0)))
        if request.param == "wigner":
            return wigner.draw(chain.wigner(300.0))
        if request.param == "runs":
            return runs.draw({"one": [chain.rta(100.0, 300.0)], "two": [chain.rta(200.0, 300.0)]})
        if request.param in ("spectral", "dos"):
            return {"spectral": spectral, "dos": dos}[request.param].draw(spectra_of(chain, chain.rta(300.0)))
        return linewidths.draw(chain.linewidths(200.0, 310.0))

    return draw


def scaled(transport, factor, **changes):
    """What another solver might give: a little more, of every mode."""
    fields = ("kappa", "mode_kappa", "mean_free_displacement")
    return replace(transport, **{name: factor * getattr(transport, name) for name in fields}, **changes)


def spectra_of(chain, transport):
    """The spectra of one solver."""
    return spectral_conductivity(chain.crystal, chain.mesh, chain.phonons, [transport], chain.integration)


def named_axes(figure):
    """The labels of the axes of a figure."""
    return [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label]


def test_every_axis_that_is_a_quantity_has_its_unit(draw):
    labels = named_axes(draw())
    assert labels
    for label in labels:
        assert "(" in label or "share" in label, label


def test_words_can_be_read_on_a_narrow_screen(draw):
    """400 pixels less the margins of the page: no letters below 7.5 pixels high, and none outside the figure."""
    figure = draw()
    figure.draw_without_rendering()
    scale = min(1.0, 368 / (figure.get_size_inches()[0] * 72 * PIXELS_PER_POINT)) * PIXELS_PER_POINT
    # Texts of ticks outside their axis are there, but not drawn.
    texts = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text() and one.axes is None]
    texts += [part for axes in figure.axes for part in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts)]
    texts += [one for axes in figure.axes for one in axes.xaxis.get_ticklabels() + axes.yaxis.get_ticklabels()]
    texts += [one for legend in figure.findobj(Legend) for one in legend.get_texts()]
    texts = [one for one in texts if one.get_text()]
    assert len(texts) > 4
    for one in texts:
        assert one.get_fontsize() * scale >= 7.5, one
    inside = figure.get_tightbbox()
    assert inside.x0 >= -0.02 and inside.x1 <= figure.get_size_inches()[0] + 0.02
    assert inside.y0 >= -0.02 and inside.y1 <= figure.get_size_inches()[1] + 0.02


def test_labels_do_not_run_into_their_neighbours(draw):
    """Names of axes, of colour bars and titles: none lies on another, nor is longer than the figure."""
    figure = draw()
    figure.draw_without_rendering()
    boxes = [
        part.get_window_extent()
        for axes in figure.axes
        for part in (axes.xaxis.label, axes.yaxis.label, axes.title)
        if part.get_text() and part.get_visible()
    ]
    for number, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:number])


@pytest.mark.parametrize(("low", "high"), [(0.02, 2000.0), (0.5, 3.0), (40.0, 1100.0), (1e-5, 1e-3), (0.1, 1e7)])
def test_ticks_say_what_they_stand_for(low, high):
    """Also 0.1 beside 1000, which a common number of decimals would call 0."""
    with styled():
        figure = Figure()
        axes = figure.subplots()
        axes.set(xscale="log", xlim=(low, high))
        readable_log_axis(axes.xaxis)
        figure.draw_without_rendering()
        labels = {value: one.get_text() for value, one in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)}
    shown = {value: text for value, text in labels.items() if low <= value <= high}
    assert len(shown) > 1
    for value, text in shown.items():
        power = re.fullmatch(r"\$(?:(\d)\\times )?10\^\{(.+)\}\$", text)
        read = int(power[1] or 1) * 10.0 ** int(power[2]) if power else float(text)
        assert read == pytest.approx(value)


def test_colours_are_told_apart_by_every_kind_of_sight():
    """As seen with normal vision and without one kind of cone (Viénot, Brettel and Mollon's projections of linear RGB):
    each two differ in Lab by more than ten, many times what an eye just tells apart."""
    projections = {
        "normal": np.eye(3),
        "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    encoded = np.array([to_rgb(colour) for colour in COLOURS])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    for name, projection in projections.items():
        seen = (linear @ np.array(projection).T).clip(0, 1) @ xyz.T / xyz.sum(axis=1)
        f = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
        lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
        distances = np.linalg.norm(lab[:, None] - lab, axis=-1)[np.triu_indices(len(lab), 1)]
        assert distances.min() > 10, name


def test_every_figure_of_the_gallery_is_looked_at_here():
    assert set(GALLERY) <= set(FIGURES)


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


def test_directions_of_a_sheet_that_agree_are_one_line(chain):
    """The one across conducts nothing and is no direction that differs."""
    sheet = replace(chain.rta(100.0, 300.0), kappa=np.array([np.diag([6.0, 6.0, 0.0]), np.diag([2.0, 2.0, 0.0])]))
    noise = sheet.kappa + np.diag([0.0, 0.0, 3e-16])
    (line,) = kappa.draw([sheet, replace(sheet, solver="direct", kappa=noise)]).axes[0].get_lines()
    assert line.get_label() == "rta, direct"
    np.testing.assert_allclose(line.get_ydata(), [6.0, 2.0])


def test_directions_that_differ_are_drawn_apart():
    transport = compute(hexagonal(), [4, 4, 3]).rta(100.0, 300.0)
    axes = kappa.draw([transport]).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["rta xx", "rta yy", "rta zz"]


def test_many_names_do_not_lie_on_the_lines():
    transport = compute(hexagonal(), [4, 4, 3]).rta(100.0, 300.0)
    figure = kappa.draw([transport, *(scaled(transport, 1 + 0.1 * n, solver=f"number {n}") for n in (1, 2))])
    figure.draw_without_rendering()
    assert len(figure.axes[0].get_lines()) == len(figure.legends[0].get_texts()) == 9
    assert figure.axes[0].get_legend() is None
    assert not figure.legends[0].get_window_extent().overlaps(figure.axes[0].get_window_extent())


def test_solvers_are_told_apart(chain):
    transport = chain.rta(100.0, 300.0)
    axes = kappa.draw([transport, scaled(transport, 1.01, solver="direct")]).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["rta", "direct"]
    assert len({line.get_color() for line in axes.get_lines()}) == 2


def test_solvers_that_agree_share_a_line(chain):
    """One of five that lie on each other would hide the others, which the legend still names."""
    transport = chain.rta(100.0, 300.0)
    exact = [scaled(transport, factor, solver=name) for name, factor in (("direct", 1.01), ("iterative", 1.0102))]
    figures = [kappa.draw([transport, *exact]), cumulative.draw([curves_of(chain, one) for one in (transport, *exact)])]
    for figure in figures:
        assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["rta", "direct, iterative"]
    films = thin_film.draw([films_of(chain, one) for one in (transport, *exact)])
    assert films.legends[0].get_texts()[-1].get_text() == "rta, direct, iterative"
    two = runs.draw({"one": [transport, *exact]})
    assert [line.get_label() for line in two.axes[0].get_lines()] == ["one, rta", "one, direct, iterative"]


@pytest.fixture(scope="module")
def sheet():
    crystal = spring_crystal(np.diag([3.0, 3.4, 12.0]), [[0, 0, 0]], ["Si"], [28.0], reach=4.6)
    return compute(crystal, [5, 4, 1], weights="event")


def test_means_of_a_sheet_are_those_over_its_plane(sheet):
    """κ of the run is given for the two directions in which it conducts; a third of the trace would be 2/3 of that."""
    problem = sheet.problem(300.0)
    transport = sheet.rta(300.0)
    expected = (transport.kappa[0, 0, 0] + transport.kappa[0, 1, 1]) / 2
    assert transport.kappa[0, 2, 2] == pytest.approx(0, abs=1e-12 * expected)
    upper, lower = cumulative.draw([curves_of(sheet, transport)]).axes
    for line in [line for line in upper.get_lines() if len(line.get_xdata()) > 2] + lower.get_lines():
        assert line.get_ydata()[-1] == pytest.approx(expected)
    *panels, twin = spectral.draw(spectra_of(sheet, transport)).axes
    assert twin.get_lines()[0].get_ydata()[-1] == pytest.approx(expected)
    assert [text.get_text() for text in panels[-1].get_legend().get_texts()] == ["trace/2", "xx", "yy"]
    bulk = boundary_scan.draw([scan_in_rta(problem, [1e3])]).axes[0].get_lines()
    assert {round(float(line.get_ydata()[-1]) / expected, 6) for line in bulk} == {1.0}
    dots = relaxons_figure.draw(relaxons.solve(problem)).axes[0].collections[0].get_offsets()[:, 1]
    exact = direct.solve(problem).kappa[0]
    assert dots.sum() == pytest.approx(np.trace(exact) / 2, rel=1e-6)
    coherent = sheet.wigner(300.0)
    title = wigner.draw(coherent).axes[0].get_title()
    assert title == f"300 K, coherences {np.trace(coherent.kappa_coherences[0]) / 2:.3g} W/m/K"


def test_map_of_coherences_integrates_to_what_its_title_says(sheet, chain):
    for one in (sheet, chain):
        found = one.wigner(300.0)
        axes = wigner.draw(found).axes[0]
        (mesh,) = axes.collections
        width = np.diff(found.coherence_map_edges)[0]
        said = float(axes.get_title().split()[3])
        assert mesh.get_array().sum() * width**2 == pytest.approx(said, rel=6e-3)


def test_pieces_on_which_nothing_disperses_are_left_out(sheet):
    """Across a sheet all bands are flat; names of what is left do not touch."""
    density = density_of_states(sheet.crystal, sheet.mesh, sheet.phonons)
    found = compute_band_structure(sheet.crystal, DEFAULTS["nac"])
    assert found.labels[:6] == ("GAMMA", "X", "S", "Y", "GAMMA", "Z")
    left = bands.draw(found, density).axes[0]
    assert [text.get_text() for text in left.get_xticklabels()] == ["Γ", "X", "S", "Y", "Γ|Z", "U", "R", "T", "Z"]
    across = found.frequency[found.segment == 4]
    assert np.ptp(across, axis=0).max() < 1e-3 * found.frequency.max()
    # A line for each of the three bands.
    assert len(left.get_lines()) == 3 * 8
    ends = [line.get_xdata()[[0, -1]] for line in left.get_lines()[::3]]
    np.testing.assert_allclose([end for _, end in ends[:-1]], [start for start, _ in ends[1:]])
    np.testing.assert_allclose(ends[-1][1], left.get_xlim()[1])


def test_names_along_a_short_piece_of_the_path_do_not_touch():
    """A long cell has a short way from Γ to Z."""
    crystal = spring_crystal(
        np.diag([3.0, 3.4, 24.0]), [[0, 0, z / 8] for z in range(8)], ["Ge", *7 * ["Si"]], [28.0] * 8, 3.6
    )
    chain = harmonic(crystal, [2, 2, 1])
    figure = bands.draw(compute_band_structure(crystal, DEFAULTS["nac"]), density_of_states(crystal, *chain))
    with styled():
        figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].get_xticklabels()]
    ink = [
        # The empty rows above a name hold nothing.
        (box.x0, box.y0, box.x1, box.y0 + 0.9 * box.height / (1 + text.get_text().count("\n")))
        for box, text in zip(boxes, figure.axes[0].get_xticklabels(), strict=True)
    ]
    for (x0, y0, x1, y1), (other_x0, other_y0, other_x1, other_y1) in combinations(ink, 2):
        assert min(x1, other_x1) < max(x0, other_x0) or min(y1, other_y1) < max(y0, other_y0)


def test_scan_shows_room_temperature(chain):
    """As every figure for one temperature does, beside the lowest and the highest."""
    problem = chain.problem(100.0, 200.0, 300.0, 500.0, 900.0)
    axes = boundary_scan.draw([scan_in_rta(problem, [1e-8, 1e-7])]).axes[0]
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"100 K", "300 K", "900 K"} < set(shown)
    assert len(shown) == boundary_scan.MOST
    assert shown == sorted(shown)


def test_a_record_ends_where_its_solver_stopped(chain):
    """Others of its temperatures may go on; what it repeats meanwhile is no iteration."""
    transport = variational.solve(chain.problem(100.0, 300.0))
    residuals = np.array([[1e-1, 1e-5, 1e-10, 1e-10, 1e-10], [1e-1, 1e-2, 1e-4, 1e-7, 1e-10]])
    kappas = np.array([[1.0, 2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 3.0, 3.0, 3.0]])
    record = replace(transport, iteration_residual=residuals, iteration_kappa=kappas)
    for axes in convergence.draw([record]).axes:
        assert [len(line.get_ydata()) for line in axes.get_lines()] == [3, 5]


def test_a_solver_without_a_result_has_one_entry(chain):
    transport = chain.rta(100.0, 300.0)
    missing = replace(transport, solver="iterative", kappa=np.full_like(transport.kappa, np.nan))
    axes = kappa.draw([transport, missing]).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["rta", "iterative: no result"]


def test_runs_have_a_colour_and_solvers_a_line(chain):
    transport = chain.rta(100.0, 300.0)
    direct = scaled(transport, 1.01, solver="direct")
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
    density = density_of_states(chain.crystal, chain.mesh, chain.phonons)
    left, right = bands.draw(compute_band_structure(chain.crystal, DEFAULTS["nac"]), density).axes
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


def test_cumulative_curves_end_at_kappa_and_tell_solvers_apart(chain):
    transport = chain.rta(100.0, 310.0)
    curves = [curves_of(chain, one) for one in (transport, scaled(transport, 1.01, solver="direct"))]
    figure = cumulative.draw(curves)
    upper, lower = figure.axes
    expected = np.trace(transport.kappa[1]) / 3
    factors = {to_rgb(COLOURS[0]): 1.0, to_rgb(COLOURS[1]): 1.01}
    for line in [line for line in upper.get_lines() if len(line.get_xdata()) > 2] + lower.get_lines():
        assert line.get_ydata()[-1] == pytest.approx(expected * factors[to_rgb(line.get_color())])
    assert [text.get_text() for text in upper.get_legend().get_texts()] == ["rta", "direct"]
    assert {text.get_text() for text in upper.texts} == {"10 %", "50 %", "90 %"}
    assert upper.get_legend().get_title().get_text() == "310 K"


def test_mean_free_paths_are_on_a_logarithmic_axis_from_the_data(chain):
    """From next to nothing to all of κ; dotted lines where the stage says that shares of it are reached."""
    curves = curves_of(chain, chain.rta(100.0, 310.0))
    upper, lower = cumulative.draw([curves]).axes
    assert (upper.get_xscale(), lower.get_xscale()) == ("log", "linear")
    low, high = (np.interp(end * 1e-9, curves.length, trace_of(curves)) for end in upper.get_xlim())
    assert 0 < low < 0.01
    assert high == pytest.approx(1)
    assert upper.get_xlim()[1] < 1e9 * curves.length[-1] * 2
    dotted = [line.get_xdata()[0] for line in upper.get_lines() if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(dotted, 1e9 * curves.quantile_mean_free_path[1, :, 0])


def trace_of(curves):
    """The smooth curve at the last temperature over its end."""
    trace = np.einsum("laa->l", curves.over_mean_free_path_smooth[-1, 0])
    return trace / trace[-1]


def test_lifetimes_and_mean_free_paths_are_those_nearest_to_300_kelvin(chain):
    stage, curves = chain.linewidths(100.0, 310.0), curves_of(chain, chain.rta(100.0, 310.0))
    upper, lower = mean_free_paths.draw(stage, curves).axes[:2]
    scattered = stage.linewidth[1] > 0
    shown = upper.collections[0].get_offsets()
    np.testing.assert_allclose(np.sort(shown[:, 1]), np.sort(1 / (4 * np.pi * stage.linewidth[1][scattered])))
    paths = 1e9 * curves.mean_free_path[1]
    shown = lower.collections[0].get_offsets()
    np.testing.assert_allclose(np.sort(shown[:, 1]), np.sort(paths[paths > 1e-7 * paths.max()]))


def test_colour_is_the_share_of_umklapp(chain):
    stage = chain.linewidths(300.0)
    shown = stage.linewidth[0] > 0
    both = stage.linewidth_umklapp[0] + stage.linewidth_normal[0]
    expected = stage.linewidth_umklapp[0][shown] / both[shown]
    colours = linewidths.draw(stage).axes[0].collections[0].get_array()
    np.testing.assert_allclose(colours, expected)
    assert np.ptp(expected) > 0.3


def test_viscosities_are_means_along_and_across(chain):
    stage = viscosity.solve(chain.problem(300.0))
    lines = {line.get_label(): line.get_ydata()[0] for line in viscosity_figure.draw(stage).axes[0].get_lines()}
    for method, tensor in (("exact", stage.viscosity[0]), ("rta", stage.viscosity_rta[0])):
        along = [tensor[i, i, i, i] for i in range(3)]
        across = [tensor[i, j, i, j] for i in range(3) for j in range(3) if i != j]
        assert lines[f"along, {method}"] == pytest.approx(np.mean(along))
        assert lines[f"across, {method}"] == pytest.approx(np.mean(across))


def test_densities_of_states_add_up_beside_the_bands_and_on_their_own(chain):
    density = density_of_states(chain.crystal, chain.mesh, chain.phonons)
    right = bands.draw(compute_band_structure(chain.crystal, DEFAULTS["nac"]), density).axes[1]
    of_all, *of_species = [line.get_xdata() for line in right.get_lines()]
    np.testing.assert_allclose(sum(of_species), of_all, atol=1e-9)
    np.testing.assert_allclose(of_all, density.total)
    for panel in dos.draw(spectra_of(chain, chain.rta(300.0))).axes:
        whole, *parts = [line.get_ydata() for line in panel.get_lines()]
        np.testing.assert_allclose(sum(parts), whole, atol=1e-9 * whole.max())
        assert np.trapezoid(whole, panel.get_lines()[0].get_xdata()) == pytest.approx(chain.crystal.n_bands)


def test_relaxons_are_dots_of_their_lifetimes(chain):
    stage = relaxons.solve(chain.problem(100.0, 290.0))
    shown = relaxons_figure.draw(stage).axes[0].collections[0].get_offsets()
    assert set(np.asarray(shown[:, 0])) <= set(stage.relaxation_times[1])
    heat = (np.einsum("raa,r->r", stage.relaxon_kappa[1], stage.relaxation_times[1]) / 3)[stage.relaxation_times[1] > 0]
    axes = relaxons_figure.draw(stage).axes[0]
    assert shown[:, 1].max() < axes.get_ylim()[1] < 10 * shown[:, 1].max()
    assert (shown[:, 0] * shown[:, 1]).sum() == pytest.approx(heat[heat > 0].sum())


def test_scan_and_films_show_what_their_stages_hold(chain):
    scan = scan_in_rta(chain.problem(100.0, 300.0), [1e-8, 1e-7])
    curves = [line for line in boundary_scan.draw([scan]).axes[0].get_lines() if line.get_linestyle() == "-"]
    for curve, expected in zip(curves, scan.kappa, strict=True):
        np.testing.assert_allclose(curve.get_xdata(), [10, 100])
        np.testing.assert_allclose(curve.get_ydata(), np.einsum("laa->l", expected) / 3)
    films = films_of(chain, chain.rta(100.0, 300.0))
    lines = [line for line in thin_film.draw([films]).axes[0].get_lines() if line.get_linestyle() == "-"]
    for k, line in enumerate(lines):
        np.testing.assert_allclose(line.get_ydata(), (films.kappa[1, k] / films.kappa_bulk[1, k])[[1, 0, 2]])


def test_a_solver_that_did_not_converge_leaves_an_empty_curve(chain):
    transport = chain.rta(300.0)
    lost = {name: np.full_like(getattr(transport, name), np.nan) for name in ("kappa", "mode_kappa")}
    lost["mean_free_displacement"] = np.full_like(transport.mean_free_displacement, np.nan)
    gone = replace(transport, solver="iterative", **lost)
    axes = cumulative.draw([curves_of(chain, gone), curves_of(chain, transport)]).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["iterative: no result", "rta"]
    thin_film.draw([films_of(chain, gone)])


def test_scan_has_a_line_per_solver_and_temperature(chain):
    problem = chain.problem(100.0, 300.0)
    axes = boundary_scan.draw([scan_in_rta(problem, [1e-8, 1e-7]), scan_by_solving(problem, [1e-8, 1e-7])]).axes[0]
    curves = [line for line in axes.get_lines() if line.get_linestyle() != ":"]
    assert [line.get_linestyle() for line in curves] == ["--", "--", "-", "-"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["100 K", "300 K"]
    assert axes.get_title() == "dashed: relaxation-time approximation, full: exact solution"


def test_scan_says_where_no_size_was_solved(chain):
    problem = chain.problem(100.0)
    found = scan_in_rta(problem, [1e-8, 1e-7])
    lost = replace(found, solver="variational", kappa=np.full_like(found.kappa, np.nan))
    title = boundary_scan.draw([found, lost]).axes[0].get_title()
    assert title == "dashed: relaxation-time approximation, no exact solution"


def test_films_are_drawn_from_thin_to_thick_with_their_directions(chain):
    figure = thin_film.draw([films_of(chain, chain.rta(300.0))])
    axes = figure.axes[0]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["in-plane along (1 0 0),\nnormal (0 0 1)", "cross-plane along (0 0 1)", "wire along (1 0 0)"]
    np.testing.assert_allclose(axes.get_lines()[0].get_xdata(), [10, 100, 1000])
    assert axes.get_title() == "300 K, specularity 0.2"


def test_spectra_are_drawn_by_branch_species_and_direction(chain):
    """Species and directions where they differ; the dashed line ends at κ."""
    transport = chain.rta(100.0, 290.0)
    *panels, twin = spectral.draw(spectra_of(chain, transport)).axes
    legends = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in panels]
    assert legends == [
        ["trace/3", "branch 1", "branch 2", "branch 3", "branches 4 to 6"],
        ["trace/3", "Si", "C"],
    ]
    assert twin.get_lines()[0].get_ydata()[-1] == pytest.approx(transport.kappa[1, 0, 0], rel=1e-9)
    assert panels[0].figure.get_suptitle() == "rta, 290 K"
    layered = compute(hexagonal(), [4, 4, 3])
    *panels, _ = spectral.draw(spectra_of(layered, layered.rta(300.0))).axes
    assert [text.get_text() for text in panels[-1].get_legend().get_texts()] == ["trace/3", "xx", "yy", "zz"]


@pytest.mark.parametrize("module", [spectral, dos])
def test_legends_of_spectra_lie_above_all_curves(chain, module):
    """Wherever a crystal has its peak; and no words on the title."""
    figure = module.draw(spectra_of(chain, chain.rta(300.0)))
    with styled():
        figure.draw_without_rendering()
    for axes in figure.axes:
        if axes.get_legend() is not None:
            box = axes.get_legend().get_window_extent()
            assert all(
                text.get_window_extent().y0 >= axes.get_window_extent().y1 for text in axes.get_legend().get_texts()
            )
            assert box.x1 <= figure.bbox.x1
            if figure.get_suptitle():
                assert box.y1 <= figure._suptitle.get_window_extent().y0 + 1


def test_spectra_of_a_temperature_at_which_no_solver_converged_are_left_out(chain):
    transport = chain.rta(100.0, 300.0)
    failed = replace(transport, converged=np.array([1, 0]))
    assert spectral.draw(spectra_of(chain, failed)).get_suptitle() == "rta, 100 K"
    nowhere = replace(transport, converged=np.array([0, 0]))
    assert np.isnan(spectral.draw(spectra_of(chain, nowhere)).axes[0].get_lines()[0].get_ydata()).all()
