import dataclasses

import numpy as np

from peierls.health import HealthCheck
from peierls.layout import WITHOUT_KAPPA
from peierls.solvers import OTHER_RESULTS, Transport, Viscosity, kind_of_result
from peierls.verdict import fault, report


def transport(*, kappa: tuple[float, ...] = (100.0, 50.0), passed: bool = True) -> Transport:
    """An isotropic conductivity at 300 and 600 K with one health check."""
    tensors = np.array(kappa)[:, None, None] * np.eye(3)
    known = {
        "solver": "rta",
        "temperature": np.array([300.0, 600.0]),
        "kappa": tensors,
        "health_names": ("positive rates",),
        "health_passed": np.array([passed], dtype=np.int64),
        "health_sentences": ("2 linewidths are negative",),
    }
    return Transport(**{**{field.name: None for field in dataclasses.fields(Transport)}, **known})


def test_sound_run() -> None:
    assert report("si", {"rta": transport()}) == ["si, rta: kappa = 100.0 W/m/K at 300 K; all 1 health checks passed"]
    assert fault("si", {"rta": transport()}, strict=True) is None


def test_directions_that_differ_are_told_apart() -> None:
    """No crystal has the mean of them, which the report does not give either."""
    sheet = dataclasses.replace(transport(), kappa=np.array([np.diag([60.0, 80.0, 0.0])] * 2), thickness=5e-10)
    (line,) = report("si", {"rta": sheet})
    assert "kappa = xx 60.00, yy 80.00 W/m/K at 300 K for a thickness of 5e-10 m;" in line


def test_failed_check_stands_beside_the_number() -> None:
    (line,) = report("si", {"rta": transport(passed=False)})
    assert line.endswith("1 of 1 health checks failed: positive rates: 2 linewidths are negative")
    assert fault("si", {"rta": transport(passed=False)}, strict=False) is None


def test_failed_check_fails_a_strict_run() -> None:
    expected = "run si: solver rta failed the health check 'positive rates' and key 'strict' is true"
    assert fault("si", {"rta": transport(passed=False)}, strict=True) == expected


def test_checks_of_the_analysis_have_a_line_and_fail_a_strict_run() -> None:
    bad = [HealthCheck("resolved films", False, "80 % grazes"), HealthCheck("solved sizes", True, "all")]
    lines = report("si", {"rta": transport()}, bad)
    assert lines[1] == "si, analysis: 1 of 2 health checks failed: resolved films: 80 % grazes"
    assert fault("si", {"rta": transport()}, False, bad) is None
    expected = "run si: the analysis failed the health check 'resolved films' and key 'strict' is true"
    assert fault("si", {"rta": transport()}, True, bad) == expected


def test_solver_without_a_result_fails_every_run() -> None:
    found = fault("si", {"rta": transport(kappa=(np.nan, 50.0)), "other": transport()}, strict=False)
    assert found == "run si: solver rta has no result at 300 K"


def test_a_number_that_is_missing_is_said_in_words() -> None:
    (line,) = report("si", {"rta": transport(kappa=(np.nan, 50.0))})
    assert line.startswith("si, rta: no result at 300 K;")
    (line,) = report("si", {"viscosity": viscosity(np.nan, 1e-4)})
    assert line.startswith("si, viscosity: no result at 300 K;")


def viscosity(*values: float) -> Viscosity:
    """μ_ijkl = δ_ik δ_jl times each of the values, at 300 and 600 K."""
    tensor = np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3))
    known = {
        "solver": "viscosity",
        "temperature": np.array([300.0, 600.0]),
        "viscosity": np.array(values)[:, None, None, None, None] * tensor,
        "health_names": ("positive viscosity",),
        "health_passed": np.array([1]),
        "health_sentences": ("the viscosity is negative at 0 of 2 temperatures",),
    }
    return Viscosity(**{**{field.name: None for field in dataclasses.fields(Viscosity)}, **known})


def test_a_viscosity_has_its_word() -> None:
    (line,) = report("si", {"viscosity": viscosity(2e-4, 1e-4)})
    assert line == "si, viscosity: viscosity = 0.0002000 Pa s at 300 K; all 1 health checks passed"
    assert fault("si", {"viscosity": viscosity(2e-4, 1e-4), "rta": transport()}, strict=True) is None


def test_a_viscosity_that_is_missing_fails_the_run() -> None:
    found = fault("si", {"viscosity": viscosity(2e-4, np.nan)}, strict=False)
    assert found == "run si: solver viscosity has no result at 600 K"


def test_results_are_read_as_what_the_solvers_give() -> None:
    assert set(OTHER_RESULTS) == set(WITHOUT_KAPPA)
    assert kind_of_result("viscosity") is Viscosity
    assert kind_of_result("rta") is Transport
