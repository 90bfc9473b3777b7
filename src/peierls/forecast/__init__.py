"""What a run will cost, before anything heavy: points, triplets, entries, bytes, memory and processor time.

Counts of points and triplets are exact. What is on the energy shell is estimated from a few irreducible points, and
the same sample, computed by the code that will compute all of it, tells how fast this machine is.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from peierls import config
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.directions import DIRECTIONS
from peierls.forecast.least import MOST_POINTS, needed_at_least
from peierls.forecast.sample import seconds_per_wave_vector, take_sample, timed
from peierls.forecast.stage import Stage
from peierls.forecast.stages import SMALL, Costs
from peierls.forecast.words import in_bytes, in_time
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons
from peierls.triplets import count_reduced_triplets

SHARED = ("mesh", "phonons", "matrix_elements")
"""Stages that runs share where their settings agree."""

OF_THE_MEAN = ("cumulative", "spectral", "thin_film", "phase_space")
"""Stages of which a run that averages over directions has one, as of its mesh."""


@dataclass(frozen=True)
class Forecast:
    """The forecast of a run; `n_triplets` is exact, `n_entries` an estimate, as is everything in `stages`."""

    n_points: int
    n_irreducible: int
    n_bands: int
    n_triplets: int
    n_entries: float
    stages: tuple[Stage, ...]

    @property
    def size(self) -> float:
        """Bytes of all files."""
        return sum(stage.size for stage in self.stages)

    @property
    def memory(self) -> float:
        """Memory of the largest job, bytes."""
        return max(stage.memory for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Processor time of all jobs, s."""
        return sum(stage.seconds for stage in self.stages)


def forecast(crystal: Crystal, run: Run, n_shards: int) -> Forecast:
    """What the stages below the crystal will cost; `run` is complete, its third order cut into `n_shards`.

    A run that averages over directions costs that of each. Raises InputError where the mesh or the phonons would: a
    mesh that breaks the symmetry, imaginary modes.
    """
    if run["nac"]["direction"] == "average":
        first = {**run, "nac": {**run["nac"], "direction": [float(x) for x in DIRECTIONS[0]]}}
        one = forecast(crystal, first, n_shards)
        return replace(one, stages=tuple(map(_in_every_direction, one.stages)))
    mesh_seconds, mesh = timed(build_mesh, crystal, run["mesh"])
    wedge_seconds, phonons = timed(compute_phonons, crystal, mesh, run["nac"], only_wedge=True)
    n_triplets = count_reduced_triplets(mesh, each_event_once=run["integration"]["weights"] == "event")
    sample = take_sample(crystal, mesh, phonons, run, n_triplets)
    of_wave_vector = seconds_per_wave_vector(crystal, mesh, run["nac"])
    costs = Costs(
        crystal, mesh, phonons, run, n_shards, n_triplets, sample, mesh_seconds, wedge_seconds, of_wave_vector
    )
    return Forecast(
        n_points=mesh.n_points,
        n_irreducible=mesh.n_irreducible,
        n_bands=crystal.n_bands,
        n_triplets=n_triplets,
        n_entries=sample.n_entries,
        stages=tuple(costs.stages()),
    )


def too_fine(name: str, crystal: Crystal, run: Run, memory: float, disk: float) -> str | None:
    """Why a run is not worth a forecast: its mesh has more than `MOST_POINTS`, and needs more than `memory` of one job
    or `disk` for all files, in bytes, whatever is on the energy shell. A sentence with advice, or None."""
    least = needed_at_least(crystal, run)
    if least.n_points <= MOST_POINTS:
        return None
    mesh = f"run {name}: a mesh of {least.n_points} wave vectors has at least {least.n_triplets:.2g} triplets"
    if least.memory > memory:
        return (
            f"{mesh}, and a job of the mesh or the phonons needs at least {in_bytes(least.memory)} of memory "
            f"where there are {in_bytes(memory)}: use a coarser mesh"
        )
    if least.size > disk:
        return (
            f"{mesh}, which need at least {in_bytes(least.size)} on disk where there are {in_bytes(disk)}: use a "
            "coarser mesh, or integration.storage: recompute, which stores no matrix elements"
        )
    return None


def _in_every_direction(stage: Stage) -> Stage:
    if stage.name in ("mesh", *OF_THE_MEAN, SMALL):
        return stage
    n = len(DIRECTIONS)
    return replace(stage, jobs=n * stage.jobs, size=n * stage.size, seconds=n * stage.seconds)


def refusals(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast], memory: float, disk: float) -> list[str]:
    """Why runs do not fit in `memory` of one job and `disk` for all files, in bytes, with advice: a sentence each."""
    found = []
    for name, one in forecasts.items():
        for stage in one.stages:
            if stage.memory > memory:
                found.append(
                    f"run {name}: a job of {stage.name} needs {in_bytes(stage.memory)} of memory and there are "
                    f"{in_bytes(memory)}: {_advice(stage.name)}"
                )
    size = total(runs, forecasts)[0]
    if size > disk:
        found.append(
            f"the results need {in_bytes(size)} on disk and there are {in_bytes(disk)}: use integration.storage: "
            "recompute, which stores no matrix elements, or coarser meshes"
        )
    return found


def total(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast]) -> tuple[float, float]:
    """Bytes of all files and processor time of all jobs in s; what runs share is there once."""
    stages = {}
    for name, one in forecasts.items():
        for stage in one.stages:
            shared = stage.name.removesuffix("_index")
            owner = config.stage_digest(runs[name], shared) if shared in SHARED else name
            stages[owner, stage.name] = stage
    return sum(stage.size for stage in stages.values()), sum(stage.seconds for stage in stages.values())


def available_memory() -> float:
    """Memory of this machine, bytes."""
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def available_disk(folder: str | Path) -> float:
    """Free bytes on the disk that holds `folder`, which need not exist yet."""
    path = Path(folder).resolve()
    return float(shutil.disk_usage(next(one for one in (path, *path.parents) if one.exists())).free)


def report(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast]) -> list[str]:
    """The forecasts as lines to print."""
    lines = []
    for name, one in forecasts.items():
        lines += [
            f"{name}: {one.n_points} wave vectors, {one.n_irreducible} irreducible; {one.n_bands} bands; "
            f"{one.n_triplets} triplets, {one.n_entries:.3g} processes on the energy shell",
            f"  {'stage':<24}{'jobs':>5}{'disk':>10}{'memory/job':>12}{'CPU time':>10}",
            *(_row(stage.name, str(stage.jobs), stage.size, stage.memory, stage.seconds) for stage in one.stages),
            _row("all", "", one.size, one.memory, one.seconds),
        ]
    size, seconds = total(runs, forecasts)
    if len(forecasts) > 1:
        lines.append(f"together: {in_bytes(size)}, {in_time(seconds)} of CPU time; what runs share is counted once")
    return lines


def _row(name: str, jobs: str, size: float, memory: float, seconds: float) -> str:
    return f"  {name:<24}{jobs:>5}{in_bytes(size):>10}{in_bytes(memory):>12}{in_time(seconds):>10}"


def _advice(stage: str) -> str:
    if stage in ("direct", "relaxons"):
        return "use the solver variational, a smaller integration.max_memory, or a coarser mesh"
    if stage == "matrix_elements":
        return "use more chunks, a smaller integration.max_memory, or a coarser mesh"
    if stage == "linewidths":
        return "use more chunks, integration.storage: recompute, or a coarser mesh"
    if stage in ("cumulative", "spectral", "phase_space", "thin_film"):
        return f"leave out analysis.{stage}, or use fewer temperatures in a run or a coarser mesh"
    if stage in ("mesh", "phonons"):
        return "use a coarser mesh"
    return "use integration.storage: recompute, fewer temperatures in a run, or a coarser mesh"
