"""Conductivity accumulated over mean free path and frequency."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peierls.crystal import Floats
from peierls.cumulative import Cumulative
from peierls.figures.style import (
    AGREEMENT,
    LINES,
    NANOMETRE,
    alike,
    colours,
    mean_over_directions,
    near_300_kelvin,
    readable_log_axis,
    shared_name,
    styled,
)


def draw(curves: Sequence[Cumulative]) -> Figure:
    """κ accumulated over mean free path and over frequency at the temperature nearest to 300 K, each solver a
    colour, or several that agree.

    Where it holds a number, the upper axis also shows the lengths that carry 10, 50 and 90 % of the first solver's κ.
    """
    with styled():
        figure = Figure(figsize=(4.8, 6.0))
        upper, lower = figure.subplots(2, 1)
        means = [_means(one) for one in curves]
        exact = [_exact(one) for one in curves]
        groups = alike(exact, AGREEMENT * max(float(np.abs(np.nan_to_num(one)).max()) for one in exact))
        for colour, line, group in zip(colours(len(groups)), cycle(LINES), groups, strict=False):
            one, (steps, smooth, spectrum) = curves[group[0]], means[group[0]]
            name = shared_name([curves[number].solver for number in group], smooth)
            length = one.length / NANOMETRE
            upper.step(length, steps, where="post", color=colour, lw=0.7, alpha=0.6)
            upper.plot(length, smooth, line, color=colour, lw=1.8, label=name)
            lower.step(one.frequency_axis, spectrum, line, where="post", color=colour, lw=1.2, label=name)
        upper.set(xscale="log", xlabel="mean free path |v|τ (nm)", ylabel="cumulative conductivity (W/m/K)")
        upper.set_xlim(*_where_it_rises(curves))
        _mark_shares(upper, curves[0])
        readable_log_axis(upper.xaxis)
        upper.set_ylim(0, None)
        lower.set(xlabel="frequency ω/2π (THz)", ylabel="cumulative conductivity (W/m/K)")
        lower.set_ylim(0, None)
        lower.set_xlim(0, None)
        for axes in (upper, lower):
            axes.grid(alpha=0.25, lw=0.5)
        first = curves[0].temperature
        upper.legend(loc="upper left", title=f"{first[near_300_kelvin(first)]:g} K", title_fontsize=9, alignment="left")
    return figure


def _means(one: Cumulative) -> list[Floats]:
    """The steps over mean free path, the same smooth, and the steps over frequency, at the one temperature shown."""
    chosen = near_300_kelvin(one.temperature)
    curves = (one.over_mean_free_path, one.over_mean_free_path_smooth, one.over_frequency)
    return [mean_over_directions(curve[chosen, 0], one.kappa) for curve in curves]


def _exact(one: Cumulative) -> Floats:
    """All steps over mean free path and those over frequency, which every solver has at the same modes: unlike them the
    axis of lengths is chosen for each solver."""
    chosen = near_300_kelvin(one.temperature)
    steps = np.concatenate([one.step_kappa[chosen], one.over_frequency[chosen, 0]])
    return np.asarray(mean_over_directions(steps, one.kappa))


def _mark_shares(axes: Axes, curve: Cumulative) -> None:
    """Dotted lines at the mean free paths that carry some shares of κ, each named above the axes."""
    before = -np.inf
    lengths = curve.quantile_mean_free_path[near_300_kelvin(curve.temperature), :, 0] / NANOMETRE
    low, high = np.log(axes.get_xlim())
    for share, length in zip(curve.share, lengths, strict=True):
        if np.isfinite(length):
            axes.axvline(length, color="0.55", lw=0.7, ls=":")
            place = (np.log(length) - low) / (high - low)
            # A name that would touch the one before it stands higher.
            raised = 9 if place - before < 0.12 else 0
            before = place if not raised else -np.inf
            axes.annotate(
                f"{100 * share:.0f} %",
                *((length, 1.0), (0, raised)),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=8,
                color="0.35",
            )


def _where_it_rises(curves: Sequence[Cumulative]) -> tuple[float, float]:
    """Lengths, nm, between which the smooth curves go from next to nothing to all, at the temperature that is shown."""
    ends = []
    for one in curves:
        trace = np.einsum("laa->l", one.over_mean_free_path_smooth[near_300_kelvin(one.temperature), 0])
        rises = np.flatnonzero((trace > 2e-3 * trace[-1]) & (trace < 0.9999 * trace[-1]))
        chosen = one.length[[rises[0], rises[-1]]] if len(rises) else one.length[[0, -1]]
        ends.append(chosen / NANOMETRE)
    return float(min(low for low, _ in ends)), float(2 * max(high for _, high in ends))
