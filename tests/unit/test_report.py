"""The tables of conductivities and viscosities, as other tools read them."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from chain import compute, hexagonal

from peierls.report import kappa_table, viscosity_table
from peierls.solvers import viscosity


@pytest.fixture(scope="module")
def transport():
    return compute(hexagonal(), [4, 4, 3]).rta(100.0, 300.0)


def test_header_is_that_of_the_interface(transport):
    text = kappa_table([transport]).to_csv(index=False)
    assert text.splitlines()[0] == "temperature_K,solver,kxx,kyy,kzz,kyz,kxz,kxy"


def test_a_row_per_temperature_and_solver(transport):
    other = replace(transport, solver="variational")
    table = kappa_table([transport, other])
    assert list(zip(table.temperature_K, table.solver, strict=True)) == [
        (100.0, "rta"),
        (300.0, "rta"),
        (100.0, "variational"),
        (300.0, "variational"),
    ]


def test_components_stand_under_their_names(transport):
    kappa = np.array([[11.0, 12.0, 13.0], [12.0, 22.0, 23.0], [13.0, 23.0, 33.0]])
    row = kappa_table([replace(transport, kappa=np.stack([kappa, 2 * kappa]))]).iloc[0]
    assert [row[name] for name in ("kxx", "kyy", "kzz", "kyz", "kxz", "kxy")] == [11, 22, 33, 23, 13, 12]


def test_numbers_survive_the_file(transport):
    text = kappa_table([transport]).to_csv(index=False)
    read = pd.read_csv(StringIO(text))
    np.testing.assert_allclose(read.kxx, transport.kappa[:, 0, 0], rtol=1e-14)


def test_a_solver_that_did_not_converge_has_nan(transport):
    table = kappa_table([replace(transport, converged=np.array([1, 0]))])
    assert table.kxx.notna().tolist() == [True, False]
    assert table.temperature_K.tolist() == [100.0, 300.0]


@pytest.fixture(scope="module")
def drift():
    problem = compute(hexagonal(), [4, 4, 3], weights="event", method="gaussian", sigma=2.0).problem(100.0, 300.0)
    return viscosity.solve(problem)


def test_viscosities_by_temperature_and_method(drift):
    table = viscosity_table(drift)
    methods = ["rta", "exact", "relaxons"]
    assert list(zip(table.temperature_K, table.method, strict=True)) == [
        (temperature, method) for temperature in (100.0, 300.0) for method in methods
    ]
    assert table.mu_xyxy[1] == drift.viscosity[0, 0, 1, 0, 1]
    assert table.mu_xyyz[3] == drift.viscosity_rta[1, 0, 1, 1, 2]
    without = viscosity_table(replace(drift, viscosity_relaxons=None))
    assert without.method.tolist() == ["rta", "exact"] * 2


def test_the_columns_of_the_viscosity_hold_all_of_it(drift):
    """Of 81 components 36 differ at most: each of the others is one of those with i, k or j, l exchanged."""
    row = viscosity_table(drift).iloc[1]
    columns = {name.removeprefix("mu_") for name in row.index if name.startswith("mu_")}
    assert len(columns) == 36
    for indices in np.ndindex(3, 3, 3, 3):
        i, j, k, m = ("xyz"[axis] for axis in indices)
        (name,) = {i + j + k + m, k + j + i + m, i + m + k + j, k + m + i + j} & columns
        assert row[f"mu_{name}"] == pytest.approx(drift.viscosity[0][indices], rel=1e-9, abs=1e-12 * row.mu_xxxx)
