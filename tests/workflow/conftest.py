"""A copy of the workflow to run and to edit, and one finished run of the small case for all tests of this folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake_calls import Workflow

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "profiles", "config", "src", "resources", ".test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.workflow)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone of the repository holds of the workflow and its library."""
    clone = tmp_path_factory.mktemp("clone")
    for part in PARTS:
        source = ROOT / part
        if source.is_symlink() or source.is_file():
            shutil.copy2(source, clone / part, follow_symlinks=False)
        else:
            shutil.copytree(source, clone / part, ignore=shutil.ignore_patterns("__pycache__", "results", ".snakemake"))
    return clone


@pytest.fixture
def workflow(clone: Path, tmp_path: Path) -> Workflow:
    """The workflow, with nothing computed yet."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Workflow(clone, folder)


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """The configuration of the small case."""
    config: dict[str, Any] = yaml.safe_load((ROOT / ".test/config/config.yaml").read_text())
    return config


@pytest.fixture(scope="session")
def finished(clone: Path, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workflow]:
    """The small case, computed; tests only plan from here, or put back what they change: in which order they are run
    decides nothing."""
    workflow = Workflow(clone, tmp_path_factory.mktemp("finished"))
    result = workflow.snakemake(config=small)
    assert result.status == 0, result.output
    given = [path for path in clone.rglob("*") if not {".snakemake", "__pycache__"} & {*path.parts}]
    stages = (workflow.folder / "results/stages").rglob("*.h5")
    times = {path: path.stat().st_mtime_ns for path in [*given, *stages] if path.is_file()}
    yield workflow
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert workflow.plan(small) == {}
