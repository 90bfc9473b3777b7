"""Thermal conductivity of several runs against temperature, for the page that compares them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from peierls.crystal import Floats
from peierls.figures.style import (
    LINES,
    alike,
    colours,
    mean_over_directions,
    readable_log_axis,
    shared_name,
    styled,
)
from peierls.solvers import Transport

_MARKERS = "os^Dvph"


def draw(runs: Mapping[str, Sequence[Transport]]) -> Figure:
    """The mean of κ over the directions that conduct: a colour for each run, a line for each solver, or for the first
    of several that agree."""
    with styled():
        found = {name: [_mean(transport) for transport in transports] for name, transports in runs.items()}
        n_lines = sum(len(alike(means)) for means in found.values())
        figure = Figure(figsize=(5.4, 3.6 + 0.12 * n_lines))
        axes = figure.subplots()
        solvers = list(dict.fromkeys(transport.solver for transports in runs.values() for transport in transports))
        for colour, (name, transports) in zip(colours(len(runs)), runs.items(), strict=True):
            for group in alike(found[name]):
                mean, transport = found[name][group[0]], transports[group[0]]
                if np.isnan(mean).all():
                    continue
                number = solvers.index(transport.solver)
                axes.plot(
                    transport.temperature,
                    mean,
                    linestyle=LINES[number % len(LINES)],
                    marker=_MARKERS[number % len(_MARKERS)],
                    ms=4,
                    color=colour,
                    label=shared_name([name, *(transports[place].solver for place in group)], mean, 36),
                )
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="thermal conductivity (W/m/K)")
        readable_log_axis(axes.xaxis)
        readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _mean(transport: Transport) -> Floats:
    return np.asarray(mean_over_directions(transport.kappa, transport.kappa))
