"""Conductivity of films and wires against their size."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from peierls.thin_film import ThinFilm

STAGE = ThinFilm


def tabulate(films: Sequence[ThinFilm]) -> pd.DataFrame:
    """A row per temperature, solver, kind and thickness: κ in W/m/K, that of the bulk in the same direction, and that
    at which the mesh lets thin films end."""
    rows = []
    for one in films:
        for t, k, d in np.ndindex(one.kappa.shape):
            of_film = one.kappa[t, k, d], one.kappa_bulk[t, k], one.kappa_grazing[t, k]
            rows.append((one.temperature[t], one.solver, one.kinds[k], one.thickness[d], *of_film))
    columns = ["temperature_K", "solver", "kind", "thickness_m", "kappa_W_m_K", "bulk_W_m_K", "grazing_W_m_K"]
    return pd.DataFrame(rows, columns=columns)
