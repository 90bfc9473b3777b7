"""What a person reads: the tables of thermal conductivities and viscosities."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from peierls.solvers import Transport, Viscosity

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


def viscosity_table(result: Viscosity) -> pd.DataFrame:
    """A row per temperature and method with the 36 components of μ_ijkl that its symmetries leave, Pa s.

    μ is the same with i and k exchanged, and with j and l; nan where the exact solution did not converge.
    """
    methods = {"rta": result.viscosity_rta, "exact": result.viscosity, "relaxons": result.viscosity_relaxons}
    rows = []
    for position, temperature in enumerate(result.temperature):
        for method, tensors in methods.items():
            if tensors is None:
                continue
            values = {
                f"mu_{''.join('xyz'[axis] for axis in (i, j, k, m))}": tensors[position, i, j, k, m]
                for (i, k), (j, m) in product(COMPONENTS.values(), repeat=2)
            }
            rows.append({"temperature_K": temperature, "method": method, **values})
    return pd.DataFrame(rows)
