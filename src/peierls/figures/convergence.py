"""Convergence of the solvers that iterate."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from peierls.crystal import Floats
from peierls.figures.style import styled
from peierls.solvers import Transport


def draw(transports: Sequence[Transport]) -> Figure:
    """κ and the relative residual of the iterating solvers at each iteration, a line per temperature."""
    with styled():
        figure = Figure(figsize=(4.8, 5.4))
        upper, lower = figure.subplots(2, 1, sharex=True)
        for transport, line in zip(transports, ("-", "--"), strict=False):
            assert transport.iteration_kappa is not None and transport.iteration_residual is not None
            shades = matplotlib.colormaps["cividis"](np.linspace(0, 0.9, len(transport.temperature)))
            reached = np.nanmax(np.abs(transport.iteration_kappa), axis=1)
            for i, (temperature, shade) in enumerate(zip(transport.temperature, shades, strict=True)):
                ends = i in (0, len(transport.temperature) - 1)
                label = f"{transport.solver}, {temperature:g} K" if ends else None
                own = slice(_iterations(transport.iteration_residual[i]))
                upper.plot(transport.iteration_kappa[i, own] / reached[i], line, color=shade, lw=1.0, label=label)
                lower.plot(transport.iteration_residual[i, own], line, color=shade, lw=1.0)
        upper.set(ylabel="κ / largest κ of the record (1)")
        lower.set(xlabel="iteration (1)", ylabel="relative residual (1)", yscale="log")
        upper.legend(fontsize=8)
        for axes in (upper, lower):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.25, lw=0.5)
    return figure


def _iterations(residuals: Floats) -> int:
    """How many entries of a record one temperature has: after it stopped, its last entry is repeated for as long as
    others go on."""
    changes = np.flatnonzero(residuals != residuals[-1])
    return int(changes[-1]) + 2 if len(changes) else 1
