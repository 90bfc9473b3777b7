"""The forecast against what then happens."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from chain import face_centred, triclinic

from peierls import config, force_constants, schema, stage_files
from peierls.crystal import Crystal
from peierls.forecast import Forecast, forecast, refusals, total
from peierls.forecast.stages import Costs
from peierls.forecast.start import start
from peierls.forecast.words import in_bytes, in_time
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons
from peierls.solvers import viscosity
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
    # A field with 24 choices of a tensor on 64 points of 6 bands.
    assert memory[2.0] - memory[1e-6] == pytest.approx(viscosity.FIELDS * 8 * 24 * 9 * 64 * 6, rel=0.1)
