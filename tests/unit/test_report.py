"""The table of conductivities, as other tools read it."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from chain import compute, hexagonal

from peierls.report import kappa_table


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
