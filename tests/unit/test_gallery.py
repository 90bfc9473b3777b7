"""The list of figures and tables agrees with the modules that draw them and with the layout of a run."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from peierls import config, directions, gallery, schema
from peierls.layout import Layout

ROOT = Path(__file__).parents[2]
SCHEMA = schema.load(ROOT / "workflow/schemas/config.schema.yaml")


def layout(**keys: Any) -> Layout:
    written = {"force_constants": {"path": str(ROOT / "resources/si-pbesol")}, **keys}
    return Layout(directions.with_directions(config.load({"runs": {"one": written}}, SCHEMA)))


@pytest.mark.parametrize("name", gallery.FIGURES)
def test_a_figure_is_drawn_from_what_its_entry_gives(name: str) -> None:
    parameters = inspect.signature(import_module(f"peierls.figures.{name}").draw).parameters
    assert set(gallery.FIGURES[name].inputs(layout(), "one")) == set(parameters)


def test_no_module_of_a_figure_is_without_an_entry() -> None:
    drawing = {path.stem for path in (ROOT / "src/peierls/figures").glob("*.py")}
    assert drawing - {"__init__", "style", "drawing", "panels", "runs"} == set(gallery.FIGURES)


def test_tables_with_inputs_have_a_module() -> None:
    modules = {path.stem for path in (ROOT / "src/peierls/tables").glob("*.py")}
    assert modules - {"__init__"} == {name for name, table in gallery.TABLES.items() if table.inputs}


def test_no_two_have_the_same_title() -> None:
    """Of two results of one name Snakemake's report shows the last."""
    titles = [entry.title for entry in (*gallery.FIGURES.values(), *gallery.TABLES.values())]
    assert len(titles) == len(set(titles))


def test_figures_follow_the_solvers() -> None:
    of_rta = {"kappa", "linewidths", "bands", "cumulative", "mean_free_paths", "boundary_scan", "spectral", "dos"}
    assert set(gallery.figures(layout(solvers=["rta"]), "one")) == of_rta
    assert set(gallery.figures(layout(analysis={"spectral": False}), "one")) & {"spectral", "dos"} == set()
    assert "convergence" in gallery.figures(layout(solvers=["variational"]), "one")
    assert "relaxons" in gallery.figures(layout(solvers=["relaxons"]), "one")
    assert set(gallery.figures(layout(solvers=["viscosity"]), "one")) == {"viscosity", "linewidths", "bands"}
    assert gallery.figures(layout(), "one")["kappa"] == "results/one/figures/kappa.svg"


def test_figures_and_tables_follow_the_analysis() -> None:
    nothing = layout(analysis={"cumulative": False, "boundary_scan": False})
    assert {"cumulative", "mean_free_paths", "boundary_scan", "thin_film"}.isdisjoint(gallery.figures(nothing, "one"))
    assert set(gallery.tables(nothing, "one")) == {"kappa", "thermal"}
    film = {"kinds": ["wire"], "direction": [1, 0, 0], "thickness": [1e-7]}
    everything = layout(analysis={"thin_film": film, "phase_space": True})
    wanted = {"mean_free_paths", "boundary_scan", "thin_film", "thermal", "phase_space"}
    assert wanted <= set(gallery.tables(everything, "one"))
    assert "thin_film" in gallery.figures(everything, "one")


def test_exact_scans_need_stored_matrix_elements() -> None:
    """An exact solver of any name is scanned by the variational solver; with `recompute` only RTA is."""
    assert [Path(path).stem for path in layout(solvers=["direct"]).boundary_scans("one")] == ["variational"]
    assert [Path(path).stem for path in layout().boundary_scans("one")] == ["rta", "variational"]
    recomputed = layout(integration={"storage": "recompute"})
    averaged = layout(nac={"direction": "average"})
    for run in (recomputed, averaged):
        assert [Path(path).stem for path in run.boundary_scans("one")] == ["rta"]


def test_captions_say_how_the_numbers_of_this_run_were_made() -> None:
    run = layout(
        mesh=[7, 7, 7],
        integration={"method": "gaussian", "sigma": 0.2},
        scattering={"isotopes": "none", "boundary_length": 1e-6},
    )
    said = gallery.caption(gallery.FIGURES["kappa"], "one", run.runs["one"])
    for words in ("of one against", "7×7×7", "Gaussians of 0.2 THz", "boundaries at 1e-06 m", "variational"):
        assert words in said
    assert "isotopes" not in said


@pytest.mark.parametrize("entry", [*gallery.FIGURES.values(), *gallery.TABLES.values()], ids=lambda entry: entry.title)
def test_every_caption_is_a_sentence(entry: gallery.Figure | gallery.Table) -> None:
    said = gallery.caption(entry, "one", layout().runs["one"])
    assert said[0].isupper()
    assert said.startswith(("Heat", "Lengths", "What")) or " of one" in said
    assert "Mesh " in said
    assert said.endswith(".")
    assert "{" not in said


def said_of(name: str, **keys: Any) -> str:
    return gallery.caption(gallery.FIGURES[name], "one", layout(**keys).runs["one"])


def test_caption_of_the_sizes_says_what_was_solved() -> None:
    exact, rta = "exact, solved again at each size", "in the relaxation-time approximation"
    assert f"{rta} and {exact}, at" in said_of("boundary_scan")
    for alone in ({"solvers": ["rta"]}, {"nac": {"direction": "average"}}, {"integration": {"storage": "recompute"}}):
        assert f"{rta} alone, at" in said_of("boundary_scan", **alone)
        assert "exact" not in said_of("boundary_scan", **alone)
    assert f"|v|/L beside all other scattering: {exact}, at" in said_of("boundary_scan", solvers=["direct"])


def test_captions_say_what_the_conductivity_of_a_sheet_assumes() -> None:
    for name in ("kappa", "cumulative", "boundary_scan", "spectral"):
        given = said_of(name, mesh=[5, 5, 1], geometry={"thickness": 3e-10})
        assert "for a thickness of 3e-10 m" in given
        assert "for the thickness of its cell" in said_of(name, mesh=[5, 5, 1])
        assert "for the cross-section of its cell" in said_of(name, mesh=[5, 1, 1])
        assert not {"thickness", "cross-section"} & set(said_of(name).split())


def test_captions_say_that_a_mean_over_directions_is_one() -> None:
    words = "means over directions of the limit at Γ"
    assert said_of("kappa", nac={"direction": "average"}).endswith(f"natural isotopes, {words}.")
    assert words not in said_of("kappa")


def test_caption_of_curves_over_modes_names_the_solvers_that_have_them() -> None:
    """The Wigner equation has no mean free paths, so the cumulative figure is without it."""
    run = layout(solvers=["rta", "wigner"])
    said = {name: gallery.caption(gallery.FIGURES[name], "one", run.runs["one"]) for name in ("kappa", "cumulative")}
    assert "Wigner" in said["kappa"]
    assert "Wigner" not in said["cumulative"]
    assert [Path(path).stem for path in run.cumulatives("one")] == ["rta"]


def test_a_mean_over_directions_has_no_record_of_iterations_and_no_relaxons() -> None:
    """Its results are means over several operators."""
    solvers = ["variational", "relaxons"]
    assert {"convergence", "relaxons"} <= set(gallery.figures(layout(solvers=solvers), "one"))
    averaged = layout(solvers=solvers, nac={"direction": "average"})
    assert {"convergence", "relaxons"}.isdisjoint(gallery.figures(averaged, "one"))


def test_times_of_a_mean_over_directions_are_those_of_all_of_its_runs() -> None:
    averaged = layout(solvers=["rta"], nac={"direction": "average"})
    records = gallery.records(averaged, "one")
    assert len(set(records)) == len(records)
    for number in range(7):
        assert f"results/one/directions/{number}/benchmarks/transport/rta.tsv" in records
        assert f"results/one/directions/{number}/benchmarks/linewidths.tsv" in records
        phonons = averaged.stage_file(f"one/directions/{number}", "phonons")
        assert averaged.record(phonons) in records
    assert not any("directions" in path for path in gallery.records(layout(solvers=["rta"]), "one"))


def test_a_viscosity_has_a_table_of_its_own_and_no_row_among_the_conductivities() -> None:
    both = layout(solvers=["rta", "viscosity"])
    assert gallery.tables(both, "one")["viscosity"] == "results/one/viscosity.csv"
    assert "viscosity" not in gallery.tables(layout(solvers=["rta"]), "one")
    assert both.conductivities("one") == ["results/one/transport/rta.h5"]
    assert gallery.FIGURES["kappa"].inputs(both, "one") == {"transports": both.conductivities("one")}


def test_what_earlier_settings_left_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of another mesh beside those of this one would be taken for its own."""
    monkeypatch.chdir(tmp_path)
    earlier, now = layout(solvers=["variational", "wigner"]), layout(solvers=["wigner"], analysis={"cumulative": False})
    for one in (earlier, now):
        drawn = list(gallery.figures(one, "one").values())
        png = [str(Path(path).with_suffix(".png")) for path in drawn]
        for path in (
            *drawn,
            *png,
            *gallery.tables(one, "one").values(),
            *one.transports("one"),
            one.populations("one"),
        ):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
        Path("results/one/mine.csv").touch()
        if one is earlier:
            assert gallery.left(one, "one") == []
    names = {str(Path(path).relative_to("results/one")) for path in gallery.left(now, "one")}
    assert "transport/variational.h5" in names
    assert {"figures/cumulative.svg", "figures/cumulative.png"} <= names
    assert names.isdisjoint({"mine.csv", "kappa.csv", "transport/rta.h5", "transport/wigner.h5"})
