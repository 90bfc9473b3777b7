"""Heat capacity, speeds of sound and Debye temperature."""

from collections.abc import Sequence

import pandas as pd

from peierls.thermal import Thermal

STAGE = Thermal


def tabulate(stages: Sequence[Thermal]) -> pd.DataFrame:
    """A row per quantity; those that have no temperature leave it empty."""
    (found,) = stages
    speeds = zip(("slow", "middle", "fast"), found.sound_speed_mean, found.sound_speed_deviation, strict=True)
    rows = [
        *(("heat_capacity", "J/m^3/K", t, c) for t, c in zip(found.temperature, found.heat_capacity, strict=True)),
        *(
            ("heat_capacity_of_cell", "J/K", t, c)
            for t, c in zip(found.temperature, found.heat_capacity_of_cell, strict=True)
        ),
        *(
            (f"sound_speed_{name}_{what}", "m/s", "", value)
            for name, *both in speeds
            for what, value in zip(("mean", "deviation"), both, strict=True)
        ),
        ("debye_speed", "m/s", "", found.debye_speed),
        ("debye_temperature", "K", "", found.debye_temperature),
    ]
    return pd.DataFrame(rows, columns=["quantity", "unit", "temperature_K", "value"])
