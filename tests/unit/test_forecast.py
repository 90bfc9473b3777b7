"""The forecast against what then happens."""

import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from chain import compute, face_centred, triclinic, wigner_of

from peierls import config, force_constants, gallery, schema, stage_files
from peierls.boundary_scan import scan_in_rta
from peierls.crystal import Crystal
from peierls.cumulative import cumulative_conductivity
from peierls.forecast import Forecast, forecast, refusals, too_fine, total
from peierls.forecast.analysis import Analysis
from peierls.forecast.least import mesh_bytes, needed_at_least
from peierls.forecast.sample import spread
from peierls.forecast.stages import Costs
from peierls.forecast.start import start
from peierls.forecast.words import in_bytes, in_time
from peierls.layout import Layout
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.phase_space import phase_space
from peierls.phonons import compute_phonons
from peierls.solvers import rta
from peierls.spectral_conductivity import spectral_conductivity
from peierls.triplets import count_reduced_triplets, reduced_triplets

SCHEMA = schema.load(schema.shipped())
ROOT = Path(__file__).parents[2]


def run_of(mesh: Any, **keys: Any) -> config.Run:
    keys = {"force_constants": {"path": "somewhere"}, "mesh": mesh, **keys}
    return config.load({"runs": {"one": keys}}, SCHEMA)["one"]


@pytest.mark.parametrize("each_event_once", [True, False])
@pytest.mark.parametrize(
    ("crystal", "sizes"),
    [(face_centred((28.0, 12.0)), (4, 4, 4)), (face_centred((28.0, 28.0)), (5, 5, 5)), (triclinic(2), (3, 4, 2))],
    ids=["even mesh", "odd mesh", "no symmetry"],
)
def test_triplets_are_counted_exactly(crystal: Crystal, sizes: tuple[int, ...], each_event_once: bool) -> None:
    """Burnside's lemma against the triplets themselves."""
    mesh = build_mesh(crystal, sizes)
    rotated = mesh.rotated()
    points = range(mesh.n_irreducible)
    kept = sum(len(reduced_triplets(mesh, point, rotated, each_event_once).q2) for point in points)
    assert count_reduced_triplets(mesh, each_event_once) == kept


def test_wedge_has_the_frequencies_of_the_full_mesh(silicon: Crystal) -> None:
    mesh = build_mesh(silicon, (4, 4, 4))
    nac = run_of([4, 4, 4])["nac"]
    full, wedge = (compute_phonons(silicon, mesh, nac, only_wedge=only) for only in (False, True))
    assert np.allclose(wedge.frequencies, full.frequencies, rtol=1e-9, atol=1e-6)
    assert np.allclose(wedge.group_velocities, full.group_velocities, atol=1e-6)


def within(factor: float, found: float, expected: float) -> bool:
    return expected / factor < found < expected * factor


def compare_with_a_shard(crystal: Crystal, run: config.Run, folder: Path) -> tuple[Forecast, float, float]:
    """The forecast, and bytes and processor seconds of all matrix elements in one shard, which it is compared with."""
    foreseen = forecast(crystal, run, 1)
    mesh = build_mesh(crystal, run["mesh"])
    phonons = compute_phonons(crystal, mesh, run["nac"])
    # What else the machine does adds to the time of one of them.
    seconds = np.inf
    for _ in range(2):
        start = time.process_time()
        shard = compute_matrix_elements(crystal, mesh, phonons, run["integration"], np.arange(mesh.n_irreducible))
        seconds = min(seconds, time.process_time() - start)
    stage_files.write(folder / "shard.h5", shard)
    stage_files.write(folder / "phonons.h5", phonons)
    stage_files.write(folder / "mesh.h5", mesh)
    assert foreseen.n_triplets == len(shard.second_points)
    return foreseen, (folder / "shard.h5").stat().st_size, seconds


def check_forecast(crystal: Crystal, run: config.Run, folder: Path) -> None:
    foreseen, size, seconds = compare_with_a_shard(crystal, run, folder)
    stages = {stage.name: stage for stage in foreseen.stages}
    assert within(1.5, stages["matrix_elements"].size, size)
    for name in ("phonons", "mesh"):
        assert within(1.1, stages[name].size, (folder / f"{name}.h5").stat().st_size)
    assert within(2.0, stages["matrix_elements"].seconds - start().kernels, seconds)


@pytest.mark.parametrize(
    "integration",
    [{}, {"weights": "mode"}, {"method": "gaussian", "sigma": 0.3}, {"method": "adaptive"}],
    ids=["event", "mode", "gaussian", "adaptive"],
)
def test_silicon_is_as_forecast(silicon: Crystal, tmp_path: Path, integration: dict[str, Any]) -> None:
    """Bytes within a factor of 1.5, processor time within 2."""
    check_forecast(silicon, run_of([9, 9, 9], integration=integration), tmp_path)


def test_rock_salt_is_as_forecast(reference: Path, tmp_path: Path) -> None:
    crystal = force_constants.read({"format": "phono3py", "path": reference / "nacl"})
    check_forecast(crystal, run_of([11, 11, 11]), tmp_path)


def test_what_is_not_stored_takes_no_disk(silicon: Crystal) -> None:
    stored = forecast(silicon, run_of([5, 5, 5]), 2)
    recomputed = forecast(silicon, run_of([5, 5, 5], integration={"storage": "recompute"}), 2)
    names = [stage.name for stage in recomputed.stages]
    assert "matrix_elements" not in names
    assert recomputed.size < stored.size


def test_size_of_dense_solutions_follows_from_the_number_of_modes(silicon: Crystal) -> None:
    """A matrix of 8 n² bytes, where n is three per irreducible mode less what symmetry forbids."""
    found = forecast(silicon, run_of([9, 9, 9], solvers=["rta", "variational", "direct"]), 1)
    memory = {stage.name: stage.memory for stage in found.stages}
    modes = found.n_irreducible * found.n_bands
    dense = memory["direct"] - memory["variational"]
    assert 8 * modes**2 < dense < 8 * (3 * modes) ** 2


def test_a_mean_over_directions_costs_that_of_each(silicon: Crystal) -> None:
    one = forecast(silicon, run_of([3, 3, 3]), 1)
    mean = forecast(silicon, run_of([3, 3, 3], nac={"direction": "average"}), 1)
    linewidths = [next(stage for stage in each.stages if stage.name == "linewidths") for each in (one, mean)]
    assert (linewidths[1].jobs, linewidths[1].size) == (7, 7 * linewidths[0].size)
    assert mean.stages[0].size == one.stages[0].size
    curves = [next(stage for stage in each.stages if stage.name == "cumulative") for each in (one, mean)]
    assert (curves[1].jobs, curves[1].size) == (curves[0].jobs, curves[0].size)


def test_iterations_follow_from_how_errors_shrink() -> None:
    """By ρ in each step of the fixed point, by (1 - √(1 - ρ²))/ρ in one of conjugate gradients."""

    def iterations(solver: str, **options: float) -> float:
        run = run_of([3, 3, 3], solver_options=options)
        return Costs._iterations(SimpleNamespace(run=run), solver)

    steps = iterations("variational", tolerance=1e-9)
    shrink = 1e-9 ** (1 / steps)
    of_fixed_point = 2 * shrink / (1 + shrink**2)
    assert iterations("iterative", tolerance=1e-9) == pytest.approx(np.log(1e-9) / np.log(of_fixed_point), rel=0.02)
    assert iterations("variational", tolerance=1e-3) == pytest.approx(steps / 3)
    assert iterations("variational", tolerance=1e-9, max_iterations=2) == 2


def test_a_job_takes_the_longer_to_start_the_more_it_needs() -> None:
    """The interpreter with the libraries of all stages, numba, and the first function that it compiled."""
    measured = start()
    assert 0.02 < measured.plain < measured.libraries < measured.kernels < 20


def test_a_scan_of_more_lengths_takes_longer(silicon: Crystal) -> None:
    """Beside the applications of the operator, which serve all lengths: here at many temperatures."""
    lengths = [[1e-6], list(np.geomspace(1e-9, 1e-3, 80))]
    runs = [run_of([3, 3, 3], temperatures=list(range(100, 160)), analysis={"boundary_scan": some}) for some in lengths]
    few, many = (next(s for s in forecast(silicon, run, 1).stages if s.name == "boundary_scan") for run in runs)
    assert many.seconds > 2 * few.seconds


def test_refusals_give_advice(silicon: Crystal) -> None:
    runs = {"si": run_of([5, 5, 5], solvers=["direct"])}
    forecasts = {"si": forecast(silicon, runs["si"], 1)}
    assert refusals(runs, forecasts, memory=1e12, disk=1e12) == []
    (sentence,) = refusals(runs, forecasts, memory=1e12, disk=1000)
    assert sentence.startswith("the results need ")
    assert "integration.storage: recompute" in sentence
    sentences = refusals(runs, forecasts, memory=1e6, disk=1e12)
    assert any("direct needs" in sentence and "use the solver variational" in sentence for sentence in sentences)


def test_the_job_fails_where_a_run_does_not_fit(silicon: Crystal, tmp_path: Path) -> None:
    """After all has been said, with the reason and the advice in the last line."""
    stage_files.write(tmp_path / "crystal.h5", silicon)
    program = f"""
import json, runpy, types
import peierls.forecast
peierls.forecast.available_memory = lambda: 1e6
run = json.loads({config.canonical(run_of([3, 3, 3]))!r})
params = types.SimpleNamespace(runs={{"si": run}}, crystals={{"si": "crystal.h5"}}, shards={{"si": 1}})
job = types.SimpleNamespace(log=["forecast.log"], threads=1, params=params, input=["crystal.h5"])
runpy.run_path({str(ROOT / "workflow/scripts/forecast.py")!r}, {{"snakemake": job}})
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    said = done.stderr.splitlines()
    assert said[0].startswith("si: 27 wave vectors, 4 irreducible")
    assert said[-1].startswith("error: run si: a job of mesh needs ")
    assert "a coarser mesh" in said[-1]
    assert said[-1] == (tmp_path / "forecast.log").read_text().splitlines()[-1]


def test_runs_that_share_stages_count_them_once(silicon: Crystal) -> None:
    runs = {"one": run_of([5, 5, 5]), "warm": run_of([5, 5, 5], temperatures=[400])}
    forecasts = dict.fromkeys(runs, forecast(silicon, runs["one"], 1))
    shared = {"mesh", "phonons", "matrix_elements", "matrix_elements_index"}
    own = sum(stage.size for stage in forecasts["one"].stages if stage.name not in shared)
    assert total(runs, forecasts)[0] == pytest.approx(forecasts["one"].size + own)


def test_linewidths_grow_with_the_temperatures(silicon: Crystal) -> None:
    few, many = (forecast(silicon, run_of([3, 3, 3], temperatures=t), 1) for t in ([300], [100, 200, 300, 400]))
    sizes = [next(stage.size for stage in one.stages if stage.name == "linewidths") for one in (few, many)]
    assert sizes[1] - sizes[0] == 3 * 8 * (2 + 5 * few.n_irreducible * few.n_bands)


@pytest.mark.parametrize(("number", "words"), [(999, "999 B"), (1.5e6, "1.5 MB"), (2.34e12, "2.34 TB")])
def test_bytes_in_words(number: float, words: str) -> None:
    assert in_bytes(number) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.5, "0.5 s"), (600, "10 min"), (7.2e3, "2 h")])
def test_time_in_words(seconds: float, words: str) -> None:
    assert in_time(seconds) == words


def test_the_viscosity_takes_temperatures_together_where_they_fit() -> None:
    crystal = face_centred((28.0, 12.0))
    memory = {}
    for max_memory in (2.0, 1e-6):
        keys = {"solvers": ["rta", "viscosity"], "temperatures": [100, 300]}
        run = run_of([4, 4, 4], integration={"max_memory": max_memory}, **keys)
        stages = {stage.name: stage for stage in forecast(crystal, run, 2).stages}
        memory[max_memory] = stages["viscosity"].memory
        assert stages["viscosity"].memory > stages["rta"].memory
    # A field with 24 choices of a tensor on 64 points of 6 bands, twice, and ten on 8 irreducible points.
    n_irreducible = build_mesh(crystal, (4, 4, 4)).n_irreducible
    assert memory[2.0] - memory[1e-6] == pytest.approx(8 * 24 * 9 * 6 * (2 * 64 + 10 * n_irreducible), rel=0.1)


def test_files_of_the_analysis_are_as_forecast(tmp_path: Path) -> None:
    """Curves, spectra, coherences, scan and phase space, whose sizes follow from temperatures, parts and modes."""
    crystal, temperatures = face_centred((28.0, 12.0)), [100.0, 300.0, 500.0]
    chain = compute(crystal, (4, 4, 4))
    problem = chain.problem(*temperatures)
    conductivity, coherences = rta.solve(problem), wigner_of(problem)
    parts = crystal, chain.mesh, chain.phonons
    computed = {
        "rta": conductivity,
        "wigner": coherences,
        "cumulative": cumulative_conductivity(*parts, problem.linewidths, conductivity),
        "spectral": spectral_conductivity(*parts, [conductivity], chain.integration),
        "boundary_scan": scan_in_rta(problem, [1e-8, 1e-7, 1e-6]),
        "phase_space": phase_space(chain.mesh, chain.phonons, chain.integration),
    }
    keys = {"solvers": ["rta", "wigner"], "temperatures": temperatures, "integration": {"weights": "mode"}}
    analysis = {"boundary_scan": [1e-8, 1e-7, 1e-6], "phase_space": True}
    # The scan is a stage where it is more than that in RTA; its file is the same.
    of_rta, of_scan = (run_of([4, 4, 4], **{**keys, "analysis": analysis}) for _ in range(2))
    of_scan["solvers"] = ["variational"]
    stages = {stage.name: stage for run in (of_scan, of_rta) for stage in forecast(crystal, run, 1).stages}
    for name, one in computed.items():
        stage_files.write(tmp_path / f"{name}.h5", one)
        factor = 1.5 if name == "cumulative" else 1.15
        assert within(factor, stages[name].size, (tmp_path / f"{name}.h5").stat().st_size), name


def test_small_jobs_are_those_of_the_gallery(tmp_path: Path) -> None:
    """Every figure and table that a run has, and eleven jobs beside them."""
    crystal = face_centred((28.0, 12.0))
    stage_files.write(tmp_path / "crystal.h5", crystal)
    mesh = build_mesh(crystal, (3, 3, 3))
    keys = {"force_constants": {"format": "peierls", "path": str(tmp_path)}}
    film = {"normal": [0, 0, 1], "direction": [1, 0, 0], "thickness": [1e-7]}
    for solvers in (["rta"], ["variational", "relaxons"], ["rta", "wigner", "viscosity"], ["viscosity"]):
        for analysis in ({}, {"cumulative": False, "boundary_scan": False}, {"spectral": False, "thin_film": film}):
            run = run_of([3, 3, 3], solvers=solvers, analysis=analysis, **keys)
            layout = Layout({"one": run})
            figures, others = Analysis(crystal, mesh, None, run, 0.0).counts()
            assert figures == len(gallery.figures(layout, "one")), (solvers, analysis)
            tables = others - len(gallery.tables(layout, "one"))
            assert tables == 8 + bool(layout.tdep_files("one")) + any("rta" in scan for scan in _scans(layout, run))


def _scans(layout: Layout, run: config.Run) -> list[str]:
    return layout.boundary_scans("one") if run["analysis"]["boundary_scan"] else []


@pytest.mark.parametrize(("crystal", "size"), [("silicon", 16), ("silicon", 30), ("triclinic", 24)])
def test_memory_of_a_mesh_is_as_forecast(silicon: Crystal, crystal: str, size: int) -> None:
    of_mesh = {"silicon": silicon, "triclinic": triclinic(1)}[crystal]
    tracemalloc.start()
    mesh = build_mesh(of_mesh, (size,) * 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert within(1.25, mesh_bytes(mesh.n_points, len(mesh.rotations)), peak)


@pytest.mark.parametrize("weights", ["event", "mode"])
def test_no_run_needs_less_than_the_least(silicon: Crystal, weights: str) -> None:
    run = run_of([9, 9, 9], integration={"weights": weights})
    least, found = needed_at_least(silicon, run), forecast(silicon, run, 1)
    assert least.n_points == found.n_points
    assert 0.3 * found.n_triplets < least.n_triplets < found.n_triplets
    sizes = {stage.name: stage.size for stage in found.stages}
    assert sizes["phonons"] < least.size < sizes["phonons"] + sizes["matrix_elements"]
    assert least.memory < 1.1 * found.memory


def test_a_mesh_beyond_all_bounds_is_refused_without_being_built(silicon: Crystal) -> None:
    """One of 10^15 points."""
    run = run_of([99999, 99999, 99999])
    assert "use a coarser mesh" in too_fine("one", silicon, run, memory=1e11, disk=1e30)
    assert "integration.storage: recompute" in too_fine("one", silicon, run, memory=1e30, disk=1e12)
    assert too_fine("one", silicon, run, memory=1e30, disk=1e40) is None
    assert too_fine("one", silicon, run_of([19, 19, 19]), memory=1.0, disk=1.0) is None


@pytest.mark.parametrize("number", [1, 2, 8, 61, 488, 1000])
def test_samples_have_no_period(number: int) -> None:
    """All are met once, and the first 64 of many are in no preferred place of any short period."""
    order = list(spread(number))
    assert sorted(order) == list(range(number))
    if number > 400:
        for period in range(2, 13):
            met = Counter(position % period for position in order[:64])
            assert max(met.values()) < 2.5 * 64 / period + 1
