"""What is computed again when something changes: the stages from the change down, and nothing above."""

import copy
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from snakemake_calls import Workflow

Edit = Callable[[Path, str], None]

# The small case has two solvers, one of which iterates, and nine figures.
PAGES = {"report": 1, "verdict": 1}
# What says how sound the results are, of solvers and of those tables that have a check.
SOUNDNESS = {"health": 1, "index": 1}
KAPPA = {"kappa_table": 1, "figure kappa": 1, **SOUNDNESS, **PAGES}
BOUNDARY_SCAN = {**SOUNDNESS, "boundary_scan": 2, "table boundary_scan": 1, "figure boundary_scan": 1}
MEAN_FREE_PATHS = "figure mean_free_paths"
CUMULATIVE = {"table mean_free_paths": 1, "figure cumulative": 1, MEAN_FREE_PATHS: 1}
FIGURES = {
    f"figure {name}": 1
    for name in (
        *("kappa", "bands", "linewidths", "convergence", "cumulative", "mean_free_paths", "boundary_scan"),
        *("spectral", "dos"),
    )
}
SPECTRAL = {"spectral": 1, "figure spectral": 1, "figure dos": 1, "tdep": 1}
# What follows from the results of the solvers, and what goes beside them.
BELOW_TRANSPORT = {"figure convergence": 1, **KAPPA, "cumulative": 2, **CUMULATIVE, **SPECTRAL}
TRANSPORT = {"transport": 2, **BELOW_TRANSPORT, **BOUNDARY_SCAN}
# What only the solver that iterates changes; mean free paths are drawn from those of the first.
ITERATING = {**TRANSPORT, "transport": 1, "cumulative": 1}
del ITERATING[MEAN_FREE_PATHS]
THERMAL = {"thermal": 1, "table thermal": 1}
LINEWIDTHS = {"linewidths": 1, "figure linewidths": 1, **TRANSPORT}
MATRIX_ELEMENTS = {"matrix_elements": 2, "matrix_elements_index": 1, "stage_links": 1, **LINEWIDTHS}
PHONONS = {"phonons": 1, "dos": 1, "figure bands": 1, **THERMAL, **MATRIX_ELEMENTS}
MESH = {"mesh": 1, **PHONONS}
ALL = {"crystal": 1, "bands": 1, **MESH}
FILM = {"kinds": ["wire"], "direction": [0, 0, 1], "thickness": [1e-7]}

BY_KEY: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"force_constants": {"sum_rules": "impose"}}, ALL),
    ({"mesh": [3, 3, 3]}, MESH),
    ({"nac": {"method": "none"}}, {"bands": 1, **PHONONS}),
    ({"integration": {"method": "gaussian"}}, MATRIX_ELEMENTS),
    ({"temperatures": [300, 400]}, {**LINEWIDTHS, **THERMAL}),
    ({"scattering": {"boundary_length": 1e-6}}, LINEWIDTHS),
    ({"solver_options": {"max_iterations": 7}}, {**ITERATING, "boundary_scan": 1}),
    ({"integration": {"sigma": 0.2, "kind": "tdep", "scale": 2.0, "threshold": 3.0}}, {}),
    ({"integration": {"max_memory": 1.0}}, {}),
    # Only stored matrix elements are scanned beyond RTA: the table and the figure lose a solver.
    (
        {"integration": {"storage": "recompute"}},
        {"table boundary_scan": 1, "figure boundary_scan": 1, **SOUNDNESS, **PAGES},
    ),
    ({"force_constants": {"format": "auto"}}, {}),
    ({"solver_options": {"wigner_populations": "rta"}}, {}),
    ({"analysis": {"boundary_scan": [1e-6]}}, {**BOUNDARY_SCAN, **PAGES}),
    (
        {"analysis": {"thin_film": FILM}},
        {"thin_film": 2, "table thin_film": 1, "figure thin_film": 1, **SOUNDNESS, **PAGES},
    ),
    ({"analysis": {"phase_space": True}}, {"phase_space": 1, "table phase_space": 1, **PAGES}),
    ({"analysis": {"cumulative": False}}, PAGES),
    ({"analysis": {"dump_grid": True}}, {"tdep_grid": 1, **PAGES}),
    ({"strict": True}, PAGES),
    ({"chunks": 3}, {}),
]

BY_MODULE: list[tuple[str, dict[str, int]]] = [
    ("job.py", {}),
    ("wigner.py", {}),
    # The scan has its range from the one, and does not solve with the other.
    ("solvers/rta.py", {"transport": 1, **KAPPA, "cumulative": 1, **CUMULATIVE, **BOUNDARY_SCAN, **SPECTRAL}),
    (
        "solvers/variational.py",
        {job: n for job, n in ITERATING.items() if job not in BOUNDARY_SCAN or job in SOUNDNESS},
    ),
    ("cumulative.py", {"cumulative": 2, **CUMULATIVE, "tdep": 1, **PAGES}),
    ("boundary_scan.py", {**BOUNDARY_SCAN, **PAGES}),
    ("thin_film.py", {}),
    ("thermal.py", {**THERMAL, **PAGES}),
    ("tables/thermal.py", {"table thermal": 1, **PAGES}),
    ("figures/cumulative.py", {"figure cumulative": 1, **PAGES}),
    ("spectral_conductivity.py", {**SPECTRAL, **PAGES}),
    ("tdep_files.py", {"tdep": 1, "verdict": 1}),
    ("collision_operator.py", TRANSPORT),
    ("report.py", {"kappa_table": 1, "table boundary_scan": 1, **SOUNDNESS, **PAGES}),
    ("report_page.py", {"index": 1, **PAGES}),
    ("gallery.py", {}),
    ("figures/style.py", {**FIGURES, "index": 1, **PAGES}),
    ("figures/bands.py", {"figure bands": 1, **PAGES}),
    ("band_structure.py", {"bands": 1, "stage_links": 1, "figure bands": 1, **PAGES}),
    ("force_constants/phono3py.py", ALL),
    ("stage_files.py", ALL),
]


def changed(config: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The configuration with some keys of its run replaced."""
    config = copy.deepcopy(config)
    run = config["runs"]["silicon"]
    for key, value in change.items():
        run[key] = {**run.get(key, {}), **value} if isinstance(value, dict) else value
    return config


@pytest.fixture
def edit() -> Iterator[Edit]:
    """Change a file of the clone for the length of a test, times included."""
    undo = []

    def edit(path: Path, text: str) -> None:
        undo.append((path, path.read_text(), path.stat()))
        path.write_text(text)

    yield edit
    for path, text, status in undo:
        path.write_text(text)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_nothing_is_done_twice(finished: Workflow, small: dict[str, Any]) -> None:
    result = finished.snakemake(config=small)
    assert result.status == 0
    assert "Nothing to be done" in result.output


@pytest.mark.parametrize(
    ("change", "expected"), BY_KEY, ids=lambda value: "-".join(value) if isinstance(value, dict) else None
)
def test_key_reruns_its_stage_and_those_below(
    finished: Workflow, small: dict[str, Any], change: dict[str, Any], expected: dict[str, int]
) -> None:
    assert finished.plan(changed(small, change)) == Counter(expected)


def test_writing_the_same_differently_reruns_nothing(finished: Workflow, small: dict[str, Any]) -> None:
    run = small["runs"]["silicon"]
    integration = {"threshold": 4, "sigma": "1e-1", "method": "tetrahedron"}
    temperatures = {"spacing": "log", "points": 1, "max": "3e2", "min": 300.0}
    rewritten = {**dict(reversed(run.items())), "temperatures": temperatures}
    config = {"defaults": {"integration": integration, "chunks": 40}, "runs": {"silicon": rewritten}}
    assert finished.plan(config) == Counter()


@pytest.mark.parametrize(("module", "expected"), BY_MODULE, ids=[module for module, _ in BY_MODULE])
def test_code_reruns_what_uses_it(
    finished: Workflow, small: dict[str, Any], edit: Edit, module: str, expected: dict[str, int]
) -> None:
    path = finished.clone / "src/peierls" / module
    edit(path, path.read_text() + "\n_A_NEW_CONSTANT = 1\n")
    assert finished.plan(small) == Counter(expected)


def test_comments_and_docstrings_rerun_nothing(finished: Workflow, small: dict[str, Any], edit: Edit) -> None:
    for path in (finished.clone / "src/peierls").rglob("*.py"):
        text = path.read_text()
        assert text.startswith('"""')
        edit(path, text.replace('"""', '"""More words. ', 1) + "\n# A comment.\n")
    assert finished.plan(small) == Counter()


def test_a_changed_template_writes_the_pages_again(finished: Workflow, small: dict[str, Any], edit: Edit) -> None:
    path = finished.clone / "src/peierls/templates/report.html"
    edit(path, path.read_text() + "<!-- more -->")
    assert finished.plan(small) == Counter({"index": 1, **PAGES})


def test_touched_inputs_and_stages_rerun_nothing(finished: Workflow, small: dict[str, Any]) -> None:
    stages = list((finished.folder / "results/stages").rglob("*.h5"))
    assert len(stages) == 8
    times = {path: path.stat() for path in [*(finished.clone / "resources/si-pbesol").iterdir(), *stages]}
    try:
        for path in times:
            path.touch()
        assert finished.plan(small) == Counter()
    finally:
        # Where Snakemake's records are missing, as in a copy of the results, times count.
        for path, status in times.items():
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_other_force_constants_rerun_everything_however_old_they_are(
    finished: Workflow, small: dict[str, Any], tmp_path: Path
) -> None:
    """A copy that keeps its times, or a link that leads elsewhere now, is older than the results."""
    folder = finished.clone / "resources/si-pbesol"
    other = shutil.copytree(folder, tmp_path / "other")
    with (other / "phono3py.yaml").open("a") as file:
        file.write("# other\n")
    for path in other.iterdir():
        os.utime(path, (0, 0))
    same = folder.rename(tmp_path / "same")
    try:
        folder.symlink_to(same)
        assert finished.plan(small) == Counter()
        folder.unlink()
        folder.symlink_to(other)
        assert finished.plan(small) == Counter(ALL)
    finally:
        folder.unlink(missing_ok=True)
        same.rename(folder)


def test_touched_script_reruns_its_rule(finished: Workflow, small: dict[str, Any], edit: Edit) -> None:
    """Snakemake watches scripts by time, not by content; `snakemake --touch` makes all of it clean again."""
    path = finished.clone / "workflow/scripts/transport.py"
    edit(path, path.read_text())
    assert finished.plan(small) == Counter({"transport": 2, **BELOW_TRANSPORT})


def test_a_lost_shard_is_computed_again_when_it_is_needed(finished: Workflow, small: dict[str, Any]) -> None:
    shard = next((finished.folder / "results/stages").rglob("matrix_elements/2/1.h5"))
    aside = shard.rename(shard.with_suffix(".aside"))
    try:
        warmer = finished.plan(changed(small, {"temperatures": [300, 400]}))
    finally:
        aside.rename(shard)
    assert warmer == Counter({**MATRIX_ELEMENTS, **THERMAL, "matrix_elements": 1})


def test_the_full_mesh_is_added_to_a_finished_run(finished: Workflow, small: dict[str, Any]) -> None:
    """In TDEP's form: its mean over the mesh is the conductivity in TDEP's table beside it."""
    name = "results/silicon/tdep/outfile.grid_thermal_conductivity.hdf5"
    result = finished.snakemake("--", name, config=changed(small, {"analysis": {"dump_grid": True}}))
    try:
        assert result.status == 0, result.output
        assert result.jobs == Counter({"tdep_grid": 1})
        with h5py.File(finished.folder / name) as file:
            kappa = file["thermal_conductivity"][()].mean(axis=0).sum(axis=0)
        row = (finished.folder / "results/silicon/tdep/outfile.thermal_conductivity").read_text().split()
        np.testing.assert_allclose(np.diag(kappa), [float(number) for number in row[1:4]], rtol=1e-9)
    finally:
        (finished.folder / name).unlink(missing_ok=True)


def test_matrix_elements_that_are_recomputed_are_not_stored(workflow: Workflow, small: dict[str, Any]) -> None:
    planned = workflow.plan(changed(small, {"integration": {"storage": "recompute"}}))
    expected = {rule: n for rule, n in ALL.items() if not rule.startswith("matrix_elements")}
    assert planned == Counter({**expected, "boundary_scan": 1})


def test_the_viscosity_has_its_own_table_and_figure(workflow: Workflow, small: dict[str, Any]) -> None:
    both = workflow.plan(changed(small, {"solvers": ["rta", "viscosity"]}))
    own = {"viscosity_table": 1, "figure viscosity": 1}
    less = {"figure convergence": 1, "cumulative": 1, "boundary_scan": 1}
    assert both == Counter({**ALL, **own}) - Counter(less)
    alone = workflow.plan(changed(small, {"solvers": ["viscosity"]}))
    of_kappa = {"cumulative": 1, **CUMULATIVE, **BOUNDARY_SCAN, **SPECTRAL}
    of_kappa = {job: number for job, number in of_kappa.items() if job not in SOUNDNESS}
    assert alone == both - Counter({"transport": 1, "figure kappa": 1, **of_kappa})


def test_chunks_cut_what_is_not_there_yet(workflow: Workflow, small: dict[str, Any]) -> None:
    assert workflow.plan(changed(small, {"chunks": 5})) == Counter({**ALL, "matrix_elements": 5})


def test_runs_share_the_stages_on_which_they_agree(workflow: Workflow, small: dict[str, Any]) -> None:
    config = copy.deepcopy(small)
    config["runs"]["warm"] = {**config["runs"]["silicon"], "temperatures": [400]}
    # Cut differently, if it were alone.
    config["runs"]["warm"]["chunks"] = 3
    planned = workflow.plan(config)
    shared = {"crystal", "mesh", "phonons", "bands", "dos", "matrix_elements", "matrix_elements_index"}
    assert planned == Counter({rule: n if rule in {*shared, "index"} else 2 * n for rule, n in ALL.items()})


def test_a_sweep_computes_once_what_its_runs_share(workflow: Workflow, small: dict[str, Any]) -> None:
    """Two meshes and two temperatures are four runs, and two sets of matrix elements of two shards each."""
    config = copy.deepcopy(small)
    run = config["runs"]["silicon"]
    run.pop("mesh"), run.pop("temperatures")
    run["sweep"] = {"mesh": [[3, 3, 3], [4, 4, 4]], "temperatures": [[300], [400]]}
    planned = workflow.plan(config)
    once, per_mesh = (
        {"crystal", "bands", "index"},
        {"mesh", "phonons", "dos", "matrix_elements", "matrix_elements_index"},
    )
    times = {rule: 1 if rule in once else 2 if rule in per_mesh else 4 for rule in ALL}
    assert planned == Counter({rule: times[rule] * n for rule, n in ALL.items()})


WIGNER = {"wigner": 1, "figure wigner": 1, **KAPPA}


def as_waves(small: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the small case with the Wigner equation and no other solver, under a name of its own."""
    return {"runs": {"waves": changed(small, {"solvers": ["wigner"], **change})["runs"]["silicon"]}}


@pytest.fixture(scope="module")
def waves(finished: Workflow, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy of the small case in which that has been computed as well."""
    folder = tmp_path_factory.mktemp("waves") / "work"
    shutil.copytree(finished.folder, folder, symlinks=True)
    workflow = Workflow(finished.clone, folder)
    result = workflow.snakemake(config=as_waves(small, {}))
    assert result.status == 0, result.output
    assert result.jobs["matrix_elements"] == 0
    return workflow


# What a solver of the Boltzmann equation adds.
BY_MODES = {**BOUNDARY_SCAN, "boundary_scan": 1, "cumulative": 1, **CUMULATIVE, **SPECTRAL}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"solver_options": {"wigner_populations": "rta"}}, WIGNER),
        # A solver that is named is computed, and one that is listed is taken where none is named.
        ({"solver_options": {"wigner_populations": "direct"}}, {"transport": 1, **WIGNER}),
        ({"solvers": ["wigner", "variational"]}, {**WIGNER, **BY_MODES, "transport": 1, "figure convergence": 1}),
        ({"solvers": ["wigner", "rta"]}, {**KAPPA, **BY_MODES}),
        (
            {"scattering": {"boundary_length": 1e-6}},
            {"linewidths": 1, "figure linewidths": 1, "transport": 1, **WIGNER},
        ),
    ],
)
def test_the_wigner_equation_depends_on_its_populations(
    waves: Workflow, small: dict[str, Any], change: dict[str, Any], expected: dict[str, int]
) -> None:
    assert waves.plan(as_waves(small, change)) == Counter(expected)


@pytest.mark.parametrize(
    ("module", "expected"),
    [("wigner.py", WIGNER), ("solvers/rta.py", {"transport": 1, **WIGNER}), ("solvers/variational.py", {})],
)
def test_its_code_reruns_it_and_nothing_else(
    waves: Workflow, small: dict[str, Any], edit: Edit, module: str, expected: dict[str, int]
) -> None:
    path = waves.clone / "src/peierls" / module
    edit(path, path.read_text() + "\n_A_NEW_CONSTANT = 1\n")
    assert waves.plan(as_waves(small, {})) == Counter(expected)


def test_means_over_directions_are_those_of_the_wigner_equation_of_each(
    workflow: Workflow, small: dict[str, Any]
) -> None:
    planned = workflow.plan(changed(small, {"solvers": ["wigner"], "nac": {"direction": "average"}}))
    assert {rule: planned[rule] for rule in ("transport", "wigner", "mean_transport")} == {
        "transport": 7,
        "wigner": 7,
        "mean_transport": 1,
    }


def test_the_table_has_the_parts_of_the_wigner_equation(waves: Workflow) -> None:
    lines = (waves.folder / "results/waves/kappa.csv").read_text().splitlines()
    rows = {line.split(",")[1]: float(line.split(",")[2]) for line in lines[1:]}
    assert list(rows) == ["wigner_populations", "wigner_coherences", "wigner"]
    assert rows["wigner"] == pytest.approx(rows["wigner_populations"] + rows["wigner_coherences"], rel=1e-14)
    assert rows["wigner_coherences"] > 0
    assert {path.suffix for path in (waves.folder / "results/waves/figures").glob("wigner.*")} == {".svg", ".png"}
    assert "waves, wigner: kappa = " in (waves.folder / "results/waves/verdict.txt").read_text()
