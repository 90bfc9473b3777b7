"""Linewidths against frequency."""

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import styled
from peierls.linewidths import Linewidths


def draw(linewidths: Linewidths) -> Figure:
    """Γ/2π against frequency at the temperature nearest to 300 K, coloured by the share of Umklapp processes."""
    with styled():
        chosen = int(np.argmin(np.abs(linewidths.temperature - 300.0)))
        total = linewidths.linewidth[chosen]
        three_phonon = linewidths.linewidth_normal[chosen] + linewidths.linewidth_umklapp[chosen]
        shown = total > 0
        share = np.divide(
            linewidths.linewidth_umklapp[chosen], three_phonon, out=np.zeros_like(total), where=three_phonon > 0
        )
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        points = axes.scatter(
            linewidths.frequency[shown],
            total[shown],
            c=share[shown],
            s=7,
            cmap="cividis",
            vmin=0,
            vmax=1,
            rasterized=True,
        )
        axes.set(yscale="log", xlabel="frequency ω/2π (THz)", ylabel="linewidth Γ/2π (THz)")
        axes.set_title(f"{linewidths.temperature[chosen]:g} K, lifetime τ = 1/(4π linewidth)", fontsize=9)
        axes.set_xlim(0, None)
        axes.grid(alpha=0.25, lw=0.5)
        figure.colorbar(points, label="Umklapp share of three-phonon processes")
    return figure
