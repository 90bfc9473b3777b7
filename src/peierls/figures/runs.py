"""Thermal conductivity of several runs against temperature, for the page that compares them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import LINES, colours, readable_log_axis, styled
from peierls.solvers import Transport

_MARKERS = "os^Dvph"


def draw(runs: Mapping[str, Sequence[Transport]]) -> Figure:
    """The mean of κ over the directions that conduct: a colour for each run, a line for each solver."""
    with styled():
        n_lines = sum(len(transports) for transports in runs.values())
        figure = Figure(figsize=(5.4, 3.6 + 0.1 * n_lines))
        axes = figure.subplots()
        solvers = list(dict.fromkeys(transport.solver for transports in runs.values() for transport in transports))
        for colour, (name, transports) in zip(colours(len(runs)), runs.items(), strict=True):
            for transport in transports:
                diagonal = np.einsum("taa->ta", transport.kappa)
                # A sheet or a chain has no conductivity across.
                across = np.abs(diagonal) < 1e-9 * np.abs(diagonal).max(axis=1, keepdims=True)
                mean = diagonal.sum(axis=1) / (3 - across.all(axis=0).sum())
                if np.isnan(mean).all():
                    continue
                number = solvers.index(transport.solver)
                axes.plot(
                    transport.temperature,
                    mean,
                    linestyle=LINES[number % len(LINES)],
                    marker=_MARKERS[number % len(_MARKERS)],
                    ms=4,
                    color=colour,
                    label=f"{name}, {transport.solver}",
                )
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure
