"""What is killed, lost or damaged costs what was being computed and nothing else, and changes no result."""

import os
import random
import re
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snakemake_calls import Workflow

from peierls import stage_files
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh

TABLE = "results/silicon/kappa.csv"
CORES = 2
KILLS = 20


def of_silicon(small: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"runs": {"silicon": {**small["runs"]["silicon"], "solvers": ["rta"], **changes}}}


def results(workflow: Workflow) -> dict[str, bytes]:
    """Every file that holds a result, logs and records of time apart."""
    kinds = ("*.h5", "*.csv")
    return {
        str(path.relative_to(workflow.folder)): path.read_bytes()
        for kind in kinds
        for path in workflow.folder.glob(f"results/**/{kind}")
    }


def shard(workflow: Workflow, number: int) -> Path:
    (path,) = workflow.folder.glob(f"results/stages/*/matrix_elements/*/{number}.h5")
    return path


def starts(workflow: Workflow) -> int:
    """How often the last call started a shard."""
    return len(re.findall(r"^(?:local)?rule matrix_elements:", workflow.said(), re.MULTILINE))


def flip(path: Path, position: float) -> None:
    """Turn over one bit of the byte at a share of the file."""
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= 4
    path.write_bytes(content)


def test_twenty_kills_cost_what_was_in_flight_and_change_no_bit(
    workflow: Workflow, small: dict[str, Any], tmp_path: Path
) -> None:
    """Snakemake with all of its jobs, or one job, is killed at random while forty shards are computed."""
    config = of_silicon(small, mesh=[10, 10, 10], chunks=40)
    chance = random.Random(20)
    started = lost = 0
    kept: dict[str, tuple[int, int]] = {}
    process = None
    for _ in range(KILLS):
        if process is None:
            # One shard may be killed several times in a row.
            process = workflow.start("--nolock", "--retries", str(KILLS), "--", TABLE, config=config)
        # At times at once, so that kills also come in a row; at times after some progress, however slow the machine is.
        wanted = len(workflow.recorded()) + chance.choice([0, 0, 1])
        while process.poll() is None and not (
            workflow.scripts("matrix_elements") and len(workflow.recorded()) >= wanted
        ):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 1))
        assert process.poll() is None, workflow.said()
        whole, scripts = chance.random() < 0.5, workflow.scripts("matrix_elements")
        if whole or not scripts:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert workflow.scripts("matrix_elements") == []
            process, lost = None, lost + CORES
            started += starts(workflow)
            kept |= workflow.recorded()
        else:
            os.kill(chance.choice(scripts), signal.SIGKILL)
            lost += 1
    if process:
        assert process.wait(timeout=600) == 0, workflow.said()
        started += starts(workflow)
    assert workflow.snakemake("--nolock", "--", TABLE, config=config).status == 0, workflow.said()
    started += starts(workflow)

    assert kept
    assert kept.items() <= workflow.recorded().items()
    assert 40 < started <= 40 + lost
    assert not list(workflow.folder.rglob("*.part"))

    undisturbed = Workflow(workflow.clone, tmp_path / "undisturbed")
    undisturbed.folder.mkdir()
    assert undisturbed.snakemake("--", TABLE, config=config).status == 0
    assert results(workflow) == results(undisturbed)


def test_a_job_that_is_killed_for_good_is_named_with_its_log(workflow: Workflow, small: dict[str, Any]) -> None:
    process = workflow.start("--retries", "0", "--", TABLE, config=of_silicon(small, mesh=[9, 9, 9], chunks=1))
    while process.poll() is None:
        for script in workflow.scripts("matrix_elements"):
            logs = workflow.folder.glob("results/stages/*/logs/matrix_elements/1/0.log")
            # A job that has not yet said which process it is has not begun.
            if any(log.read_text() for log in logs):
                os.kill(script, signal.SIGKILL)
        time.sleep(0.02)
    last = workflow.said().rstrip().rpartition("\n")[2]
    assert process.returncode == 1
    assert "logs/matrix_elements/1/0.log: this job (process " in last
    assert "was killed before its end" in last


def test_a_lock_that_a_killed_run_left_says_how_it_is_removed(workflow: Workflow, small: dict[str, Any]) -> None:
    config = of_silicon(small)
    process = workflow.start("--", TABLE, config=config)
    while process.poll() is None and not workflow.scripts("crystal"):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    refused = workflow.snakemake("--", TABLE, config=config)
    assert refused.status != 0
    assert "--unlock" in refused.output
    assert workflow.snakemake("--unlock", config=config).status == 0
    assert workflow.plan(config)["verdict"] == 1


def test_a_run_that_is_stopped_says_how_it_goes_on(workflow: Workflow, small: dict[str, Any]) -> None:
    """Also where the job that runs has not come to its log."""
    process = workflow.start("--", TABLE, config=of_silicon(small))
    while process.poll() is None and not workflow.scripts("crystal"):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait() == 1
    last = workflow.said().rstrip().rpartition("\n")[2]
    assert last == "stopped before the end; what is finished stays, and the same command goes on from there"


@pytest.fixture
def done(workflow: Workflow, small: dict[str, Any]) -> Workflow:
    """A run with three shards, finished."""
    assert workflow.snakemake("--", TABLE, config=of_silicon(small, chunks=3)).status == 0, workflow.said()
    return workflow


def test_damaged_stages_are_named_set_aside_and_made_anew(done: Workflow, small: dict[str, Any]) -> None:
    """Found by whatever reads them next: a change of one bit in a shard, a truncated mesh, a lost shard."""
    before = results(done)
    config = of_silicon(small, chunks=3)
    warmer = of_silicon(small, chunks=3, temperatures=[300, 400])

    # One bit of a shard: the linewidths at another temperature are the next to read it.
    flip(shard(done, 1), 0.6)
    refused = done.snakemake("--", TABLE, config=warmer)
    name = shard(done, 0).with_name("1.h5").relative_to(done.folder)
    assert refused.status != 0
    assert refused.last_line.startswith(f"{name}: not as it was written")
    assert "Traceback" not in refused.output
    assert (done.folder / f"{name}.corrupt").is_file()
    again = done.snakemake("--", TABLE, config=warmer)
    assert again.status == 0, again.output
    assert again.jobs["matrix_elements"] == 1
    assert again.jobs["mesh"] == again.jobs["phonons"] == 0
    assert done.snakemake("--", TABLE, config=config).status == 0
    assert results(done) == before

    # A mesh that lost its end, made anew alone: what was computed from it stays.
    (mesh,) = done.folder.glob("results/stages/*/mesh.h5")
    written = mesh.stat()
    mesh.write_bytes(mesh.read_bytes()[:-100])
    # As a fault of the disk leaves it: a file that changes its time makes what is below it out of date.
    os.utime(mesh, ns=(written.st_atime_ns, written.st_mtime_ns))
    refused = done.snakemake("--", TABLE, config=warmer)
    name = mesh.relative_to(done.folder)
    assert refused.last_line.startswith(f"{name}: not as it was written")
    assert done.snakemake("--", str(name), config=config).jobs == {"mesh": 1}
    planned = done.plan(warmer)
    assert planned["linewidths"] == 1
    assert planned["matrix_elements"] == planned["phonons"] == 0
    assert done.snakemake("--", TABLE, config=config).status == 0
    assert results(done) == before

    # A shard that is simply gone is computed again when something needs it.
    shard(done, 2).unlink()
    assert done.plan(warmer)["matrix_elements"] == 1


def test_a_full_disk_is_said_in_a_sentence_and_loses_nothing(workflow: Workflow, small: dict[str, Any]) -> None:
    """The limit on the size of a file stands for the end of the disk: the crystal does not fit."""
    config = of_silicon(small)
    target = ("--until", "crystal", "--", TABLE)
    limited = workflow.start(*target, config=config, file_size=1_000_000)
    limited.wait(timeout=600)
    last = workflow.said().rstrip().rpartition("\n")[2]
    assert limited.returncode != 0
    assert "crystal.h5: cannot be written: File too large" in last
    assert "Traceback" not in workflow.said()
    assert not list(workflow.folder.rglob("*.part"))
    assert results(workflow) == {}
    assert workflow.snakemake(*target, config=config).status == 0


def test_shards_that_start_at_once_on_a_cold_cache_are_right(
    done: Workflow, small: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each compiles the kernels for itself, and neither disturbs the other."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cold"))
    cold = Workflow(done.clone, tmp_path / "cold-run")
    cold.folder.mkdir()
    assert cold.snakemake("--", TABLE, config=of_silicon(small, chunks=3)).status == 0
    assert results(cold) == results(done)
    (mesh,) = cold.folder.glob("results/stages/*/mesh.h5")
    points = np.concatenate([stage_files.read(shard(cold, number), MatrixElements).points for number in range(3)])
    assert sorted(points) == list(range(stage_files.read(mesh, Mesh).n_irreducible))
