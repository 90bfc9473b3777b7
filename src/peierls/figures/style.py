"""The one style of all figures."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")


from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from peierls import units

# Okabe and Ito's palette: distinct for every form of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

LINES = ("-", "--", ":", "-.")
"""Of one that lies close to another, both are seen."""

AGREEMENT = 1e-3
"""Relative difference up to which curves are one line to the eye."""

NOTHING = 1e-9
"""Part of the largest conductivity that is none: across a sheet or a chain."""

NANOMETRE = units.NANOMETRE / units.METRE
"""Unit of lengths in figures, in that of the stages, m."""

STYLE: dict[Any, Any] = {
    "figure.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "svg.fonttype": "none",
    # Without a salt the identifiers inside an SVG are random; with it equal work gives equal bytes.
    "svg.hashsalt": "peierls",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of this package."""
    with matplotlib.rc_context(STYLE):
        yield


def save(figure: Figure, paths: Sequence[str | Path]) -> None:
    """Write a figure to each path, in the format of its suffix, without a date in it."""
    with styled():
        for path in paths:
            metadata = {"Date": None} if str(path).endswith(".svg") else {"Software": None}
            figure.savefig(path, metadata=metadata)


def near_300_kelvin(temperatures: Any) -> int:
    """Position of the temperature nearest to 300 K."""
    return int(np.argmin(np.abs(temperatures - 300.0)))


def colours(count: int) -> list[str]:
    """That many colours, from the first again where there are more than the palette has."""
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def conducting_directions(kappa: Any) -> int:
    """Number of directions in which κ, shape (..., 3, 3), conducts at all: 3, in a sheet 2, in a chain 1."""
    whole = np.nan_to_num(kappa).reshape(-1, 3, 3).sum(axis=0)
    sizes = np.abs(np.linalg.eigvalsh((whole + whole.T) / 2))
    return int((sizes > NOTHING * sizes.max()).sum()) or 3


def mean_over_directions(tensors: Any, kappa: Any) -> Any:
    """The mean of `tensors`, shape (..., 3, 3), over the directions in which the crystal of conductivity `kappa`
    conducts: a sheet has none across, which counts for nothing."""
    return np.einsum("...aa->...", tensors) / conducting_directions(kappa)


def alike(curves: Sequence[Any], floor: float = 0.0) -> list[list[int]]:
    """Positions of the curves that one line can stand for, as they agree at every point, or by less than `floor`."""
    groups: list[list[int]] = []
    for number, curve in enumerate(curves):
        for group in groups:
            if np.allclose(curve, curves[group[0]], rtol=AGREEMENT, atol=floor, equal_nan=True):
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def shared_name(names: Sequence[str], curve: Any, width: int = 24) -> str:
    """The names of those that share a `curve`, on several lines where they are many, and whether there is one."""
    said = ", ".join(names) + (": no result" if np.isnan(curve).all() else "")
    return textwrap.fill(said, width, break_long_words=False, break_on_hyphens=False)


def readable_log_axis(axis: Any) -> None:
    """Plain numbers on a logarithmic axis, with ticks between the powers where it is short."""
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.5 else (1.0, 2.0, 5.0)))
    # Each number with its own digits: a common number of decimals would call 0.1 zero beside 1000.
    plain = high < 1e5 and low > 1e-3
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if plain else _with_power(value)))
    axis.set_minor_formatter(NullFormatter())


def _with_power(value: float) -> str:
    """A number with one digit and a power of ten."""
    digit, _, power = f"{value:.0e}".partition("e")
    return f"${'' if digit == '1' else digit + chr(92) + 'times '}10^{{{int(power)}}}$"
