"""Density of states by parts."""

from matplotlib.figure import Figure

from peierls.figures.panels import of_parts, stacked
from peierls.spectral_conductivity import SpectralConductivity


def draw(spectral: SpectralConductivity) -> Figure:
    """The density of states by branch, and by species where there are several."""
    panels = of_parts(spectral.parts, spectral.dos)
    label = "density of states\n(1/THz per cell)"
    return stacked(spectral.frequency, ("total", spectral.dos[0]), panels, label)
