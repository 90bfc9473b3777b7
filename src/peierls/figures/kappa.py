"""Thermal conductivity against temperature."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import AGREEMENT, LINES, NOTHING, alike, colours, readable_log_axis, shared_name, styled
from peierls.solvers import Transport

MOST_INSIDE = 6
"""Names that find a place among the lines."""


def draw(transports: Sequence[Transport]) -> Figure:
    """κ against temperature, both axes logarithmic: one line for the directions that agree, and for the solvers that
    do; directions across a sheet or a chain are left out."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        diagonals = [np.einsum("tii->ti", transport.kappa) for transport in transports]
        groups = alike(diagonals, NOTHING * max(float(np.abs(np.nan_to_num(one)).max()) for one in diagonals))
        for colour, line, group in zip(colours(len(groups)), cycle(LINES), groups, strict=False):
            temperature, diagonal = transports[group[0]].temperature, diagonals[group[0]]
            largest = np.abs(diagonal).max(axis=1, keepdims=True)
            conducts = ~(np.abs(diagonal) <= NOTHING * largest).all(axis=0)
            columns = np.flatnonzero(conducts) if conducts.any() else np.arange(3)
            name = shared_name([transports[number].solver for number in group], diagonal)
            if np.allclose(diagonal[:, columns], diagonal[:, columns[:1]], rtol=AGREEMENT, equal_nan=True):
                axes.plot(temperature, diagonal[:, columns[0]], f"o{line}", ms=3.5, color=colour, label=name)
                continue
            for column in columns:
                label = f"{name} {'xyz'[column] * 2}"
                axes.plot(temperature, diagonal[:, column], f"{'os^'[column]}{line}", ms=3.5, color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        if len(axes.lines) > MOST_INSIDE:
            figure.set_figheight(4.6)
            figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        else:
            axes.legend()
    return figure
