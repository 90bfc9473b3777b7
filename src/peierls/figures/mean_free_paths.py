"""Lifetimes and mean free paths against frequency."""

from matplotlib.figure import Figure

from peierls.cumulative import Cumulative
from peierls.figures.linewidths import scatter, share_of_umklapp
from peierls.figures.style import NANOMETRE, near_300_kelvin, styled
from peierls.linewidths import Linewidths


def draw(linewidths: Linewidths, curves: Cumulative) -> Figure:
    """τ and |v|τ against frequency at the temperature nearest to 300 K, coloured by the share of Umklapp processes."""
    with styled():
        chosen = near_300_kelvin(linewidths.temperature)
        share = share_of_umklapp(linewidths, chosen)
        figure = Figure(figsize=(4.8, 5.8))
        rows = figure.subplots(2, 1, sharex=True)
        for axes, values, label in zip(
            rows,
            (linewidths.lifetimes[chosen], curves.mean_free_path[chosen] / NANOMETRE),
            ("lifetime τ (ps)", "mean free path |v|τ (nm)"),
            strict=True,
        ):
            # Velocities that are zero by symmetry are rounding, which would stretch the axis by fifteen decades.
            shown = values > 1e-7 * values.max(initial=0.0)
            points = scatter(axes, linewidths.frequency[shown], values[shown], share[shown], 6)
            axes.set(yscale="log", ylabel=label)
            axes.set_xlim(0, None)
            axes.grid(alpha=0.25, lw=0.5)
        rows[0].set_title(f"{linewidths.temperature[chosen]:g} K", fontsize=9)
        rows[1].set_xlabel("frequency ω/2π (THz)")
        figure.colorbar(points, ax=list(rows), label="share of Umklapp processes", aspect=40)
    return figure
