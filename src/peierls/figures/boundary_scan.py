"""Conductivity against the size of the sample."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from peierls.boundary_scan import BoundaryScan
from peierls.figures.style import NANOMETRE, readable_log_axis, styled


def draw(scans: Sequence[BoundaryScan]) -> Figure:
    """κ against boundary length, a shade per temperature (at most four), a line style per solver."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for one, line in zip(scans, ("--", "-") if len(scans) > 1 else ("-",), strict=True):
            few = np.unique(np.linspace(0, len(one.temperature) - 1, 4).round().astype(int))
            shades = matplotlib.colormaps["cividis"](np.linspace(0, 0.85, len(few)))
            for t, shade in zip(few, shades, strict=True):
                kappa = np.einsum("laa->l", one.kappa[t]) / 3
                label = f"{one.temperature[t]:g} K" if one is scans[-1] else None
                axes.plot(one.length / NANOMETRE, kappa, line, color=shade, label=label)
                if one is scans[-1]:
                    axes.axhline(np.trace(one.kappa_bulk[t]) / 3, color=shade, lw=0.8, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="boundary length L (nm)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.set_title(_line_styles([one.solver for one in scans]), fontsize=9)
        axes.grid(alpha=0.25, lw=0.5)
        axes.legend(fontsize=8)
    return figure


def _line_styles(solvers: Sequence[str]) -> str:
    names = {"rta": "relaxation-time approximation", "variational": "exact solution"}
    if len(solvers) == 1:
        return names[solvers[0]]
    return f"dashed: {names[solvers[0]]}, full: {names[solvers[1]]}"
