"""What a person reads: the table of thermal conductivities."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from peierls.solvers import Transport

COMPONENTS = {"kxx": (0, 0), "kyy": (1, 1), "kzz": (2, 2), "kyz": (1, 2), "kxz": (0, 2), "kxy": (0, 1)}


def kappa_table(transports: Iterable[Transport]) -> pd.DataFrame:
    """A row per temperature and solver with the components of κ in W/m/K; nan where the solver did not converge."""
    rows = []
    for transport in transports:
        for temperature, kappa, converged in zip(
            transport.temperature, transport.kappa, transport.converged, strict=True
        ):
            values = {name: kappa[i, j] if converged else np.nan for name, (i, j) in COMPONENTS.items()}
            rows.append({"temperature_K": temperature, "solver": transport.solver, **values})
    return pd.DataFrame(rows, columns=["temperature_K", "solver", *COMPONENTS])
