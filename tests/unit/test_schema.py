import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from peierls import schema

ROOT = Path(__file__).parents[2]
PATH = ROOT / "workflow/schemas/config.schema.yaml"
SCHEMA = schema.load(PATH)
RUN = SCHEMA["properties"]["runs"]["additionalProperties"]


def fault(text: str) -> str | None:
    """What is wrong with one run, given as the inside of a YAML mapping."""
    given = schema.typed(yaml.safe_load(f"runs: {{si: {{{text}}}}}"), SCHEMA)
    return schema.first_fault(given, SCHEMA)


def rules(node: Any, where: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every key of a schema with its rule, keys within forms included."""
    found = []
    for form in schema.forms(node):
        for key, rule in form.get("properties", {}).items():
            found += [(f"{where}.{key}", rule), *rules(rule, f"{where}.{key}")]
        if isinstance(form.get("additionalProperties"), dict):
            found += rules(form["additionalProperties"], where)
    return found


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(yaml.safe_load(PATH.read_text()))


def test_every_key_is_described_and_every_number_has_a_unit() -> None:
    for where, rule in rules(SCHEMA):
        assert rule.get("description"), where
        numbers = [form for form in schema.forms(rule) if form.get("type") == "number"]
        assert all("unit" in form for form in numbers), where


def test_no_section_takes_unknown_keys() -> None:
    for where, rule in [("", SCHEMA), *rules(SCHEMA)]:
        for form in schema.forms(rule):
            if "properties" in form:
                assert "additionalProperties" in form, where


def test_defaults_are_valid() -> None:
    for where, rule in rules(SCHEMA):
        if "default" in rule:
            assert Draft202012Validator(rule).is_valid(rule["default"]), where


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mesh: [0, 0, 0]", "mesh[0] is 0, expected a positive whole number"),
        ("mesh: [5, 5]", "mesh is [5, 5], expected a list of 3 positive whole numbers"),
        ("mesh: [5, 5, 5.5]", "mesh[2] is 5.5, expected a positive whole number"),
        (
            "mesh: fine",
            "mesh is 'fine', expected a list of 3 positive whole numbers, or a mapping {density}, or a mapping {file}",
        ),
        ("mesh: {densty: 8}", "mesh.densty is not a key; did you mean 'density'?"),
        ("mesh: {density: -1}", "mesh.density is -1.0, expected a positive number in Å"),
        ("temperatures: [-5]", "temperatures[0] is -5.0, expected a positive number in K"),
        ("temperatures: [.nan]", "temperatures[0] is 'nan', expected a positive number in K"),
        ("temperatures: []", "temperatures is [], expected a list of one or more positive numbers in K"),
        ("temperatures: {min: 3, max: 9}", "temperatures.points is missing, expected a positive whole number"),
        ("temperatures: {min: 3, max: 9, poins: 2}", "temperatures.poins is not a key; did you mean 'points'?"),
        ("integration: {sgima: 0.1}", "integration.sgima is not a key; did you mean 'sigma'?"),
        ("sigma: 0.1", "sigma is not a key; did you mean 'integration.sigma'?"),
        ("solver_options: {tolerance: low}", "solver_options.tolerance is 'low', expected a positive number"),
        ("integration: {weights: all}", "integration.weights is 'all', expected one of event, mode"),
        (
            "scattering: {isotopes: [1]}",
            "scattering.isotopes is [1], expected one of none, natural, or a mapping {file}",
        ),
        ("scattering: {boundary_length: 0}", "scattering.boundary_length is 0.0, expected a positive number in m"),
        ("chunks: many", "chunks is 'many', expected auto, or a positive whole number"),
        ("strict: perhaps", "strict is 'perhaps', expected true or false"),
        ("force_constants: {path: 3}", "force_constants.path is 3, expected text"),
        (
            "solver_options: {x: 3}",
            "solver_options.x is not a key; expected one of tolerance, max_iterations, wigner_populations",
        ),
    ],
)
def test_fault_is_one_sentence(text: str, sentence: str) -> None:
    assert fault(text) == f"runs.si.{sentence}"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("rnus: {}", "rnus is not a key; did you mean 'runs'?"),
        ("runs: {}", "runs is {}, expected a mapping with an entry for each name"),
        ("{}", "runs is missing, expected a mapping with an entry for each name"),
        ("[1]", "the configuration is [1], expected a mapping {defaults, runs}"),
        ("runs: {my run: {}}", "runs has a run named 'my run', expected letters, digits, _ or -, and not 'stages'"),
        ("{defaults: {mesh: 3}, runs: {si: {}}}", "defaults.mesh is 3, expected a list of 3"),
    ],
)
def test_fault_outside_the_runs(written: str, sentence: str) -> None:
    found = schema.first_fault(schema.typed(yaml.safe_load(written), SCHEMA), SCHEMA)
    assert found is not None
    assert found.startswith(sentence)


def test_numbers_take_the_type_that_the_schema_asks_for() -> None:
    run = yaml.safe_load("{mesh: [5.0, '7', 9], temperatures: [300], solver_options: {tolerance: 1e-6}, 300: null}")
    typed = schema.typed(run, RUN)
    assert typed["mesh"] == [5, 7, 9]
    assert all(isinstance(size, int) for size in typed["mesh"])
    assert isinstance(typed["temperatures"][0], float)
    assert math.isclose(typed["solver_options"]["tolerance"], 1e-6)
    assert "300" in typed


def test_text_that_looks_like_a_number_stays_text_where_text_belongs() -> None:
    assert schema.typed({"force_constants": {"path": "2024"}}, RUN) == {"force_constants": {"path": "2024"}}


def test_empty_section_is_an_empty_section() -> None:
    assert schema.typed({"scattering": None, "chunks": None}, RUN) == {"scattering": {}, "chunks": None}


def test_paths_are_looked_for_in_the_working_directory_first(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, name in [(here, "mine"), (there, "mine"), (there, "shipped")]:
        (folder / name).mkdir(parents=True)
    folders = [str(here), str(there)]

    def located(path: str) -> str:
        run = schema.located({"force_constants": {"path": path}}, RUN, folders)
        return str(run["force_constants"]["path"])

    assert located("mine") == "mine"
    assert located("shipped") == str(there / "shipped")
    assert located("nowhere") == "nowhere"
    assert located(str(there / "mine")) == str(there / "mine")


def test_every_file_that_a_reader_looks_for_can_be_named() -> None:
    """Each key that a reader hands to `locate` is one of the configuration."""
    readers = (Path(schema.__file__).parent / "force_constants").glob("*.py")
    asked = {key for path in readers for key in re.findall(r'locate\(folder, names, "(\w+)"', path.read_text())}
    assert asked >= {"fc2", "fc3", "yaml", "born", "control", "crystal"}
    section = schema.subschema(schema.subschema(schema.subschema(SCHEMA, "runs"), "any name"), "force_constants")
    assert asked <= set(section["properties"])
