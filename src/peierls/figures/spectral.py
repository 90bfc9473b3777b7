"""Spectral conductivity."""

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.panels import of_parts, stacked
from peierls.figures.style import AGREEMENT, NOTHING, conducting_directions, mean_over_directions
from peierls.spectral_conductivity import SpectralConductivity


def draw(spectral: SpectralConductivity) -> Figure:
    """κ(ω), the mean over directions, of the first solver that converged, at the temperature nearest to 300 K: by
    branch, with its running integral, and by species and direction where they differ."""
    reached = np.asarray(np.isfinite(spectral.spectral_kappa).all(axis=(2, 3, 4, 5)))
    # The nearest of the temperatures at which any solver converged, and the first solver there.
    distance = np.where(reached.any(axis=0), np.abs(spectral.temperature - 300.0), np.inf)
    chosen = int(np.argmin(distance))
    solver = int(np.argmax(reached[:, chosen]))
    tensors = spectral.spectral_kappa[solver, chosen]
    curves = mean_over_directions(tensors, tensors[0])
    panels = of_parts(spectral.parts, curves)
    of_axes = dict(zip(("xx", "yy", "zz"), np.einsum("faa->af", tensors[0]), strict=True))
    largest = max(np.abs(curve).max() for curve in of_axes.values())
    # Across a sheet or a chain there is nothing to show.
    shown = {name: curve for name, curve in of_axes.items() if np.abs(curve).max() > NOTHING * largest}
    if any((np.abs(curve - other) > AGREEMENT * largest).any() for curve in shown.values() for other in shown.values()):
        panels.append(shown)
    title = f"{spectral.solvers[solver]}, {spectral.temperature[chosen]:g} K"
    whole = {3: "trace/3", 2: "trace/2", 1: "trace"}[conducting_directions(tensors[0])]
    label, integral = "κ(ω) (W/m/K/THz)", f"integral of {whole} (W/m/K)"
    return stacked(spectral.frequency, (whole, curves[0]), panels, label, title, integral)
