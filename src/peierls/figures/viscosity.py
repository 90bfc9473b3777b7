"""Viscosity against temperature."""

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import colours, readable_log_axis, styled
from peierls.solvers import Viscosity


def draw(viscosity: Viscosity) -> Figure:
    """Means of μ_iiii and of μ_ijij, i ≠ j, exact and in RTA, both axes logarithmic."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for method, tensors, line in (("exact", viscosity.viscosity, "-"), ("rta", viscosity.viscosity_rta, "--")):
            pairs = np.einsum("tijij->tij", tensors)
            along = np.einsum("tii->t", pairs) / 3
            across = (pairs.sum(axis=(1, 2)) - 3 * along) / 6
            for colour, values, name in zip(colours(2), (along, across), ("along", "across"), strict=True):
                axes.plot(viscosity.temperature, values, f"o{line}", ms=3.5, color=colour, label=f"{name}, {method}")
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="viscosity (Pa s)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        axes.legend()
    return figure
