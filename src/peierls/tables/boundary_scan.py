"""Conductivity against the size of the sample."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from peierls.boundary_scan import BoundaryScan
from peierls.report import COMPONENTS

STAGE = BoundaryScan


def tabulate(scans: Sequence[BoundaryScan]) -> pd.DataFrame:
    """A row per temperature, solver and boundary length, `inf` for the bulk, with the components of κ in W/m/K."""
    rows = []
    for one in scans:
        kappa = np.concatenate([one.kappa, one.kappa_bulk[:, None]], axis=1)
        for t, number in np.ndindex(kappa.shape[:2]):
            length = [*one.length, np.inf][number]
            components = {name: kappa[t, number, i, j] for name, (i, j) in COMPONENTS.items()}
            rows.append({"temperature_K": one.temperature[t], "solver": one.solver, "length_m": length, **components})
    return pd.DataFrame(rows, columns=["temperature_K", "solver", "length_m", *COMPONENTS])
