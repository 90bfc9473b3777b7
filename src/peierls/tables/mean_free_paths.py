"""Mean free paths up to which shares of the conductivity are carried."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from peierls.cumulative import Cumulative

STAGE = Cumulative


def tabulate(curves: Sequence[Cumulative]) -> pd.DataFrame:
    """The lengths up to which a share of trace κ / 3 is carried, in m; `length` is `mean_free_path` or
    `displacement`."""
    rows = []
    for one in curves:
        for name, found in (
            ("mean_free_path", one.quantile_mean_free_path),
            ("displacement", one.quantile_displacement),
        ):
            for t, s in np.ndindex(found.shape[:2]):
                first, last = found[t, s]
                rows.append((one.temperature[t], one.solver, name, one.share[s], first, last))
    return pd.DataFrame(rows, columns=["temperature_K", "solver", "length", "share", "first_m", "last_m"])
