"""What a person reads: the tables of thermal conductivities."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from peierls.solvers import Transport

COMPONENTS = {"kxx": (0, 0), "kyy": (1, 1), "kzz": (2, 2), "kyz": (1, 2), "kxz": (0, 2), "kxy": (0, 1)}


def kappa_table(transports: Iterable[Transport]) -> pd.DataFrame:
    """A row per temperature and solver with the components of κ in W/m/K; nan where the solver did not converge.

    The Wigner equation has a row for each of its parts, too.
    """
    rows = []
    for transport in transports:
        parts = {
            "wigner_populations": transport.kappa_populations,
            "wigner_coherences": transport.kappa_coherences,
            transport.solver: transport.kappa,
        }
        for solver, kappas in parts.items():
            if kappas is None:
                continue
            for temperature, kappa, converged in zip(transport.temperature, kappas, transport.converged, strict=True):
                values = {name: kappa[i, j] if converged else np.nan for name, (i, j) in COMPONENTS.items()}
                rows.append({"temperature_K": temperature, "solver": solver, **values})
    return pd.DataFrame(rows, columns=["temperature_K", "solver", *COMPONENTS])


def conductance_table(transports: Iterable[Transport]) -> pd.DataFrame:
    """What a sheet or a chain conducts, whatever its extent is taken to be: κ·thickness in W/K, or κ·cross-section in
    W m/K, beside the thickness in m or the cross-section in m² that κ assumes. Bulk crystals have no rows."""
    tables = []
    for transport in transports:
        extent, unit = (
            (transport.thickness, "W/K") if transport.cross_section is None else (transport.cross_section, "W m/K")
        )
        if extent is not None:
            table = kappa_table([transport])
            table[list(COMPONENTS)] *= extent
            table.insert(2, "extent", extent)
            table.insert(3, "unit", unit)
            tables.append(table.rename(columns={name: name.replace("k", "g", 1) for name in COMPONENTS}))
    return pd.concat(tables) if tables else pd.DataFrame()
