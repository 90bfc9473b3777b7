"""The workflow is found and used as its users and the workflow catalog do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from snakemake_calls import Workflow

ROOT = Path(__file__).parents[2]


def test_both_entry_points_plan_the_same_jobs_of_the_shipped_configuration(workflow: Workflow) -> None:
    """The shipped configuration and its relative path hold wherever one works."""
    plans = [workflow.plan(snakefile=snakefile) for snakefile in ("Snakefile", "workflow/Snakefile")]
    assert plans[0] == plans[1]
    assert plans[0]["matrix_elements"] == 1
    assert plans[0]["verdict"] == 1


def test_clone_is_a_working_folder(clone: Path) -> None:
    assert Workflow(clone, clone).plan(snakefile="Snakefile")["verdict"] == 1


def test_one_table_of_mine(workflow: Workflow, small: dict[str, Any]) -> None:
    small = {"runs": {"mine": small["runs"]["silicon"]}}
    result = workflow.snakemake("--dry-run", "--", "results/mine/kappa.csv", config=small)
    assert result.status == 0
    assert result.jobs["kappa_table"] == 1
    assert result.jobs["verdict"] == 0


def test_catalog_draws_the_rules(clone: Path) -> None:
    result = Workflow(clone, clone / ".test").snakemake("--forceall", "--rulegraph")
    assert result.status == 0
    assert "digraph" in result.output


def test_another_workflow_uses_this_one_as_a_module(workflow: Workflow, small: dict[str, Any]) -> None:
    snakefile = workflow.folder / "Snakefile"
    snakefile.write_text(
        f"module kappa:\n    snakefile: '{workflow.clone}/workflow/Snakefile'\n    config: config\n\n"
        "use rule * from kappa as kappa_*\n"
    )
    result = workflow.snakemake("--dry-run", "--", "results/silicon/kappa.csv", config=small, snakefile=str(snakefile))
    assert result.status == 0, result.output
    assert result.jobs["kappa_linewidths"] == 1


def test_a_module_takes_its_configuration_from_the_workflow_that_uses_it(
    finished: Workflow, small: dict[str, Any]
) -> None:
    """A part of another configuration, which the module knows nothing else of: the runs are those that are done."""
    config = {"my_own": 1, "conductivity": small}
    path = finished.folder.parent / "outer.smk"
    path.write_text(
        f"module kappa:\n    snakefile: '{finished.clone}/workflow/Snakefile'\n    config: config['conductivity']\n\n"
        "use rule * from kappa as kappa_*\n\n"
        "rule mine:\n    default_target: True\n    input: 'results/silicon/kappa.csv'\n    output: 'mine.txt'\n"
        "    shell: 'cp {input} {output}'\n"
    )
    assert finished.plan(config, snakefile=str(path)) == {"mine": 1}
    config["conductivity"] = {"runs": {"silicon": {**small["runs"]["silicon"], "mehs": 1}}}
    result = finished.snakemake("--dry-run", config=config, snakefile=str(path))
    assert result.status != 0
    assert "silicon.mehs is not a key; did you mean 'mesh'?" in result.last_line


def test_a_module_can_keep_its_results_in_a_folder_of_its_own(workflow: Workflow, small: dict[str, Any]) -> None:
    snakefile = workflow.folder / "Snakefile"
    snakefile.write_text(
        f"module kappa:\n    snakefile: '{workflow.clone}/workflow/Snakefile'\n    config: config\n"
        "    prefix: 'kappa'\n\n"
        "use rule * from kappa as kappa_*\n"
    )
    target = "kappa/results/silicon/kappa.csv"
    result = workflow.snakemake("--dry-run", "--", target, config=small, snakefile=str(snakefile))
    assert result.status == 0, result.output
    assert result.jobs["kappa_matrix_elements"] == 2


def test_in_a_folder_of_its_own_a_module_finds_what_is_finished(
    finished: Workflow, workflow: Workflow, small: dict[str, Any]
) -> None:
    """However the finished matrix elements were cut; and scripts find the files that their parameters name."""
    shutil.copytree(finished.folder / "results", workflow.folder / "kappa/results", symlinks=True)
    snakefile = workflow.folder / "Snakefile"
    snakefile.write_text(
        f"module kappa:\n    snakefile: '{workflow.clone}/workflow/Snakefile'\n    config: config\n"
        "    prefix: 'kappa'\n\n"
        "use rule * from kappa as kappa_*\n"
    )
    other = {"runs": {"silicon": {**small["runs"]["silicon"], "chunks": 3}}}
    pages = ["kappa/results/index.html", "kappa/results/silicon/report.html"]
    arguments = ("--forcerun", "kappa_index", "kappa_report", "--", *pages)
    result = workflow.snakemake(*arguments, config=other, snakefile=str(snakefile))
    assert result.status == 0, result.output
    assert result.jobs == {"kappa_index": 1, "kappa_report": 1}
    assert "matrix elements" in (workflow.folder / pages[1]).read_text()
    # Whatever is computed from the shards that are there asks for no others.
    target = "kappa/results/silicon/linewidths.h5"
    arguments = ("--dry-run", "--forcerun", "kappa_linewidths", "--", target)
    result = workflow.snakemake(*arguments, config=other, snakefile=str(snakefile))
    assert result.jobs == {"kappa_linewidths": 1}, result.output


def test_results_of_the_small_case(finished: Workflow) -> None:
    run = finished.folder / "results/silicon"
    header, *rows = (run / "kappa.csv").read_text().splitlines()
    assert header == "temperature_K,solver,kxx,kyy,kzz,kyz,kxz,kxy"
    assert [row.split(",")[:2] for row in rows] == [["300.0", "rta"], ["300.0", "variational"]]
    names = ("kappa", "bands", "linewidths", "convergence", "cumulative", "mean_free_paths", "boundary_scan")
    names += ("spectral", "dos")
    figures = {f"{name}.{format}" for name in names for format in ("svg", "png")}
    assert {path.name for path in (run / "figures").iterdir()} == figures
    links = list((run / "stages").glob("*.h5"))
    assert len(links) == 6
    assert all(path.is_symlink() and path.is_file() for path in links)
    assert not list(finished.folder.rglob("*.part"))


def test_report_is_one_file_that_needs_no_network(finished: Workflow, small: dict[str, Any]) -> None:
    report = finished.folder / "report.html"
    result = finished.snakemake("--report", str(report), config=small)
    assert result.status == 0, result.output
    # Captions are made into pages from reStructuredText, in which |v| would be something else.
    assert "WARNING" not in result.output
    text = report.read_text()
    assert "conductivity against temperature" in text
    assert 'src="http' not in text
    assert 'href="http' not in text.replace('href="https://snakemake', "")
    report.unlink()


@pytest.mark.parametrize("command", [["snakefmt", "--check", "Snakefile", "workflow"], ["snakemake", "--lint"]])
def test_style(command: list[str]) -> None:
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(tool), *command[1:]], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
