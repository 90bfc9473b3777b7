"""Lifetimes and mean free paths against frequency."""

import numpy as np
from matplotlib.figure import Figure

from peierls.cumulative import Cumulative
from peierls.figures.style import NANOMETRE, near_300_kelvin, styled
from peierls.linewidths import Linewidths


def draw(linewidths: Linewidths, curves: Cumulative) -> Figure:
    """τ and |v|τ against frequency at the temperature nearest to 300 K, coloured by the share of Umklapp processes."""
    with styled():
        chosen = near_300_kelvin(linewidths.temperature)
        three_phonon = linewidths.linewidth_normal[chosen] + linewidths.linewidth_umklapp[chosen]
        share = np.divide(
            linewidths.linewidth_umklapp[chosen], three_phonon, out=np.zeros_like(three_phonon), where=three_phonon > 0
        )
        figure = Figure(figsize=(7.2, 3.4))
        for axes, values, label in zip(
            figure.subplots(1, 2),
            (linewidths.lifetimes[chosen], curves.mean_free_path[chosen] / NANOMETRE),
            ("lifetime τ (ps)", "mean free path |v|τ (nm)"),
            strict=True,
        ):
            # Velocities that are zero by symmetry are rounding, which would stretch the axis by fifteen decades.
            shown = values > 1e-7 * values.max(initial=0.0)
            points = axes.scatter(
                linewidths.frequency[shown], values[shown], c=share[shown], s=6, cmap="cividis", vmin=0, vmax=1,
                rasterized=True,
            )  # fmt: skip
            axes.set(yscale="log", xlabel="frequency ω/2π (THz)", ylabel=label)
            axes.set_xlim(0, None)
            axes.grid(alpha=0.25, lw=0.5)
        figure.suptitle(f"{linewidths.temperature[chosen]:g} K", fontsize=9)
        figure.colorbar(points, label="Umklapp share of three-phonon processes")
    return figure
