"""Which modules each script of the workflow depends on, found by another route: the standard library's own."""

import os
import re
import shutil
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from peierls import config
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


READ_NO_FORMATS = ("mesh", "phonons", "bands", "dos", "matrix_elements", "thermal", "wigner", "cumulative", "spectral")


@pytest.mark.parametrize("stage", READ_NO_FORMATS)
def test_what_computes_from_a_crystal_knows_no_format_of_force_constants(stage: str) -> None:
    """It imports none, so its jobs do not load what reads files, and its digest is not that of the readers."""
    (script,) = (script for script in SCRIPTS if script.stem == stage)
    assert not {name for name in reached(script) if name.startswith("peierls.force_constants")}


RULES = {
    name: body
    for path in (PACKAGE.parents[1] / "workflow/rules").glob("*.smk")
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", path.read_text(), re.MULTILINE)
}
BY_NAME = {"transport": "solvers.{wildcards.solver}", "figure": "figures.{wildcards.figure}"}
BY_NAME["analysis_table"] = "tables.{wildcards.table}"
WITHOUT_SETTINGS = {"tdep_grid": "tdep", "mean_linewidths": "linewidths", "mean_transport": "transport"}
WITHOUT_SETTINGS["matrix_elements_index"] = "matrix_elements"


@pytest.mark.parametrize("rule", [rule for rule, body in RULES.items() if "script:" in body and rule != "forecast"])
def test_a_rule_carries_what_its_result_depends_on(rule: str) -> None:
    """The code of its own script, with the module that the script imports by a name, and the settings of its stage."""
    body = RULES[rule]
    (script,) = re.findall(r'"../scripts/(\w+\.py)"', body)
    (code,) = re.findall(r"^        code=(.*),$", body, re.MULTILINE)
    imported = f', f"peierls.{BY_NAME[rule]}"' if rule in BY_NAME else ""
    assert code.removeprefix("lambda wildcards: ") == f'code("{script}"{imported})'
    stage = WITHOUT_SETTINGS.get(rule, rule)
    assert (f'settings=settings("{stage}")' in body) == (stage in config.STAGES)


def test_scripts_import_by_a_name_where_the_rule_says_so() -> None:
    scripts = {rule: re.findall(r'"../scripts/(\w+\.py)"', body) for rule, body in RULES.items()}
    texts = {script.name: script.read_text() for script in SCRIPTS}
    found = {rule for rule, names in scripts.items() if any("import_module(" in texts[name] for name in names)}
    assert found <= set(BY_NAME)
