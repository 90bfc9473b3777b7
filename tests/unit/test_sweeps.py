from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from peierls import config, schema, sweeps
from peierls.errors import InputError

SCHEMA = schema.load(schema.shipped())


def load(text: str) -> dict[str, config.Run]:
    return config.load(yaml.safe_load(text), SCHEMA, source="my.yaml")


def test_a_sweep_is_a_run_for_each_combination() -> None:
    runs = load(
        """
        defaults: {force_constants: {path: somewhere}, integration: {sigma: 0.2}}
        runs:
          silicon:
            temperatures: [400]
            sweep: {mesh: [[11, 11, 11], [15, 15, 15]], integration: {weights: [event, mode]}}
          other: {}
        """
    )
    assert list(runs) == [
        "silicon-mesh-11x11x11-weights-event",
        "silicon-mesh-11x11x11-weights-mode",
        "silicon-mesh-15x15x15-weights-event",
        "silicon-mesh-15x15x15-weights-mode",
        "other",
    ]
    last = runs["silicon-mesh-15x15x15-weights-mode"]
    assert last["mesh"] == [15, 15, 15]
    assert (last["integration"]["weights"], last["integration"]["sigma"]) == ("mode", 0.2)
    assert last["temperatures"] == [400.0]
    assert all("sweep" not in run for run in runs.values())


def test_each_run_of_a_sweep_is_the_run_that_says_so_itself() -> None:
    base = "defaults: {force_constants: {path: somewhere}}\n"
    swept = load(
        base + "runs: {a: {sweep: {mesh: [{density: 8}, [5, 5, 5]], scattering: {boundary_length: [null, 1e-6]}}}}"
    )
    written = load(
        base + "runs:\n"
        "  a-mesh-density-8-boundary_length-none: {mesh: {density: 8}, scattering: {boundary_length: null}}\n"
        "  a-mesh-density-8-boundary_length-1e-6: {mesh: {density: 8}, scattering: {boundary_length: 1e-6}}\n"
        "  a-mesh-5x5x5-boundary_length-none: {mesh: [5, 5, 5], scattering: {boundary_length: null}}\n"
        "  a-mesh-5x5x5-boundary_length-1e-6: {mesh: [5, 5, 5], scattering: {boundary_length: 1.0e-6}}\n"
    )
    assert swept == written
    assert list(swept) == list(written)


def test_a_sweep_of_the_defaults_holds_for_runs_that_do_not_say_it_themselves() -> None:
    runs = load(
        """
        defaults: {force_constants: {path: somewhere}, sweep: {mesh: [[3, 3, 3], [5, 5, 5]]}}
        runs:
          a: {}
          b: {mesh: [7, 7, 7]}
          c: {sweep: {temperatures: [[300], [300, 400]]}}
          d: {sweep: {mesh: [[9, 9, 9]]}}
        """
    )
    assert list(runs) == [
        *("a-mesh-3x3x3", "a-mesh-5x5x5", "b"),
        *("c-mesh-3x3x3-temperatures-300", "c-mesh-3x3x3-temperatures-300-400"),
        *("c-mesh-5x5x5-temperatures-300", "c-mesh-5x5x5-temperatures-300-400"),
        "d-mesh-9x9x9",
    ]


def test_keys_of_one_name_are_told_by_their_sections() -> None:
    sweep = "{nac: {method: [none, wang]}, integration: {method: [gaussian]}}"
    assert list(load(f"runs: {{a: {{force_constants: {{path: x}}, sweep: {sweep}}}}}")) == [
        "a-nac-method-none-integration-method-gaussian",
        "a-nac-method-wang-integration-method-gaussian",
    ]


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("sweep: {mesh: [[11, 11, 0]]}", "runs.a.sweep.mesh[0][2] is 0, expected a positive whole number"),
        ("sweep: {mesh: 11}", "runs.a.sweep.mesh is 11, expected a list of one or more "),
        ("sweep: {mesh: []}", "runs.a.sweep.mesh is [], expected a list of one or more entries, each a list "),
        ("sweep: {mehs: [[3, 3, 3]]}", "runs.a.sweep.mehs is not a key; did you mean 'mesh'?"),
        ("sweep: {integration: {sgima: [1]}}", "runs.a.sweep.integration.sgima is not a key; did you mean 'sigma'?"),
        ("sweep: {integration: [event]}", 'runs.a.sweep.integration is ["event"], expected a mapping'),
        ("sweep: {weights: [event]}", "runs.a.sweep.weights is not a key; did you mean 'integration.weights'?"),
        ("sweep: {sweep: [1]}", "runs.a.sweep.sweep is not a key"),
        ("{mesh: [3, 3, 3], sweep: {mesh: [[5, 5, 5]]}}", "runs.a.sweep.mesh is swept and given too"),
        (
            "sweep: {solver_options: {tolerance: [1e-6, 1e-06]}}",
            "sweep gives a run named 'a-tolerance-1e-6', and there",
        ),
        (
            "sweep: {integration: {weights: [event], fc3_origin: [first]}}",
            "runs.a-weights-event-fc3_origin-first.integration.fc3_origin is first, which treats",
        ),
    ],
)
def test_a_fault_is_one_sentence_with_its_key(run: str, sentence: str) -> None:
    run = run.removeprefix("{").removesuffix("}") if run.startswith("{") else run
    with pytest.raises(InputError) as caught:
        load(f"{{defaults: {{force_constants: {{path: x}}}}, runs: {{a: {{{run}}}}}}}")
    assert str(caught.value).startswith("my.yaml: ")
    assert sentence in str(caught.value)


def test_a_name_too_long_for_a_folder_is_refused() -> None:
    sweep = f"{{temperatures: [{list(range(1, 101))}]}}"
    with pytest.raises(InputError, match=r"runs.a gives a run named 'a-temperatures-1-2-.*' of \d+ characters"):
        load(f"{{runs: {{a: {{force_constants: {{path: x}}, sweep: {sweep}}}}}}}")


def test_a_name_that_another_run_has_is_refused() -> None:
    for text in (
        "{a: {sweep: {strict: [true]}}, a-strict-true: {}}",
        "{a-strict-true: {}, a: {sweep: {strict: [true]}}}",
    ):
        with pytest.raises(InputError, match="sweep gives a run named 'a-strict-true', and there is one already"):
            load(f"{{defaults: {{force_constants: {{path: x}}}}, runs: {text}}}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([11, 11, 11], "11x11x11"),
        ([100.0, 300.0], "100-300"),
        (0.1, "0p1"),
        (1e-6, "1e-6"),
        (2.5e-7, "2p5e-7"),
        (1e20, "1e20"),
        (None, "none"),
        (True, "true"),
        ({"file": "data/g.txt"}, "file-data-g-txt"),
        ({"min": 100.0, "max": 300.0, "points": 5}, "min-100-max-300-points-5"),
        (["rta", "direct"], "rta-direct"),
        ("é", "empty"),
    ],
)
def test_labels(value: Any, expected: str) -> None:
    assert sweeps.label(value) == expected


@given(
    st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), lambda x: st.lists(x, max_size=3))
)
def test_labels_are_parts_of_names(value: Any) -> None:
    """Whatever the value, the name of its run is one that a run may have, if it is not too long."""
    name = f"a-{sweeps.label(value)}"[: config.LONGEST_NAME]
    config_of_one = {"runs": {name: {"force_constants": {"path": "x"}}}}
    assert len(config.load(config_of_one, SCHEMA)) == 1


def test_temperatures_that_are_the_same_in_the_end_have_their_own_runs() -> None:
    text = "runs: {a: {force_constants: {path: x}, sweep: {temperatures: [[300], {min: 300, max: 300, points: 1}]}}}"
    assert len(load(text)) == 2
