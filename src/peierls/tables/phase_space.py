"""Three-phonon phase space of each mode."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from peierls.phase_space import PhaseSpace

STAGE = PhaseSpace


def tabulate(stages: Sequence[PhaseSpace]) -> pd.DataFrame:
    """A row per irreducible mode: wave vector, number of points in its star, frequency, and P⁺ and P⁻ in ps."""
    (found,) = stages
    rows = [
        (
            *found.qpoint[q],
            found.weight[q],
            band + 1,
            found.frequency[q, band],
            found.absorption[q, band],
            found.decay[q, band],
        )
        for q, band in np.ndindex(found.frequency.shape)
    ]
    return pd.DataFrame(
        rows, columns=["q1", "q2", "q3", "weight", "branch", "frequency_THz", "absorption_ps", "decay_ps"]
    )
