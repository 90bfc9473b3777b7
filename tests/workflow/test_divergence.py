"""A fixed point that cannot converge: no number in the table, a sentence, a status, and the right number beside it."""

from typing import Any

import chain
import numpy as np
import pandas as pd
from snakemake_calls import Workflow

from peierls.force_constants import writers
from peierls.solvers import direct


def test_a_solver_that_diverges_fails_the_run_and_no_other_solver(workflow: Workflow) -> None:
    """Face-centred cubic, 4³: an allowed eigenvalue of 2.2."""
    crystal = chain.face_centred()
    writers.write(crystal, "peierls", workflow.folder / "crystal")
    off = dict.fromkeys(("cumulative", "spectral", "boundary_scan"), False)
    run: dict[str, Any] = {
        "force_constants": {"path": "crystal"},
        "mesh": [4, 4, 4],
        "temperatures": [300, 1000],
        "scattering": {"isotopes": "none"},
        "solvers": ["iterative", "variational"],
        "analysis": off,
    }
    result = workflow.snakemake(config={"runs": {"cubic": run}})
    assert result.status != 0
    assert result.last_line == "run cubic: solver iterative has no result at 300, 1000 K"
    assert "Traceback" not in result.output
    folder = workflow.folder / "results/cubic"
    (sentence,) = [line for line in (folder / "health.txt").read_text().splitlines() if "oscillates" in line]
    assert "iterative oscillates at 300, 1000 K" in sentence and "use the solver variational" in sentence
    table = pd.read_csv(folder / "kappa.csv").set_index(["solver", "temperature_K"])
    assert table.loc["iterative"].isna().all(axis=None)
    expected = direct.solve(chain.compute(crystal, (4, 4, 4), weights="event").problem(300.0, 1000.0)).kappa
    found = table.loc["variational"]
    for temperature, tensor in zip((300.0, 1000.0), expected, strict=True):
        np.testing.assert_allclose(found.loc[temperature, ["kxx", "kyy", "kzz"]], np.diag(tensor), rtol=1e-6)
