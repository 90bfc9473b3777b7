"""Band structure beside the density of states."""

import numpy as np
from matplotlib.figure import Figure

from peierls.band_structure import BandStructure
from peierls.figures.style import COLOURS, styled
from peierls.spectral import DensityOfStates


def draw(bands: BandStructure, dos: DensityOfStates) -> Figure:
    """The dispersion along the standard path beside the density of states, total and per species."""
    with styled():
        figure = Figure(figsize=(5.4, 3.8))
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


def _special_point(label: str) -> str:
    return label.replace("GAMMA", "Γ").replace("_0", "₀").replace("_1", "₁").replace("_2", "₂")
