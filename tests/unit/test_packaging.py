"""What the files around the code promise: pins, environments, a reference in step with its schema, no hosts."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import yaml

import peierls
from peierls import schema

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = (ROOT / "constraints.txt").read_text().splitlines()
OTHER_NAMES = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}
"""What conda calls the part of a package that is needed."""
PACKAGE_INDEXES = re.compile(
    r"(pypi\.org|pythonhosted\.org|anaconda\.org|registry\.|/simple\b|index-url|find-links|file:///)", re.IGNORECASE
)


def committed() -> list[Path]:
    """The files of the repository that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def bounds(requirements: list[str]) -> set[str]:
    """name>=version of a list of requirements, in conda's or pip's spelling."""
    parts = [requirement.replace(" ", "").partition(">=") for requirement in requirements]
    return {f"{OTHER_NAMES.get(name, name)}>={version}" for name, _, version in parts}


def conda(path: str) -> set[str]:
    dependencies = yaml.safe_load((ROOT / path).read_text())["dependencies"]
    return bounds([line for line in dependencies if isinstance(line, str) and ">=" in line])


def test_pins_of_pip_and_of_uv_agree() -> None:
    assert PROJECT["tool"]["uv"]["constraint-dependencies"] == PINS
    assert sorted(PINS) == PINS
    assert all(re.fullmatch(r"[a-z0-9-]+==[a-z0-9.+!]+", pin) for pin in PINS)


def test_every_dependency_is_pinned() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["test"], *extras["slurm"]]
    pinned = {pin.partition("==")[0] for pin in PINS}
    assert {re.split(r"[ \[<>=]", line)[0].lower() for line in needed} <= pinned


def test_conda_environments_ask_for_what_the_project_asks_for() -> None:
    project = PROJECT["project"]
    runtime = {*bounds(project["dependencies"]), f"python{project['requires-python']}"}
    everything = runtime | bounds(project["optional-dependencies"]["test"])
    assert conda("environment.yml") == everything
    assert conda("workflow/envs/peierls.yaml") == {line for line in runtime if not line.startswith("snakemake")}


def test_no_file_names_a_package_index() -> None:
    contents = {path: path.read_bytes() for path in committed() if path != Path(__file__)}
    texts = {path: content.decode() for path, content in contents.items() if b"\0" not in content}
    named = [path for path, text in texts.items() if PACKAGE_INDEXES.search(text)]
    assert named == []
    assert not any(path.name == "uv.lock" for path in committed())


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == peierls.__version__
    assert citation["license"] == PROJECT["project"]["license"]


def test_reference_of_the_configuration_is_in_step_with_the_schema() -> None:
    """If not: `make docs-config`."""
    path = ROOT / "docs/config_reference.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    rules = schema.load(ROOT / "workflow/schemas/config.schema.yaml")
    assert generator.document(rules) == (ROOT / "config/README.md").read_text(encoding="utf-8")


def test_catalog_finds_what_it_asks_for() -> None:
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    for name in ("workflow/Snakefile", "config/README.md", "workflow/rules/common.smk", ".test/config/config.yaml"):
        assert (ROOT / name).is_file()


def test_the_package_says_that_it_is_typed() -> None:
    """Without this file, type checkers take whatever comes from the package for Any."""
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]
    assert (Path(peierls.__file__).parent / "py.typed").is_file()


def test_pages_that_the_code_names_are_there() -> None:
    """Of each page of the documentation that a docstring cites, the section, too; and no page that is not here."""
    cited = set()
    for path in (ROOT / "src").rglob("*.py"):
        text = " ".join(path.read_text().split())
        cited |= set(re.findall(r'([\w/-]+\.md)(?:, "([^"]+)")?', text))
    assert ("docs/equations.md", "Solvers") in cited
    for page, section in cited:
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
        assert not section or section in headings, (page, section)
