"""Spectral conductivity."""

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.panels import of_parts, stacked
from peierls.spectral_conductivity import SpectralConductivity


def draw(spectral: SpectralConductivity) -> Figure:
    """κ(ω), trace/3, of the first solver that converged, at the temperature nearest to 300 K: by branch, and by species
    and direction where they differ, each above its running integral."""
    reached = np.asarray(np.isfinite(spectral.spectral_kappa).all(axis=(2, 3, 4, 5)))
    # The nearest of the temperatures at which any solver converged, and the first solver there.
    distance = np.where(reached.any(axis=0), np.abs(spectral.temperature - 300.0), np.inf)
    chosen = int(np.argmin(distance))
    solver = int(np.argmax(reached[:, chosen]))
    tensors = spectral.spectral_kappa[solver, chosen]
    curves = np.einsum("pfaa->pf", tensors) / 3
    panels = of_parts(spectral.parts, curves)
    diagonal = np.einsum("faa->af", tensors[0])
    differences = np.abs(diagonal - diagonal[0])
    if (differences > 1e-3 * np.abs(diagonal).max()).any():
        panels.append({f"{axis}{axis}": curve for axis, curve in zip("xyz", diagonal, strict=True)})
    title = f"{spectral.solvers[solver]}, {spectral.temperature[chosen]:g} K"
    label, integral = "κ(ω) (W/m/K/THz)", "integral of trace/3 (W/m/K)"
    return stacked(spectral.frequency, ("trace/3", curves[0]), panels, label, title, integral)
