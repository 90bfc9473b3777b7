"""Heat carried by coherences, by the frequencies of their two modes."""

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from peierls.figures.style import conducting_directions, mean_over_directions, near_300_kelvin, styled
from peierls.solvers import Transport

DECADES = 4
"""Powers of ten that the colours span."""


def draw(wigner: Transport) -> Figure:
    """The density of the coherences' part of κ over the frequencies of the two modes, at the temperature nearest to
    300 K."""
    with styled():
        assert wigner.coherence_map is not None and wigner.coherence_map_edges is not None
        assert wigner.kappa_coherences is not None
        chosen = near_300_kelvin(wigner.temperature)
        # The map is that of trace/3, also of a sheet or a chain.
        density = wigner.coherence_map[chosen] * 3 / conducting_directions(wigner.kappa)
        edges, total = wigner.coherence_map_edges, mean_over_directions(wigner.kappa_coherences[chosen], wigner.kappa)
        largest = max(float(density.max()), np.finfo(float).tiny)
        figure = Figure(figsize=(4.8, 4.0))
        axes = figure.subplots()
        colours = matplotlib.colormaps["cividis"].with_extremes(under="white", bad="white")
        scale = LogNorm(10.0**-DECADES * largest, largest)
        mesh = axes.pcolormesh(edges, edges, density, norm=scale, cmap=colours, rasterized=True)
        axes.set(xlabel="frequency ω/2π (THz)", ylabel="frequency ω′/2π (THz)", aspect="equal")
        axes.set_title(f"{wigner.temperature[chosen]:g} K, coherences {total:.3g} W/m/K", fontsize=9)
        figure.colorbar(mesh, label="density of coherences (W/m/K/THz²)", extend="min")
    return figure
