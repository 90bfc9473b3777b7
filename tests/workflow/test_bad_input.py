"""What cannot be used is refused in one sentence, with a status, without a traceback, and nothing is deleted."""

import copy
import shutil
from typing import Any

import pytest
from snakemake_calls import Workflow

BEFORE_ANY_JOB: list[tuple[str, dict[str, Any], str]] = [
    ("misspelt key", {"integration": {"sgima": 0.1}}, "integration.sgima is not a key; did you mean 'sigma'?"),
    ("negative temperature", {"temperatures": [9, -5]}, "temperatures[1] is -5.0, expected a positive number in K"),
    ("mesh of zeros", {"mesh": [0, 0, 0]}, "runs.silicon.mesh[0] is 0, expected a positive whole number"),
    ("missing folder", {"force_constants": {"path": "nowhere"}}, "nowhere: no such folder"),
    ("missing file", {"scattering": {"isotopes": {"file": "g.txt"}}}, "g.txt: no such file, named by key"),
]


@pytest.mark.parametrize(
    ("change", "sentence"), [row[1:] for row in BEFORE_ANY_JOB], ids=[row[0] for row in BEFORE_ANY_JOB]
)
def test_bad_configuration_stops_before_any_job(
    finished: Workflow, small: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    config = copy.deepcopy(small)
    config["runs"]["silicon"].update(change)
    before = finished.files()
    result = finished.snakemake(config=config)
    assert result.status != 0
    assert sentence in result.last_line
    assert result.last_line.startswith("error: ")
    assert "Traceback" not in result.output
    assert "Job stats" not in result.output
    assert finished.files() == before


def test_a_key_that_stands_twice_is_refused(finished: Workflow) -> None:
    """YAML would take the last one silently."""
    text = "runs:\n  silicon:\n    mesh: [5, 5, 5]\n    mesh: [7, 7, 7]\n"
    result = finished.snakemake("--dry-run", config=text)
    assert result.status != 0
    assert result.last_line.startswith("error: ")
    assert result.last_line.endswith("line 4: key 'mesh' stands in line 3 already, expected it once")


def test_fault_found_by_a_job_is_the_last_line(finished: Workflow, small: dict[str, Any]) -> None:
    config = copy.deepcopy(small)
    config["runs"]["silicon"]["mesh"] = [5, 4, 5]
    before = finished.files()
    result = finished.snakemake("--until", "mesh", config=config)
    assert result.status != 0
    assert result.last_line.startswith("mesh: [5, 4, 5]")
    assert "Traceback" not in result.output
    assert finished.files() >= before
    log = next(path for path in finished.files() - before if path.name == "mesh.log")
    assert (finished.folder / log).read_text().rstrip().endswith(result.last_line)


def test_truncated_file_is_named(workflow: Workflow, small: dict[str, Any]) -> None:
    folder = workflow.folder / "damaged"
    shutil.copytree(workflow.clone / "resources/si-pbesol", folder)
    path = folder / "fc3.hdf5"
    path.write_bytes(path.read_bytes()[:10_000])
    config = copy.deepcopy(small)
    config["runs"]["silicon"]["force_constants"]["path"] = "damaged"
    result = workflow.snakemake(config=config)
    assert result.status != 0
    assert "damaged/fc3.hdf5" in result.last_line
    assert "Traceback" not in result.output


def test_failed_health_check_fails_a_strict_run_at_its_very_end(finished: Workflow, small: dict[str, Any]) -> None:
    """The mesh of the small case is too coarse for its mean free paths."""
    config = copy.deepcopy(small)
    config["runs"]["silicon"]["strict"] = True
    verdict = finished.folder / "results/silicon/verdict.txt"
    words = verdict.read_text()
    result = finished.snakemake(config=config)
    assert result.status != 0
    assert result.last_line.startswith("run silicon: solver rta failed the health check")
    assert (finished.folder / "results/silicon/kappa.csv").is_file()
    assert finished.snakemake(config=small).status == 0
    assert verdict.read_text() == words
