import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from peierls import config, schema
from peierls.errors import InputError

ROOT = Path(__file__).parents[2]
SCHEMA = schema.load(ROOT / "workflow/schemas/config.schema.yaml")
RUN = SCHEMA["properties"]["runs"]["additionalProperties"]
MINIMAL = {"force_constants": {"path": "somewhere"}}


def load(text: str) -> dict[str, config.Run]:
    return config.load(yaml.safe_load(text), SCHEMA)


def complete(**keys: Any) -> config.Run:
    """A run of the given keys, all others at their defaults."""
    return config.load({"runs": {"one": {**MINIMAL, **keys}}}, SCHEMA)["one"]


def test_defaults_are_those_of_the_interface() -> None:
    """Every key of the interface is there; the values differ from it only where it says "once it exists"."""
    assert complete() == {
        "force_constants": {
            "format": "auto",
            "path": "somewhere",
            "sum_rules": "none",
            "symmetrize": False,
            "isotopes": None,
        },
        "mesh": [11, 11, 11],
        "temperatures": [300.0],
        "nac": {"method": "auto", "direction": "none", "lambda": None},
        "integration": {
            "method": "tetrahedron",
            "weights": "event",
            "sigma": 0.1,
            "kind": "invariant",
            "scale": 1.0,
            "threshold": 4.0,
            "fc3_origin": "average",
            "occupation": "standard",
            "storage": "store",
            "max_memory": 2.0,
        },
        "scattering": {"isotopes": "natural", "boundary_length": None, "max_mfp": None},
        "solvers": ["rta", "variational"],
        "solver_options": {"tolerance": 1e-9, "max_iterations": 1000, "wigner_populations": "auto"},
        "geometry": {"thickness": None, "cross_section": None},
        "chunks": "auto",
        "analysis": {
            "cumulative": True,
            "spectral": True,
            "thin_film": None,
            "boundary_scan": True,
            "phase_space": False,
            "dump_grid": False,
        },
        "strict": False,
    }


def test_defaults_are_merged_section_by_section_and_forms_are_replaced_whole() -> None:
    runs = load(
        """
        defaults:
          force_constants: {path: somewhere, sum_rules: impose}
          mesh: {density: 8.0}
          temperatures: {min: 100, max: 300, points: 3}
          integration: {method: gaussian, sigma: 0.2}
          scattering: {isotopes: {file: g.txt}, boundary_length: 1e-6}
        runs:
          as_given: {}
          changed:
            mesh: [5, 5, 5]
            temperatures: [400]
            integration: {sigma: 0.3}
            scattering: {isotopes: none}
        """
    )
    given, changed = runs["as_given"], runs["changed"]
    assert given["mesh"] == {"density": 8.0}
    assert given["temperatures"] == [100.0, 200.0, 300.0]
    assert changed["mesh"] == [5, 5, 5]
    assert changed["temperatures"] == [400.0]
    assert changed["force_constants"] == given["force_constants"]
    assert (changed["integration"]["method"], changed["integration"]["sigma"]) == ("gaussian", 0.3)
    assert changed["scattering"] == {"isotopes": "none", "boundary_length": 1e-6, "max_mfp": None}


def test_merged_runs_share_nothing() -> None:
    written = {"defaults": {"mesh": [5, 5, 5], **MINIMAL}, "runs": {"a": {}, "b": {}}}
    before = copy.deepcopy(written)
    runs = config.load(written, SCHEMA)
    runs["a"]["mesh"].append(7)
    runs["a"]["force_constants"]["path"] = "elsewhere"
    assert runs["b"]["mesh"] == [5, 5, 5]
    assert runs["b"]["force_constants"]["path"] == "somewhere"
    assert written == before


@pytest.mark.parametrize(
    ("temperatures", "expected"),
    [
        ([300, 100, "2e2", 100.0], [100.0, 200.0, 300.0]),
        ({"min": 50, "max": 1000, "points": 20}, [50.0 * step for step in range(1, 21)]),
        ({"min": 10, "max": 1000, "points": 3, "spacing": "log"}, [10.0, 100.0, 1000.0]),
        ({"min": 77, "max": 300, "points": 1}, [77.0]),
    ],
)
def test_temperatures(temperatures: Any, expected: list[float]) -> None:
    assert complete(temperatures=temperatures)["temperatures"] == expected


@given(
    low=st.floats(1, 1000),
    ratio=st.floats(1, 100),
    points=st.integers(2, 50),
    spacing=st.sampled_from(["linear", "log"]),
)
def test_temperatures_ascend_from_end_to_end(low: float, ratio: float, points: int, spacing: str) -> None:
    ends = {"min": low, "max": low * ratio}
    values = config.expand_temperatures({**ends, "points": points, "spacing": spacing})
    assert values == sorted(set(values))
    assert values[0] == pytest.approx(low, abs=1e-8)
    assert values[-1] == pytest.approx(low * ratio, rel=1e-12, abs=1e-8)


def test_each_stage_depends_on_its_own_keys_and_no_others() -> None:
    """The table of the design, key by key."""
    first_stage = {
        "force_constants": "crystal",
        "mesh": "mesh",
        "nac": "phonons",
        "integration": "matrix_elements",
        "temperatures": "linewidths",
        "scattering": "linewidths",
        "solver_options": "transport",
        "geometry": "transport",
    }
    chain = ["crystal", "mesh", "phonons", "matrix_elements", "linewidths", "transport"]
    for stage in chain:
        expected = {key for key, first in first_stage.items() if chain.index(first) <= chain.index(stage)}
        assert set(config.stage_settings(complete(), stage)) == expected


CHAIN = ["crystal", "mesh", "phonons", "matrix_elements", "linewidths", "transport"]
GAUSSIAN = {"integration": {"method": "gaussian"}}
ADAPTIVE = {"integration": {"method": "adaptive"}}
BY_MODE = {"integration": {"weights": "mode"}}

FIRST_STAGE: list[tuple[str, Any, dict[str, Any], str | None]] = [
    ("force_constants.format", "tdep", {}, "crystal"),
    ("force_constants.path", "elsewhere", {}, "crystal"),
    ("force_constants.sum_rules", "impose", {}, "crystal"),
    ("force_constants.symmetrize", True, {}, "crystal"),
    ("force_constants.isotopes", {"file": "g.txt"}, {}, "crystal"),
    *((f"force_constants.{key}", "other", {}, "crystal") for key in ("fc2", "fc3", "yaml", "ucposcar")),
    *((f"force_constants.{key}", "other", {}, "crystal") for key in ("infile_isotopes", "control", "crystal", "born")),
    ("mesh", [5, 5, 5], {}, "mesh"),
    ("mesh", {"density": 7.0}, {}, "mesh"),
    ("nac.method", "none", {}, "phonons"),
    ("nac.direction", [1, 0, 0], {}, "phonons"),
    ("nac.direction", [1, 0, 0], {"nac": {"method": "wang"}}, "phonons"),
    ("nac.direction", [1, 0, 0], {"nac": {"method": "none"}}, None),
    ("nac.lambda", 0.5, {}, "phonons"),
    ("nac.lambda", 0.5, {"nac": {"method": "wang"}}, None),
    ("nac.lambda", 0.5, {"nac": {"method": "none"}}, None),
    ("integration.method", "gaussian", {}, "matrix_elements"),
    ("integration.weights", "mode", {}, "matrix_elements"),
    ("integration.sigma", 0.2, {}, None),
    ("integration.sigma", 0.2, GAUSSIAN, "matrix_elements"),
    ("integration.sigma", 0.2, ADAPTIVE, None),
    ("integration.kind", "tdep", {}, None),
    ("integration.kind", "tdep", GAUSSIAN, None),
    ("integration.kind", "tdep", ADAPTIVE, "matrix_elements"),
    ("integration.scale", 2.0, {}, None),
    ("integration.scale", 2.0, GAUSSIAN, None),
    ("integration.scale", 2.0, ADAPTIVE, "matrix_elements"),
    ("integration.threshold", 3.0, {}, None),
    ("integration.threshold", 3.0, GAUSSIAN, "matrix_elements"),
    ("integration.threshold", 3.0, ADAPTIVE, "matrix_elements"),
    ("integration.fc3_origin", "first", BY_MODE, "matrix_elements"),
    ("integration.occupation", "tdep", BY_MODE, "linewidths"),
    ("integration.storage", "recompute", {}, None),
    ("integration.max_memory", 1.0, {}, None),
    ("temperatures", [400], {}, "linewidths"),
    ("scattering.isotopes", "none", {}, "linewidths"),
    ("scattering.boundary_length", 1e-6, {}, "linewidths"),
    ("scattering.max_mfp", 1e-6, {}, "linewidths"),
    ("solver_options.tolerance", 1e-6, {}, "transport"),
    ("solver_options.max_iterations", 7, {}, "transport"),
    ("solver_options.wigner_populations", "rta", {}, None),
    ("geometry.thickness", 1e-9, {}, "transport"),
    ("geometry.cross_section", 1e-18, {}, "transport"),
    *((f"analysis.{key}", False, {}, None) for key in ("cumulative", "spectral", "boundary_scan")),
    *((f"analysis.{key}", True, {}, None) for key in ("phase_space", "dump_grid")),
    ("analysis.thin_film", {"thickness": [1e-7]}, {}, None),
    ("solvers", ["rta"], {}, None),
    ("chunks", 7, {}, None),
    ("strict", True, {}, None),
]
"""Keys, another value, what else the run has, and the first stage of the chain that depends on it."""


@pytest.mark.parametrize(
    ("key", "value", "others", "first"), FIRST_STAGE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_key_changes_the_settings_of_its_stage_and_those_below(
    key: str, value: Any, others: dict[str, Any], first: str | None
) -> None:
    before = complete(**others)
    after = copy.deepcopy(before)
    *sections, last = key.split(".")
    node: Any = after
    for section in sections:
        node = node[section]
    assert node.get(last) != value
    node[last] = value
    changed = [stage for stage in CHAIN if config.stage_settings(before, stage) != config.stage_settings(after, stage)]
    assert changed == ([] if first is None else CHAIN[CHAIN.index(first) :])


def test_that_table_has_every_key_that_can_be_changed() -> None:
    def leaves(rule: schema.Schema, above: str = "") -> set[str]:
        if "properties" not in rule:
            return {above}
        return {
            leaf for key, below in rule["properties"].items() for leaf in leaves(below, f"{above}.{key}".strip("."))
        }

    keys = {key for key in leaves(RUN) if not key.startswith("sweep.")}
    assert {key for key, *_ in FIRST_STAGE} == keys


def test_solvers_depend_on_the_options_that_they_read() -> None:
    one = complete()
    other = complete(solver_options={"tolerance": 1e-3}, integration={"max_memory": 1.0})
    changed = {
        solver
        for solver in ("rta", "iterative", "variational", "direct", "relaxons")
        if config.stage_settings(one, "transport", solver) != config.stage_settings(other, "transport", solver)
    }
    assert changed == {"iterative", "variational", "direct", "relaxons"}
    assert "solver_options" not in config.stage_settings(one, "transport", "direct")
    assert "max_memory" not in config.stage_settings(one, "transport", "variational")["integration"]


def test_a_recognised_format_is_the_one_written_down(silicon_folder: Path) -> None:
    found, said = (
        complete(force_constants={"path": str(silicon_folder), **format}) for format in ({}, {"format": "phono3py"})
    )
    assert found == said
    assert complete()["force_constants"]["format"] == "auto"


def test_the_solver_of_the_populations_is_an_option_of_the_wigner_equation_alone() -> None:
    settings = {stage: config.stage_settings(complete(), stage)["solver_options"] for stage in ("transport", "wigner")}
    assert settings == {
        "transport": {"max_iterations": 1000, "tolerance": 1e-9},
        "wigner": {"wigner_populations": "auto"},
    }


@pytest.mark.parametrize(
    ("solvers", "named", "expected"),
    [
        (["wigner"], "auto", "rta"),
        (["rta", "wigner", "variational"], "auto", "variational"),
        (["iterative", "wigner", "direct", "relaxons"], "auto", "direct"),
        (["wigner", "variational"], "rta", "rta"),
        (["wigner"], "relaxons", "relaxons"),
    ],
)
def test_populations_are_those_of_the_most_exact_solver_unless_one_is_named(
    solvers: list[str], named: str, expected: str
) -> None:
    run = complete(solvers=solvers, solver_options={"wigner_populations": named})
    assert config.populations(run) == expected


def test_stages_of_the_analysis_depend_on_a_part_of_their_section() -> None:
    film = {"thickness": [1e-7], "normal": [0, 0, 1], "direction": [1, 0, 0]}
    run = complete(analysis={"thin_film": film, "boundary_scan": ["1e-6", 2e-6]})
    assert set(config.stage_settings(run, "cumulative")) == set(config.stage_settings(run, "transport"))
    assert config.stage_settings(run, "boundary_scan")["analysis"] == {"boundary_scan": [1e-6, 2e-6]}
    of_film = config.stage_settings(run, "thin_film")["analysis"]["thin_film"]
    assert of_film == {**film, "kinds": ["in-plane"], "specularity": 0.0}
    assert set(config.stage_settings(run, "thermal")) == {"force_constants", "mesh", "nac", "temperatures"}


FILM = "runs: {si: {force_constants: {path: x}, analysis: {thin_film: {thickness: [1e-7], %s}}}}"


@pytest.mark.parametrize(
    ("film", "sentence"),
    [
        ("normal: [0, 0, 1]", "direction is missing, expected a Cartesian vector for the kind 'in-plane'"),
        ("kinds: [cross-plane]", "normal is missing, expected a Cartesian vector for the kind 'cross-plane'"),
        ("kinds: [wire]", "direction is missing, expected a Cartesian vector for the kind 'wire'"),
        (
            "normal: [0, 0, 0], direction: [1, 0, 0]",
            "normal is [0, 0, 0], expected a vector that has a direction",
        ),
        (
            "normal: [0, 0, 1], direction: [1, 0, 1]",
            "direction is [1.0, 0.0, 1.0], 45 degrees out of the plane with the normal [0.0, 0.0, 1.0], expected a "
            "direction in the plane",
        ),
        ("thickness: [0]", "thickness[0] is 0.0, expected a positive number in m"),
        ("thickness: [-1e-9]", "thickness[0] is -1e-09, expected a positive number in m"),
        ("normal: [0, 1]", "normal is [0.0, 1.0], expected a list of 3 numbers"),
        ("kinds: [tube]", "kinds[0] is 'tube', expected one of in-plane, cross-plane, wire"),
        ("specularity: 1.5", "specularity is 1.5, expected a number from 0 to 1"),
        ("thicknes: [1]", "thicknes is not a key; did you mean 'thickness'?"),
    ],
)
def test_films_that_cannot_be_are_refused_in_one_sentence(film: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        config.load(yaml.safe_load(FILM % film), SCHEMA, source="my.yaml")
    assert str(caught.value) == f"my.yaml: runs.si.analysis.thin_film.{sentence}"


@pytest.mark.parametrize("film", ["kinds: [wire], direction: [1, 1, 1]", "kinds: [cross-plane], normal: [0, 0, 2]"])
def test_a_film_needs_only_what_its_kind_uses(film: str) -> None:
    config.load(yaml.safe_load(FILM % film), SCHEMA)


def test_settings_of_a_stage_do_not_depend_on_how_they_are_written() -> None:
    one = complete(integration={"sigma": 0.1, "threshold": 4}, temperatures=[300])
    other = complete(temperatures=["300.0"], integration={"threshold": 4.0, "sigma": "1.0e-1"})
    for stage in config.STAGES:
        assert json.dumps(config.stage_settings(one, stage)) == json.dumps(config.stage_settings(other, stage))
        assert config.stage_digest(one, stage) == config.stage_digest(other, stage)
    assert len(config.stage_digest(one, "crystal")) == 12


def test_digest_changes_with_the_settings_and_not_with_the_number_of_shards() -> None:
    digest = config.stage_digest(complete(), "matrix_elements")
    assert config.stage_digest(complete(integration={"weights": "mode"}), "matrix_elements") != digest
    assert config.stage_digest(complete(chunks=7, temperatures=[5]), "matrix_elements") == digest


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "runs: {si: {integration: {fc3_origin: first}, force_constants: {path: x}}}",
            "my.yaml: runs.si.integration.fc3_origin is first, which treats the three modes of a process differently, "
            "expected weights: mode",
        ),
        (
            "runs: {si: {mesh: [3, 3, 3]}}",
            "my.yaml: runs.si.force_constants.path is missing, expected the folder that holds the force constants",
        ),
        (
            "runs: {si: {force_constants: {path: x}, temperatures: {min: 300, max: 200, points: 3}}}",
            "my.yaml: runs.si.temperatures.min is 300 K, expected at most max, 200 K",
        ),
        (
            "runs: {si: {mesh: [4, 4, 4], geometry: {thickness: 1e-9}, force_constants: {path: x}}}",
            "my.yaml: runs.si.geometry.thickness is 1e-09 on a mesh of [4, 4, 4], expected null or a mesh N×N×1",
        ),
        (
            "runs: {si: {mesh: [1, 1, 1], force_constants: {path: x}}}",
            "my.yaml: runs.si.mesh is [1, 1, 1], expected more than one division along at least one lattice vector",
        ),
        (
            "runs: {si: {force_constants: {path: x}, temperatures: [200, 300], analysis: {dump_grid: true}}}",
            "my.yaml: runs.si.analysis.dump_grid is true with 2 temperatures: the file holds one, "
            "expected one temperature",
        ),
        (
            "runs: {stages: {force_constants: {path: x}}}",
            "my.yaml: runs has a run named 'stages', expected letters, digits, _ or -, and not 'stages'",
        ),
    ],
)
def test_what_the_schema_cannot_refuse_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        config.load(yaml.safe_load(text), SCHEMA, source="my.yaml")
    assert str(caught.value) == sentence


def test_shipped_configurations_are_valid() -> None:
    for path in (ROOT / "config/config.yaml", ROOT / ".test/config/config.yaml"):
        runs = config.load(yaml.safe_load(path.read_text()), SCHEMA)
        assert list(runs) == ["silicon"]


def test_the_viscosity_is_not_averaged_over_directions() -> None:
    run = {"solvers": ["viscosity"], "nac": {"direction": "average"}}
    with pytest.raises(InputError, match=r"nac\.direction is average, of which the solver viscosity has no mean"):
        config.load({"runs": {"one": {**MINIMAL, **run}}}, SCHEMA)


def test_only_what_has_an_effect_is_shown() -> None:
    run = {"force_constants": {"path": str(ROOT / "resources/si-pbesol")}}

    def shown(**keys: Any) -> dict[str, Any]:
        return config.effective(config.load({"runs": {"one": {**run, **keys}}}, SCHEMA)["one"])

    assert shown(chunks=3, integration={"sigma": 0.3, "storage": "recompute"}) == shown()
    assert shown(solvers=["rta"], solver_options={"tolerance": 1e-3}) == shown(solvers=["rta"])
    assert shown(solver_options={"tolerance": 1e-3}) != shown()
    assert shown(strict=True) != shown()
    assert shown(solvers=["wigner"])["solver_options"] == {"wigner_populations": "rta"}
    assert shown(solvers=["direct"])["integration"]["max_memory"] == 2.0


def test_another_thickness_concerns_the_film_and_nothing_else() -> None:
    film = {"kinds": ["wire"], "direction": [1, 0, 0], "thickness": [1e-7]}
    one, other = (
        complete(analysis={"thin_film": {**film, "thickness": thickness}}) for thickness in ([1e-7], [1e-7, 1e-6])
    )
    stages = [
        stage for stage in config.STAGES if config.stage_settings(one, stage) != config.stage_settings(other, stage)
    ]
    assert stages == ["thin_film"]


@pytest.mark.parametrize("name", ["yes", "off", "null"])
def test_a_name_that_is_no_text_is_refused(name: str) -> None:
    """A run called yes would have its results in results/True."""
    with pytest.raises(InputError, match=r"whose name YAML reads as (True|False|None), expected it in quotes"):
        load(f"{{runs: {{{name}: {{force_constants: {{path: x}}}}}}}}")
    assert list(load(f"{{runs: {{'{name}': {{force_constants: {{path: x}}}}}}}}")) == [name]
