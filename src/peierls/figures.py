"""Figures, from stage data to matplotlib, in one style."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter, ScalarFormatter

from peierls.band_structure import BandStructure
from peierls.linewidths import Linewidths
from peierls.solvers import Transport
from peierls.spectral import DensityOfStates

# Okabe and Ito's palette: distinct for every form of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

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


def kappa_of_temperature(transports: Sequence[Transport]) -> Figure:
    """κ against temperature, both axes logarithmic; the mean of the diagonal, and its components where they differ."""
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for colour, transport in zip(_colours(len(transports)), transports, strict=True):
            diagonal = np.einsum("tii->ti", transport.kappa)
            if np.allclose(diagonal, diagonal[:, :1], rtol=1e-3):
                axes.plot(transport.temperature, diagonal[:, 0], "o-", ms=3.5, color=colour, label=transport.solver)
                continue
            for column, marker in enumerate("os^"):
                label = f"{transport.solver} {'xyz'[column] * 2}"
                axes.plot(transport.temperature, diagonal[:, column], f"{marker}-", ms=3.5, color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="temperature (K)", ylabel="thermal conductivity (W/m/K)")
        _readable_log_axis(axes.xaxis)
        _readable_log_axis(axes.yaxis)
        axes.grid(alpha=0.25, which="both", lw=0.5)
        axes.legend()
    return figure


def bands_and_dos(bands: BandStructure, dos: DensityOfStates) -> Figure:
    """The dispersion along the standard path beside the density of states, total and per species."""
    with styled():
        figure = Figure(figsize=(6.4, 3.8))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        for number in np.unique(bands.segment):
            piece = bands.segment == number
            left.plot(bands.distance[piece], bands.frequency[piece], color=COLOURS[0], lw=1.1)
        left.set_xticks(bands.label_distance, [_special_point(label) for label in bands.labels])
        left.set_xlim(bands.distance[0], bands.distance[-1])
        left.grid(axis="x", color="0.75", lw=0.6)
        left.set_ylabel("frequency ω/2π (THz)")
        left.set_ylim(min(0.0, 1.05 * float(bands.frequency.min())), 1.03 * float(bands.frequency.max()))
        right.fill_betweenx(dos.frequency, dos.total, color="0.88")
        right.plot(dos.total, dos.frequency, color="black", lw=1.0, label="total")
        kinds = sorted(set(dos.species), key=dos.species.index)
        if len(kinds) > 1:
            for colour, kind in zip(COLOURS, kinds, strict=False):
                of_kind = dos.per_atom[[symbol == kind for symbol in dos.species]].sum(axis=0)
                right.plot(of_kind, dos.frequency, color=colour, lw=1.0, label=kind)
            right.legend(fontsize=8)
        right.set_xlabel("density of states\n(1/THz per cell)")
        right.set_xlim(0, None)
    return figure


def linewidths_of_frequency(linewidths: Linewidths) -> Figure:
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


def convergence(transports: Sequence[Transport]) -> Figure:
    """κ and the relative residual of the iterating solvers at each iteration, a line per temperature."""
    with styled():
        figure = Figure(figsize=(6.4, 3.4))
        left, right = figure.subplots(1, 2)
        for transport, line in zip(transports, ("-", "--"), strict=False):
            assert transport.iteration_kappa is not None and transport.iteration_residual is not None
            shades = matplotlib.colormaps["cividis"](np.linspace(0, 0.9, len(transport.temperature)))
            reached = np.nanmax(np.abs(transport.iteration_kappa), axis=1)
            for i, (temperature, shade) in enumerate(zip(transport.temperature, shades, strict=True)):
                ends = i in (0, len(transport.temperature) - 1)
                label = f"{transport.solver}, {temperature:g} K" if ends else None
                left.plot(transport.iteration_kappa[i] / reached[i], line, color=shade, lw=1.0, label=label)
                right.plot(transport.iteration_residual[i], line, color=shade, lw=1.0)
        left.set(xlabel="iteration", ylabel="κ / largest κ of the record")
        right.set(xlabel="iteration", ylabel="relative residual", yscale="log")
        left.legend(fontsize=8)
        for axes in (left, right):
            axes.grid(alpha=0.25, lw=0.5)
    return figure


def relaxon_spectrum(relaxons: Transport) -> Figure:
    """Lifetimes of the relaxons against what each contributes to κ, at the temperature nearest to 300 K."""
    with styled():
        assert relaxons.relaxation_times is not None and relaxons.relaxon_kappa is not None
        chosen = int(np.argmin(np.abs(relaxons.temperature - 300.0)))
        contributions = np.einsum("raa->r", relaxons.relaxon_kappa[chosen]) / 3
        lifetimes = relaxons.relaxation_times[chosen]
        shown = (lifetimes > 0) & (contributions > 0)
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        axes.scatter(lifetimes[shown], contributions[shown], s=9, color=COLOURS[0])
        axes.set(xscale="log", yscale="log", xlabel="relaxon lifetime (ps)", ylabel="contribution to κ (W/m/K)")
        axes.set_title(f"{relaxons.temperature[chosen]:g} K", fontsize=9)
        # Those that carry nothing to speak of would stretch the axis by twenty decades.
        axes.set_ylim(1e-7 * float(contributions.max(initial=1e-30)), None)
        axes.grid(alpha=0.25, lw=0.5)
    return figure


def _colours(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _special_point(label: str) -> str:
    return label.replace("GAMMA", "Γ").replace("_0", "₀").replace("_1", "₁").replace("_2", "₂")


def _readable_log_axis(axis: Any) -> None:
    """Plain numbers on a logarithmic axis, with ticks between the powers where it is short."""
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.5 else (1.0, 2.0, 5.0)))
    formatter = ScalarFormatter() if high < 1e5 and low > 1e-3 else LogFormatterSciNotation()
    axis.set_major_formatter(formatter)
    axis.set_minor_formatter(NullFormatter())
