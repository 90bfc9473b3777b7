"""Conductivity against the size of the sample."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from peierls.boundary_scan import BoundaryScan
from peierls.crystal import Floats
from peierls.figures.style import NANOMETRE, mean_over_directions, near_300_kelvin, readable_log_axis, styled

MOST = 4
"""Temperatures that are drawn."""


def draw(scans: Sequence[BoundaryScan]) -> Figure:
    """κ against boundary length, a shade per temperature (at most `MOST`), a line style per solver."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for one, line in zip(scans, ("--", "-") if len(scans) > 1 else ("-",), strict=True):
            few = _spread(one.temperature)
            shades = matplotlib.colormaps["cividis"](np.linspace(0, 0.85, len(few)))
            for t, shade in zip(few, shades, strict=True):
                kappa = mean_over_directions(one.kappa[t], one.kappa_bulk)
                label = f"{one.temperature[t]:g} K" if one is scans[-1] else None
                axes.plot(one.length / NANOMETRE, kappa, line, color=shade, label=label)
                if one is scans[-1]:
                    axes.axhline(mean_over_directions(one.kappa_bulk[t], one.kappa_bulk), color=shade, lw=0.8, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="boundary length L (nm)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.set_title(_line_styles(scans), fontsize=9)
        axes.grid(alpha=0.25, lw=0.5)
        axes.legend(fontsize=8)
    return figure


def _spread(temperatures: Floats) -> list[int]:
    """Which temperatures are drawn: the lowest, the highest, that nearest to 300 K, and those farthest from these."""
    chosen = {int(temperatures.argmin()), int(temperatures.argmax()), near_300_kelvin(temperatures)}
    while len(chosen) < min(MOST, len(np.unique(temperatures))):
        ratios = np.abs(np.log(temperatures[:, None] / temperatures[sorted(chosen)]))
        chosen.add(int(ratios.min(axis=1).argmax()))
    return sorted(chosen, key=lambda number: float(temperatures[number]))


def _line_styles(scans: Sequence[BoundaryScan]) -> str:
    names = {"rta": "relaxation-time approximation", "variational": "exact solution"}
    lines = ["dashed: ", "full: "] if len(scans) > 1 else [""]
    found = [np.isfinite(one.kappa).any() for one in scans]
    said = zip(scans, lines, found, strict=True)
    return ", ".join(f"{line if there else 'no '}{names[one.solver]}" for one, line, there in said)
