"""What a run costs besides its physics: a start that finds nothing to do, a job that has nothing to compute, imports.

    python benchmarks/startup.py [--shards 200]

CPU seconds are of all processes together and hardly depend on what else the machine does; wall seconds do.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
STAGES = {
    "crystal": "force_constants",
    "mesh": "mesh",
    "phonons": "phonons",
    "matrix_elements": "matrix_elements",
    "linewidths": "linewidths, peierls.job_inputs",
    "transport": "solvers.heat_conduction, peierls.job_inputs",
    "kappa_table": "report",
    "kappa_figure": "figures",
}
"""Stages, and the modules that their scripts import beside those that all import."""
EMPTY_JOBS = 20


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command with all of its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def snakemake(folder: Path, mesh: int, chunks: int, *arguments: str) -> list[str]:
    """The command that computes silicon on a mesh, in `chunks` shards."""
    run = {"force_constants": {"path": str(ROOT / "resources/si-pbesol")}, "mesh": [mesh] * 3, "chunks": chunks}
    folder.mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"runs": {"silicon": run}}))
    return [*workflow(folder, path), *arguments]


def workflow(folder: Path, config: Path) -> list[str]:
    """The command that runs the workflow in a folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow/Snakefile")]
    return [*command, "--directory", str(folder), "--configfile", str(config), "--cores", "2"]


def pretend_finished(folder: Path, command: list[str]) -> None:
    """Empty files in place of every result, which Snakemake is told to take for up to date."""
    listed = subprocess.run([*command, "--summary"], capture_output=True, text=True, check=True).stdout.splitlines()
    names = [line.split("\t")[0] for line in listed if line.startswith("results/")]
    for name in names:
        path = folder / name
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            path.mkdir(parents=True, exist_ok=True)
    timed([*command, "--touch"])


def main() -> None:
    arguments = argparse.ArgumentParser(description="time to start")
    arguments.add_argument("--shards", type=int, default=200)
    shards = arguments.parse_args().shards
    with tempfile.TemporaryDirectory() as name:
        nothing = snakemake(Path(name) / "nothing", 19, shards)
        pretend_finished(Path(name) / "nothing", nothing)
        wall, cpu = (min(times) for times in zip(*(timed(nothing) for _ in range(3)), strict=True))
        print(f"snakemake with nothing to do, {shards} shards: {wall:.2f} s wall, {cpu:.2f} s CPU")

        # The mesh has ten irreducible points, so that all shards beyond the tenth are empty.
        elements = ("--until", "matrix_elements")
        timed(snakemake(Path(name) / "warm", 5, 10, *elements))
        few = timed(snakemake(Path(name) / "few", 5, 10, *elements))[1]
        many = timed(snakemake(Path(name) / "many", 5, 10 + EMPTY_JOBS, *elements))[1]
        print(f"a shard without points, kernels compiled before: {(many - few) / EMPTY_JOBS:.2f} s CPU a job")

    for stage, modules in STAGES.items():
        program = f"import peierls.stage_files, peierls.job, peierls.{modules}"
        cpu = min(timed([sys.executable, "-c", program])[1] for _ in range(3))
        print(f"imports of {stage}: {cpu:.2f} s CPU")


if __name__ == "__main__":
    main()
