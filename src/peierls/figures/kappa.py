"""Thermal conductivity against temperature."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import LINES, colours, readable_log_axis, styled
from peierls.solvers import Transport


def draw(transports: Sequence[Transport]) -> Figure:
    """κ against temperature, both axes logarithmic; the mean of the diagonal, and its components where they differ."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for colour, line, transport in zip(colours(len(transports)), cycle(LINES), transports, strict=False):
            diagonal = np.einsum("tii->ti", transport.kappa)
            if np.allclose(diagonal, diagonal[:, :1], rtol=1e-3, equal_nan=True):
                axes.plot(
                    transport.temperature, diagonal[:, 0], f"o{line}", ms=3.5, color=colour, label=transport.solver
                )
                continue
            for column, marker in enumerate("os^"):
                if not (np.abs(diagonal[:, column]) > 1e-12 * np.abs(diagonal).max(axis=1)).any():
                    continue  # across a sheet or a chain
                label = f"{transport.solver} {'xyz'[column] * 2}"
                axes.plot(
                    transport.temperature, diagonal[:, column], f"{marker}{line}", ms=3.5, color=colour, label=label
                )
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        axes.legend()
    return figure
