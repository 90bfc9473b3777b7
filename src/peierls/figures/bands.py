"""Band structure beside the density of states."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from peierls.band_structure import BandStructure
from peierls.crystal import Floats, Integers
from peierls.figures.style import COLOURS, styled
from peierls.spectral import DensityOfStates

FLAT = 1e-3
"""Part of the highest frequency below which no band disperses along a piece of the path: across a sheet or a chain."""

_WIDTH, _LETTER = 3.0, 0.11
"""Of the left axes and of a letter below them, inches."""

_ROWS = 4
"""Of letters, below each other."""


def draw(bands: BandStructure, dos: DensityOfStates) -> Figure:
    """The dispersion along the standard path, without the pieces on which nothing disperses, beside the density of
    states, total and per species."""
    with styled():
        figure = Figure(figsize=(5.4, 3.8))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        pieces, places, labels = _joined(bands)
        for piece, distance in pieces:
            left.plot(distance, bands.frequency[piece], color=COLOURS[0], lw=1.1)
        left.set_xticks(places, _in_rows(places, [_special_point(label) for label in labels]))
        left.set_xlim(places[0], places[-1])
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


def _joined(bands: BandStructure) -> tuple[list[tuple[Integers, Floats]], list[float], list[str]]:
    """The pieces of the path that are shown, as rows of the bands and distances that follow each other; the places and
    names of the special points between them."""
    pieces = [np.flatnonzero(bands.segment == number) for number in np.unique(bands.segment)]
    least = FLAT * np.abs(bands.frequency).max()
    shown = [piece for piece in pieces if np.ptp(bands.frequency[piece], axis=0).max() > least] or pieces
    found: list[tuple[Integers, Floats]] = []
    places, labels = [0.0], [""]
    for piece in shown:
        distance = bands.distance[piece] - bands.distance[piece[0]] + places[-1]
        # Where pieces meet without touching, a label has the end of one and the beginning of the next.
        before, after = (_name(bands, bands.distance[piece[end]]).split("|") for end in (0, -1))
        labels[-1] = before[-1] if labels[-1] in ("", before[-1]) else f"{labels[-1]}|{before[-1]}"
        labels.append(after[0])
        places.append(float(distance[-1]))
        found.append((piece, distance))
    return found, places, labels


def _name(bands: BandStructure, distance: float) -> str:
    return bands.labels[int(np.abs(bands.label_distance - distance).argmin())]


def _in_rows(places: Sequence[float], labels: Sequence[str]) -> list[str]:
    """The labels, each in the first row in which it does not touch the one before."""
    ends = [-np.inf] * _ROWS
    rows: list[str] = []
    for place, label in zip(places, labels, strict=True):
        middle, half = place / places[-1] * _WIDTH, _LETTER * len(label) / 2
        row = next((number for number, end in enumerate(ends) if middle - half > end), _ROWS - 1)
        ends[row] = middle + half
        rows.append("\n" * row + label)
    return rows


def _special_point(label: str) -> str:
    return label.replace("GAMMA", "Γ").replace("_0", "₀").replace("_1", "₁").replace("_2", "₂")
