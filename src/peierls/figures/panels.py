"""Spectra by parts, in panels above each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import colours, styled


def of_parts(parts: Sequence[str], curves: Any) -> list[dict[str, Any]]:
    """The acoustic branches and the sum of the others; the species, where there are several."""
    named = dict(zip(parts, curves, strict=True))
    branches = [name for name in parts if name.startswith("branch ")]
    panel = {name: named[name] for name in branches[:3]}
    if branches[3:]:
        panel[f"branches 4 to {len(branches)}"] = sum(named[name] for name in branches[3:])
    species = {name.removeprefix("species "): named[name] for name in parts if name.startswith("species ")}
    return [panel, species] if len(species) > 1 else [panel]


def stacked(
    frequency: Any,
    whole: tuple[str, Any],
    panels: Sequence[dict[str, Any]],
    label: str,
    title: str = "",
    integral: str = "",
) -> Figure:
    """Panels over one frequency axis, each with the whole behind its curves; the first with the integral of that."""
    with styled():
        name_of_whole, total = whole
        figure = Figure(figsize=(5.2, 1.2 + 2.3 * len(panels)))
        rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, curves in zip(rows, panels, strict=True):
            axes.fill_between(frequency, total, color="0.88", lw=0)
            axes.plot(frequency, total, color="black", lw=0.9, label=name_of_whole)
            for colour, (name, curve) in zip(colours(len(curves)), curves.items(), strict=True):
                axes.plot(frequency, curve, color=colour, lw=1.1, label=name)
            axes.set_ylabel(label)
            axes.set_xlim(0, frequency[-1])
            # Beyond the relaxation-time approximation a part may be negative; of a solver that failed it is no number.
            axes.set_ylim(1.05 * float(np.fmin.reduce([0.0, *(np.fmin.reduce(one) for one in curves.values())])), None)
            axes.grid(alpha=0.25, lw=0.5)
            # Above the axes: a spectrum may have a peak anywhere.
            axes.legend(
                fontsize=8,
                loc="lower left",
                bbox_to_anchor=(0, 1),
                ncols=5,
                columnspacing=0.9,
                handlelength=1.1,
                borderpad=0,
            )
        if integral:
            twin = rows[0].twinx()
            steps = np.diff(frequency) * (total[1:] + total[:-1]) / 2
            twin.plot(frequency, np.concatenate([[0.0], np.cumsum(steps)]), "--", color="0.45", lw=1.0)
            twin.set_ylim(0, None)
            twin.set_ylabel(integral, color="0.45")
            twin.spines["right"].set_visible(True)
        if title:
            figure.suptitle(title, fontsize=9)
        rows[-1].set_xlabel("frequency ω/2π (THz)")
    return figure
