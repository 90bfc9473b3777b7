"""Which modules each script of the workflow depends on, found by another route: the standard library's own."""

import os
import shutil
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from peierls.provenance import PACKAGE, WITHOUT_EFFECT, code_digest

SCRIPTS = sorted((PACKAGE.parents[1] / "workflow/scripts").glob("*.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))


def reached(script: Path) -> set[str]:
    """The modules of the package that a script imports, wherever in it, directly or not."""
    finder = ModuleFinder([str(PACKAGE.parent)])
    finder.run_script(str(script))
    return {name for name in finder.modules if name.split(".")[0] == "peierls"} - WITHOUT_EFFECT


def name_of(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    """A copy of the package."""
    yield Path(shutil.copytree(PACKAGE, tmp_path / "peierls", ignore=shutil.ignore_patterns("__pycache__")))


def test_a_changed_module_is_seen_by_the_scripts_that_reach_it_and_by_no_other(copied: Path) -> None:
    """A row for each module of the package, a column for each script."""
    expected = {script.name: reached(script) for script in SCRIPTS}
    assert expected["transport.py"] > expected["crystal.py"] & expected["mesh.py"]
    before = {script.name: code_digest([script], copied) for script in SCRIPTS}
    for module in MODULES:
        path = copied / module.relative_to(PACKAGE)
        text, times = path.read_text(), path.stat()
        path.write_text(text + "\n_A_NEW_CONSTANT = 1\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
        changed = {script.name for script in SCRIPTS if code_digest([script], copied) != before[script.name]}
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert changed == {script for script, modules in expected.items() if name_of(module) in modules}, module
