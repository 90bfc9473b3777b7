"""What jobs ask for: more of it when they are tried again, and in every profile to be tried again."""

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake_calls import Workflow

PROFILES = Path(__file__).parents[2] / "profiles"
ATTEMPTS = """
include: "{clone}/workflow/Snakefile"

class Inputs(list):
    linewidths = __file__
    size_mb = 1.0

wildcards = type("Wildcards", (), {{"run": "silicon", "solver": "relaxons"}})()
for one in workflow.rules:
    for name in ("mem_mb", "runtime"):
        if one.script:
            asked = [
                one.resources[name].evaluate(wildcards, input=Inputs([__file__]), attempt=attempt).value
                for attempt in (1, 2)
            ]
            print("ASKS", one.name, name, *asked, sep="|", file=sys.stderr)
"""


def test_every_job_asks_for_more_memory_and_time_when_it_is_tried_again(
    workflow: Workflow, small: dict[str, Any]
) -> None:
    snakefile = workflow.folder / "attempts.smk"
    snakefile.write_text(ATTEMPTS.format(clone=workflow.clone))
    result = workflow.snakemake("--list-rules", config=small, snakefile=str(snakefile))
    rows = re.findall(r"^ASKS\|(\w+)\|(\w+)\|(\d+)\|(\d+)$", result.output, re.MULTILINE)
    assert result.status == 0, result.output
    assert result.output.count("ASKS|") == len(rows)
    assert {"crystal", "matrix_elements", "transport", "boundary_scan"} <= {row[0] for row in rows}
    assert {row[1] for row in rows} == {"mem_mb", "runtime"}
    for rule, resource, first, second in rows:
        assert abs(int(second) - 2 * int(first)) <= 1, (rule, resource)


def test_a_killed_shard_is_tried_again_unasked_with_twice_the_memory(workflow: Workflow, small: dict[str, Any]) -> None:
    run = {**small["runs"]["silicon"], "mesh": [9, 9, 9], "chunks": 1}
    process = workflow.start("--until", "matrix_elements", config={"runs": {"silicon": run}})
    killed: list[int] = []
    while process.poll() is None:
        for script in workflow.scripts("matrix_elements") if not killed else []:
            os.kill(script, signal.SIGKILL)
            killed.append(script)
        time.sleep(0.02)
    assert process.returncode == 0, workflow.said()
    asked = re.findall(
        r"^(?:local)?rule matrix_elements:.*?^    resources: .*?mem_mb=(\d+)", workflow.said(), re.M | re.S
    )
    assert len(killed) == 1
    assert [int(memory) for memory in asked] == [3000, 6000]


@pytest.mark.parametrize("name", ["default", "slurm", "slurm-test"])
def test_every_profile_takes_up_what_was_lost(name: str) -> None:
    profile = yaml.safe_load((PROFILES / name / "config.yaml").read_text())
    assert profile["retries"] >= 1
    assert profile["rerun-incomplete"] is True
    assert profile["keep-going"] is True


def test_a_group_of_shards_asks_for_no_more_cores_than_the_profile_says() -> None:
    """One that does pends for ever."""
    profile = yaml.safe_load((PROFILES / "slurm/config.yaml").read_text())
    (name,) = {profile["groups"]["matrix_elements"]}
    assert 1 < profile["group-components"][name] <= profile["cores"]
    assert profile["jobs"] > 0


def test_the_cluster_of_the_tests_is_asked_by_what_needs_no_accounting() -> None:
    profile = yaml.safe_load((PROFILES / "slurm-test/config.yaml").read_text())
    assert profile["slurm-status-command"] == "squeue"
    assert profile["executor"] == "slurm"
