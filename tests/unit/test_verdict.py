import dataclasses

import numpy as np

from peierls.solvers import Transport
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
    assert report("si", {"rta": transport()}) == ["si, rta: kappa = 100 W/m/K at 300 K; all 1 health checks passed"]
    assert fault("si", {"rta": transport()}, strict=True) is None


def test_failed_check_stands_beside_the_number() -> None:
    (line,) = report("si", {"rta": transport(passed=False)})
    assert line.endswith("1 of 1 health checks failed: positive rates: 2 linewidths are negative")
    assert fault("si", {"rta": transport(passed=False)}, strict=False) is None


def test_failed_check_fails_a_strict_run() -> None:
    expected = "run si: solver rta failed the health check 'positive rates' and key 'strict' is true"
    assert fault("si", {"rta": transport(passed=False)}, strict=True) == expected


def test_solver_without_a_result_fails_every_run() -> None:
    found = fault("si", {"rta": transport(kappa=(np.nan, 50.0)), "other": transport()}, strict=False)
    assert found == "run si: solver rta has no result at 300 K"
