"""Jobs of a cluster: silicon in sixteen shards through SLURM; one of them is killed, and the run is interrupted.

`make test-slurm` starts a SLURM of one node for these tests; without it they are skipped, and a cluster that is not for
tests is left alone.
"""

import getpass
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake_calls import Result, Workflow

SITE = Path("/etc/slurm/slurm.conf")
MARKER = "# Made by tests/slurm/up.sh"
TABLE = "results/silicon/kappa.csv"
SHARDS = 16


def missing() -> str:
    """Why there is no SLURM to test with, or nothing."""
    if not SITE.is_file():
        return "no SLURM on this machine: `make test-slurm` starts one for tests"
    if not SITE.read_text().startswith(MARKER):
        return f"{SITE} is of a cluster that is not for tests"
    return "" if queue() is not None else "SLURM does not answer: `make test-slurm` starts one for tests"


def queue(states: str = "PENDING,RUNNING") -> list[list[str]] | None:
    """Number, comment (rule and wildcards), state and memory of the jobs that SLURM has in these states.

    Those that are over are COMPLETING for a while.
    """
    command = ["squeue", "--noheader", f"--states={states}", "--format=%i|%k|%T|%m"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else [line.split("|") for line in done.stdout.splitlines()]


pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(missing()), reason=missing())]


def wait_for(what: Callable[[], Any], seconds: float = 600) -> Any:
    """The first answer of `what` that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"nothing came of {what.__doc__} in {seconds:g} s")


@dataclass
class Story:
    """What happened, for the tests to look at."""

    jobs: list[list[str]] = field(default_factory=list)
    interrupted: int = 0
    left: list[list[str]] | None = None
    finished: dict[str, tuple[int, int]] = field(default_factory=dict)
    whole: int = 0
    resumed: Result = field(default_factory=lambda: Result(-1, ""))


@pytest.fixture(scope="module")
def config(small: dict[str, Any]) -> dict[str, Any]:
    run = {**small["runs"]["silicon"], "mesh": [11, 11, 11], "chunks": SHARDS}
    return {"runs": {"silicon": run}}


@pytest.fixture(scope="module")
def remote(clone: Path, config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    return Workflow(clone, tmp_path_factory.mktemp("remote"))


@pytest.fixture(scope="module")
def story(remote: Workflow, config: dict[str, Any]) -> Iterator[Story]:
    """The run on the cluster: one shard is killed, its user interrupts it after some are done, and starts it again."""
    arguments = ("--workflow-profile", str(remote.clone / "profiles/slurm-test"), "--", TABLE)
    story = Story()
    process = remote.start(*arguments, config=config, cores=None)
    try:

        def running() -> list[int]:
            """waiting for the script of a shard"""
            return remote.scripts("matrix_elements")

        def tried_again() -> bool:
            """waiting for the second attempt and some finished shards"""
            assert process.poll() is None, remote.said()
            return "6000M" in {job[3] for job in queue("all") or []} and len(remote.recorded()) >= 4

        os.kill(wait_for(running)[0], signal.SIGKILL)
        wait_for(tried_again)
        process.send_signal(signal.SIGINT)
        story.interrupted = process.wait(timeout=120)
        story.left = queue()
        story.finished = remote.recorded()
        story.whole = len(list(remote.folder.glob("results/stages/*/matrix_elements/*/*.h5")))
        story.resumed = remote.snakemake(*arguments, config=config, cores=None)
        story.jobs = queue("all") or []
        of_this_run = str(next(iter(story.finished))).split("/")[2]
        story.jobs = [job for job in story.jobs if "_matrix_" not in job[1] or of_this_run in job[1]]
        yield story
    finally:
        process.kill()
        subprocess.run(["scancel", f"--user={getpass.getuser()}"], timeout=30)


def test_shards_run_as_jobs_of_the_cluster(story: Story) -> None:
    completed = {comment for _, comment, state, _ in story.jobs if state == "COMPLETED"}
    assert sum(comment.startswith("rule_matrix_elements_") for comment in completed) == SHARDS
    for rule in ("crystal", "mesh", "phonons", "linewidths", "transport"):
        assert any(comment.startswith(f"rule_{rule}_") for comment in completed), rule


def test_killed_shard_is_tried_again_with_more_memory(story: Story) -> None:
    (killed,) = {comment for _, comment, state, memory in story.jobs if state == "FAILED" and memory == "3000M"}
    assert killed.startswith("rule_matrix_elements_")
    assert any(job[1] == killed and job[3] == "6000M" for job in story.jobs)


def test_interruption_takes_the_jobs_out_of_the_queue(story: Story) -> None:
    assert story.interrupted != 0
    assert story.left == []
    assert "CANCELLED" in {state for _, _, state, _ in story.jobs}


def test_next_start_computes_no_finished_shard_again(story: Story, remote: Workflow) -> None:
    assert 4 <= len(story.finished) < SHARDS
    assert story.resumed.status == 0, story.resumed.output
    # A file is whole if it is there; of a job that ended at that moment Snakemake may have no record yet.
    assert SHARDS - story.whole <= story.resumed.jobs["matrix_elements"] <= SHARDS - len(story.finished)
    recorded = remote.recorded()
    assert {name: recorded[name] for name in story.finished} == story.finished


def test_conductivity_is_that_of_a_local_run_to_the_last_bit(
    story: Story, remote: Workflow, config: dict[str, Any], workflow: Workflow
) -> None:
    assert workflow.snakemake("--", TABLE, config=config).status == 0
    names = [TABLE, *(str(path.relative_to(workflow.folder)) for path in workflow.folder.glob("results/**/*.h5"))]
    assert len(names) > SHARDS
    differing = [name for name in names if (remote.folder / name).read_bytes() != (workflow.folder / name).read_bytes()]
    assert differing == []


def test_shards_are_sent_in_groups(clone: Path, small: dict[str, Any], tmp_path: Path) -> None:
    """As profiles/slurm sends them: some are one job, which has a core for each as far as a node has them."""
    grouped = Workflow(clone, tmp_path)
    profile = yaml.safe_load((clone / "profiles/slurm/config.yaml").read_text())
    (name,) = {profile["groups"]["matrix_elements"]}
    size = profile["group-components"][name]
    config = {"runs": {"silicon": {**small["runs"]["silicon"], "mesh": [6, 6, 6], "chunks": 2 * size}}}
    before = {job[0] for job in queue("all") or []}
    result = grouped.snakemake(
        *("--workflow-profile", str(clone / "profiles/slurm-test"), "--groups", f"matrix_elements={name}"),
        *("--group-components", f"{name}={size}", "--until", "matrix_elements"),
        config=config,
        cores=None,
    )
    assert result.status == 0, result.output
    jobs = [job for job in queue("all") or [] if job[0] not in before and "matrix_elements" in job[1]]
    assert [job[1:3] for job in jobs] == 2 * [[f"rule_{name}_matrix_elements", "COMPLETED"]]
    assert len(grouped.recorded()) == 2 * size


def test_fault_found_by_a_job_of_the_cluster_is_the_last_line(remote: Workflow, config: dict[str, Any]) -> None:
    run = {**config["runs"]["silicon"], "mesh": [5, 4, 5]}
    arguments = ("--workflow-profile", str(remote.clone / "profiles/slurm-test"), "--retries", "0")
    result = remote.snakemake(*arguments, "--until", "mesh", config={"runs": {"silicon": run}}, cores=None)
    assert result.status != 0
    assert result.last_line.startswith("mesh: [5, 4, 5]")
