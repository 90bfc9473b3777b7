"""Convergence of the solvers that iterate."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import styled
from peierls.solvers import Transport


def draw(transports: Sequence[Transport]) -> Figure:
    """κ and the relative residual of the iterating solvers at each iteration, a line per temperature."""
    with styled():
        figure = Figure(figsize=(6.4, 3.4))
        left, right = figure.subplots(1, 2)
        for transport, line in zip(transports, ("-", "--"), strict=False):
            assert transport.iteration_kappa is not None and transport.iteration_residual is not None
            shades = matplotlib.colormaps["cividis"](np.linspace(0, 0.9, len(transport.temperature)))
            reached = np.nanmax(np.abs(transport.iteration_kappa), axis=1)
            for i, (temperature, shade) in enumerate(zip(transport.temperature, shades, strict=True)):
                ends = i in (0, len(transport.temperature) - 1)
                label = f"{transport.solver}, {temperature:g} K" if ends else None
                left.plot(transport.iteration_kappa[i] / reached[i], line, color=shade, lw=1.0, label=label)
                right.plot(transport.iteration_residual[i], line, color=shade, lw=1.0)
        left.set(xlabel="iteration", ylabel="κ / largest κ of the record")
        right.set(xlabel="iteration", ylabel="relative residual", yscale="log")
        left.legend(fontsize=8)
        for axes in (left, right):
            axes.grid(alpha=0.25, lw=0.5)
    return figure
