"""Linewidths against frequency."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from peierls.crystal import Floats
from peierls.figures.style import near_300_kelvin, styled
from peierls.linewidths import Linewidths


def draw(linewidths: Linewidths) -> Figure:
    """Γ/2π against frequency at the temperature nearest to 300 K, coloured by the share of Umklapp processes."""
    with styled():
        chosen = near_300_kelvin(linewidths.temperature)
        total = linewidths.linewidth[chosen]
        shown, share = total > 0, share_of_umklapp(linewidths, chosen)
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        points = scatter(axes, linewidths.frequency[shown], total[shown], share[shown], 7)
        axes.set(yscale="log", xlabel="frequency ω/2π (THz)", ylabel="linewidth Γ/2π (THz)")
        axes.set_title(f"{linewidths.temperature[chosen]:g} K, lifetime τ = 1/(4π linewidth)", fontsize=9)
        axes.set_xlim(0, None)
        axes.grid(alpha=0.25, lw=0.5)
        figure.colorbar(points, label="share of Umklapp processes")
    return figure


def scatter(axes: Axes, frequency: Floats, values: Floats, share: Floats, size: float) -> PathCollection:
    """A point for each mode, coloured by a share from 0 to 1."""
    return axes.scatter(frequency, values, c=share, s=size, cmap="cividis", vmin=0, vmax=1, rasterized=True)


def share_of_umklapp(linewidths: Linewidths, chosen: int) -> Floats:
    """Part of the three-phonon linewidths at one temperature that Umklapp processes have, 0 where there are none."""
    umklapp = linewidths.linewidth_umklapp[chosen]
    three_phonon = linewidths.linewidth_normal[chosen] + umklapp
    return np.asarray(np.divide(umklapp, three_phonon, out=np.zeros_like(umklapp), where=three_phonon > 0))
