"""Conductivity accumulated over mean free path and frequency."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from peierls.cumulative import Cumulative
from peierls.figures.style import NANOMETRE, colours, near_300_kelvin, readable_log_axis, styled


def draw(curves: Sequence[Cumulative]) -> Figure:
    """κ accumulated over mean free path and over frequency, each solver a colour, at the temperature nearest to 300 K.

    Where it holds a number, the left axis also shows the lengths that carry 10, 50 and 90 % of the first solver's κ.
    """
    with styled():
        figure = Figure(figsize=(7.2, 3.4))
        left, right = figure.subplots(1, 2, sharey=True)
        for colour, one in zip(colours(len(curves)), curves, strict=True):
            chosen = near_300_kelvin(one.temperature)
            steps, smooth, spectrum = (
                np.einsum("laa->l", curve[chosen, 0]) / 3
                for curve in (one.over_mean_free_path, one.over_mean_free_path_smooth, one.over_frequency)
            )
            length = one.length / NANOMETRE
            left.step(length, steps, where="post", color=colour, lw=0.7, alpha=0.6)
            left.plot(length, smooth, color=colour, lw=1.8, label=one.solver)
            right.step(one.frequency_axis, spectrum, where="post", color=colour, lw=1.2, label=one.solver)
            if one is curves[0]:
                for share, (first, _) in zip(one.share, one.quantile_mean_free_path[chosen], strict=True):
                    if np.isfinite(first):
                        left.axvline(first / NANOMETRE, color="0.55", lw=0.7, ls=":")
                        left.annotate(
                            f"{100 * share:.0f} %",
                            (first / NANOMETRE, 1.0),
                            xycoords=("data", "axes fraction"),
                            ha="center",
                            va="bottom",
                            fontsize=7,
                            color="0.35",
                        )
                figure.suptitle(f"{one.temperature[chosen]:g} K", fontsize=9)
        left.set(xscale="log", xlabel="mean free path |v|τ (nm)", ylabel="cumulative conductivity (W/m/K)")
        left.set_xlim(*_where_it_rises(curves))
        readable_log_axis(left.xaxis)
        left.set_ylim(0, None)
        right.set(xlabel="frequency ω/2π (THz)")
        right.set_xlim(0, None)
        for axes in (left, right):
            axes.grid(alpha=0.25, lw=0.5)
        right.legend(loc="lower right")
    return figure


def _where_it_rises(curves: Sequence[Cumulative]) -> tuple[float, float]:
    """Lengths, nm, between which the smooth curves go from next to nothing to all, at the temperature that is shown."""
    ends = []
    for one in curves:
        trace = np.einsum("laa->l", one.over_mean_free_path_smooth[near_300_kelvin(one.temperature), 0])
        rises = np.flatnonzero((trace > 2e-3 * trace[-1]) & (trace < 0.9999 * trace[-1]))
        chosen = one.length[[rises[0], rises[-1]]] if len(rises) else one.length[[0, -1]]
        ends.append(chosen / NANOMETRE)
    return float(min(low for low, _ in ends)), float(2 * max(high for _, high in ends))
