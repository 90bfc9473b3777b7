"""Spectra over frequency: where on the axis the modes of a mesh are, and the phonon density of states.

An axis of frequencies is cut into bins, one around each of its points. A mode of a mesh stands for a cell of the
Brillouin zone and has a share in every bin over which its frequency spreads; the shares add up to one. A spectrum is
the mean over its bins, so by the trapezoid rule (the bins at the two ends are half bins) its integral is the sum over
the modes, to rounding, on any mesh and with any bins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from scipy import sparse, special

from peierls.adaptive_widths import adaptive_width
from peierls.crystal import Crystal, Floats, Integers
from peierls.delta_functions import neighbourhood, tetrahedron_fraction
from peierls.mesh import Mesh
from peierls.parts import counts_on_atoms, weights_on_atoms
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.units import THZ

N_FREQUENCIES = 801
"""Points of the frequency axis of the density of states."""

_MARGIN = 1.02
"""Length of an axis over the highest frequency."""

_BATCH = 1 << 21
"""Shares of Gaussians held at once."""


@dataclass(frozen=True)
class DensityOfStates:
    """Phonon density of states by the tetrahedron method, total and on each atom; its integral is the number of
    branches."""

    frequency: Floats = quantity("THz", "frequency", "omega/2pi")
    total: Floats = quantity("1/THz", "frequency", "density of states per primitive cell")
    per_atom: Floats = quantity("1/THz", "atom frequency", "part of each atom, weights |e_i|^2")
    species: tuple[str, ...] = quantity("", "atom", "chemical symbols")


def density_of_states(crystal: Crystal, mesh: Mesh, phonons: Phonons) -> DensityOfStates:
    """g(ω) = (1/N) Σ_λ δ(ω - ω_λ), from 0 to slightly above the highest frequency."""
    spread = spread_over_frequency(mesh, phonons, {"method": "tetrahedron"}, N_FREQUENCIES)
    per_atom = spread.spectrum(counts_on_atoms(mesh, weights_on_atoms(crystal, phonons))).T
    return DensityOfStates(spread.axis / THZ, per_atom.sum(axis=0), per_atom, crystal.species)


@dataclass(frozen=True)
class Spread:
    """How the irreducible modes are spread over the bins of an axis of angular frequencies, which starts at zero.

    `shares`, a sparse matrix of shape (ir_q · band, frequency), has rows that add up to one; each is the mean over the
    star of the mode, so that a spectrum has the symmetry of the crystal.
    """

    axis: Floats
    shares: sparse.csr_array

    def spectrum(self, of_modes: Floats) -> Floats:
        """Σ_λ x_λ δ(ω - ω_λ) for x summed over the star of each irreducible mode, (ir_q, band, ...) to
        (frequency, ...), per THz."""
        return self._per_thz(self.shares, of_modes.reshape(self.shares.shape[0], -1), of_modes.shape[2:])

    def spectra_of_branches(self, of_modes: Floats) -> Floats:
        """The same for each branch, shape (band, frequency, ...)."""
        n_bands = of_modes.shape[1]
        branches = [
            self._per_thz(self.shares[s::n_bands], of_modes[:, s].reshape(len(of_modes), -1), of_modes.shape[2:])
            for s in range(n_bands)
        ]
        return np.stack(branches)

    def _per_thz(self, shares: sparse.csr_array, rows: Floats, shape: tuple[int, ...]) -> Floats:
        widths = np.diff(_edges(self.axis)) / THZ
        return np.asarray((shares.T @ rows) / widths[:, None]).reshape(len(self.axis), *shape)


def spread_over_frequency(mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any], n_points: int) -> Spread:
    """The modes of a mesh on an axis of `n_points`, by the method of the section `integration`.

    - `tetrahedron`: linear interpolation between the points of the mesh, integrated over each bin.
    - `gaussian`: a Gaussian of standard deviation `sigma`, cut at `threshold` of them and at zero.
    - `adaptive`: the same with the width that the mode has by itself (`adaptive_widths`). An acoustic mode at Γ, which
      has no velocity, has the mean variance of its branch.
    """
    top = _MARGIN * float(phonons.frequencies.max())
    if integration["method"] == "tetrahedron":
        axis = np.linspace(0.0, top, n_points)
        return Spread(axis, _tetrahedron_shares(axis, mesh, phonons.frequencies))
    centres = phonons.frequencies[mesh.irreducible].ravel()
    widths = _widths(mesh, phonons, integration).ravel()
    threshold = float(integration["threshold"])
    axis = np.linspace(0.0, max(top, float((centres + threshold * widths).max())), n_points)
    return Spread(axis, _gaussian_shares(axis, centres, widths, threshold))


def _edges(axis: Floats) -> Floats:
    """Where the bins of an axis begin and end, shape (frequency + 1,): halfway between its points, and at its ends."""
    return np.concatenate([axis[:1], (axis[1:] + axis[:-1]) / 2, axis[-1:]])


def _widths(mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any]) -> Floats:
    """Standard deviation of each irreducible mode, shape (ir_q, band), rad/ps."""
    if integration["method"] == "gaussian":
        return np.full((mesh.n_irreducible, phonons.n_bands), integration["sigma"] * THZ)
    model = adaptive_width(mesh, phonons, integration)
    variances = np.maximum(model.own, model.least)
    variances[0, :3] = variances[:, :3].mean(axis=0)
    return np.asarray(np.sqrt(variances[mesh.irreducible]))


def _tetrahedron_shares(axis: Floats, mesh: Mesh, frequencies: Floats) -> sparse.csr_array:
    corners, tetrahedra = neighbourhood(mesh.steps)
    ahead = mesh.shifted(corners)
    n_bands, edges = frequencies.shape[1], _edges(axis)
    lowest, highest = frequencies[ahead].min(axis=1), frequencies[ahead].max(axis=1)
    low = np.full((mesh.n_irreducible, n_bands), np.inf)
    high = np.zeros_like(low)
    np.minimum.at(low, mesh.grid_to_irreducible, lowest)
    np.maximum.at(high, mesh.grid_to_irreducible, highest)
    # The bins in which a mode may have a share, from the one that holds its lowest value to that of its highest.
    first = np.clip(np.searchsorted(edges, low.ravel(), side="right") - 1, 0, len(axis) - 1)
    last = np.clip(np.searchsorted(edges, high.ravel(), side="left") - 1, first, len(axis) - 1)
    starts = np.concatenate([[0], np.cumsum(last - first + 1)])
    shares = np.zeros(starts[-1])
    _add_tetrahedron_shares(
        shares, starts, first, edges, frequencies, ahead, tetrahedra, mesh.grid_to_irreducible, mesh.weights
    )
    bins = np.arange(starts[-1]) - np.repeat(starts[:-1] - first, last - first + 1)
    return sparse.csr_array((shares, bins, starts), shape=(low.size, len(axis)))


@numba.njit(cache=True)
def _add_tetrahedron_shares(
    shares: Floats,
    starts: Integers,
    first: Integers,
    edges: Floats,
    frequencies: Floats,
    ahead: Integers,
    tetrahedra: Integers,
    rows: Integers,
    star_weights: Integers,
) -> None:
    """Add to each irreducible mode's shares in its bins those of the points of its star, over their number."""
    n_bands = frequencies.shape[1]
    values = np.empty(ahead.shape[1])
    for q in range(len(rows)):
        weight = 1.0 / star_weights[rows[q]]
        for s in range(n_bands):
            mode = rows[q] * n_bands + s
            for corner in range(len(values)):
                values[corner] = frequencies[ahead[q, corner], s]
            low, high = values.min(), values.max()
            below = 0.0
            for entry in range(starts[mode], starts[mode + 1]):
                edge = edges[first[mode] + entry - starts[mode] + 1]
                if edge <= low and high > low:
                    continue
                up_to_edge = 1.0 if edge >= high else tetrahedron_fraction(edge, values, tetrahedra)
                shares[entry] += weight * max(up_to_edge - below, 0.0)
                below = up_to_edge
                if edge >= high:
                    break


def _gaussian_shares(axis: Floats, centres: Floats, widths: Floats, threshold: float) -> sparse.csr_array:
    """Of Gaussians cut at `threshold` widths and at the ends of the axis, with what is cut given back to the rest."""
    edges = _edges(axis)
    # A width far below a bin gives a mode to its bin as a width of zero would.
    widths = np.maximum(widths, 1e-6 * (axis[1] - axis[0]))
    batches = []
    for batch in np.array_split(np.arange(len(centres)), max(1, len(centres) * len(axis) // _BATCH)):
        distances = (edges - centres[batch, None]) / widths[batch, None]
        shares = np.diff(special.ndtr(np.clip(distances, -threshold, threshold)), axis=1)
        batches.append(sparse.csr_array(shares / shares.sum(axis=1, keepdims=True)))
    return sparse.csr_array(sparse.vstack(batches))
