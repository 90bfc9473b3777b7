"""Elastic scattering by isotopes and other mass disorder.

Disorder of the masses acts on one atom at a time, so all it sees of a mode is a tensor ε_i ε_i† at each atom:
|ε_i*·ε'_i|² is the product of two of them. What modes of equal frequency exchange is therefore summed over the star of
one of them before it is given to the other, and only pairs of irreducible modes are ever held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from peierls.adaptive_widths import adaptive_width, fixed_width
from peierls.crystal import Floats, Integers
from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.mesh import Mesh
from peierls.phonons import Phonons, average_over_sets
from peierls.units import THZ


@dataclass(frozen=True)
class IsotopeScattering:
    """Pairs of irreducible modes of (nearly) equal frequency, and what mass disorder sees of each mode.

    Modes are numbered with the band fastest. A pair is held once for each of its modes that sees it: `first` is that
    mode, `second` the other, `rates` is (π/2N) ω ω' δ(ω - ω'), rad/ps, δ as the first sees it, averaged over the star
    of the second. Times the overlap Σ_i g_i |ε_i*·ε'_i|², averaged over the degenerate sets of both, it is the rate
    from the first to each mode of that star. `disorder` is g, shape (atom,).
    """

    first: Integers
    second: Integers
    rates: Floats
    mesh: Mesh
    phonons: Phonons
    disorder: Floats

    @cached_property
    def even_tensors(self) -> Floats:
        """√g_i times the real part of ε_i ε_i†, the same at -q, shape (part, grid, band): six for each atom with
        disorder.

        Parts off the diagonal have a factor √2: products of tensors are sums of products of numbers.
        """
        return self._tensors("real", np.triu_indices(3))

    @cached_property
    def odd_tensors(self) -> Floats:
        """√g_i times the imaginary part of ε_i ε_i†, of opposite sign at -q, shape (part, grid, band): three for each
        atom with disorder; zero in crystals whose atoms are centres of inversion."""
        return self._tensors("imag", np.triu_indices(3, 1))

    def tensors(self, parity: float) -> Floats:
        """What couples fields of a parity under q → -q: all else adds up to nothing over q and -q."""
        return self.even_tensors if parity > 0 else self.odd_tensors

    def star_sums(self) -> Floats:
        """`even_tensors` of the irreducible modes summed over their stars, shape (mode, part)."""
        tensors, n_modes = self.even_tensors, self.mesh.n_irreducible * self.phonons.n_bands
        sums = np.zeros((self.mesh.n_irreducible, self.phonons.n_bands, len(tensors)))
        np.add.at(sums, self.mesh.grid_to_irreducible, np.moveaxis(tensors, 0, 2))
        return sums.reshape(n_modes, -1)

    def _tensors(self, part: str, components: tuple[Integers, Integers]) -> Floats:
        mesh, phonons = self.mesh, self.phonons
        atoms, (rows, columns) = np.flatnonzero(self.disorder), components
        factors = np.where(rows == columns, 1.0, np.sqrt(2.0))
        result = np.empty((len(atoms), len(rows), mesh.n_points, phonons.n_bands))
        for position, atom in enumerate(atoms):
            polarisations = phonons.eigenvectors[:, 3 * atom : 3 * atom + 3].swapaxes(1, 2)
            own = getattr(polarisations[..., rows].conj() * polarisations[..., columns], part)
            averaged = average_over_sets(np.sqrt(self.disorder[atom]) * factors * own, phonons.degenerate_sets)
            result[position] = np.moveaxis(averaged, 2, 0)
        return result.reshape(-1, mesh.n_points, phonons.n_bands)


def isotope_scattering(
    mesh: Mesh, phonons: Phonons, disorder: Floats, integration: Mapping[str, Any], rows: Integers | None = None
) -> IsotopeScattering:
    """All pairs, or those whose second mode belongs to some `rows` of the irreducible points, for g of shape (atom,).

    Source: S. Tamura, DOI 10.1103/PhysRevB.27.858; docs/equations.md, "Other mechanisms".
    """
    omega = phonons.frequencies[mesh.irreducible].ravel()
    # Modes without a frequency scatter nothing.
    wanted = (omega > 0) & disorder.any()
    if rows is not None:
        wanted &= np.isin(np.arange(mesh.n_irreducible), rows).repeat(phonons.n_bands)
    pairs = _on_tetrahedra if integration["method"] == "tetrahedron" else _on_gaussians
    first, second, weights = pairs(mesh, phonons, integration, wanted)
    held = weights > 0
    first, second = first[held].astype(np.int32), second[held].astype(np.int32)
    rates = np.pi / (2 * mesh.n_points) * omega[first] * omega[second] * weights[held]
    return IsotopeScattering(first, second, rates, mesh, phonons, disorder)


def _on_tetrahedra(
    mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any], wanted: NDArray[np.bool_]
) -> tuple[Integers, Integers, Floats]:
    """First and second modes, and the weight of the second at the frequency of the first, by the linear tetrahedron
    method."""
    corners, tetrahedra = neighbourhood(mesh.steps)
    # The points of a star around which the tetrahedra are turned alike have one weight: one stands for them.
    kinds = _kinds_of_tetrahedra(mesh, corners[tetrahedra])[mesh.grid_rotation]
    keys = np.stack([mesh.grid_to_irreducible, kinds], axis=1)
    (rows, _), points, counts = (one.T for one in np.unique(keys, axis=0, return_index=True, return_counts=True))
    starts = np.searchsorted(rows, np.arange(mesh.n_irreducible + 1))
    around = phonons.frequencies[mesh.shifted(corners)[points]]
    lowest = np.minimum.reduceat(around.min(axis=1), starts[:-1])
    highest = np.maximum.reduceat(around.max(axis=1), starts[:-1])
    omega = phonons.frequencies[mesh.irreducible].ravel()
    first, second = _modes_within(omega, lowest.ravel(), highest.ravel(), wanted)
    shares = counts / mesh.weights[rows]
    return first, second, _tetrahedron_weights(omega[first], second, starts, shares, around, tetrahedra)


def _kinds_of_tetrahedra(mesh: Mesh, tetrahedra: Integers) -> Integers:
    """A number for each operation, the same for those that turn the 24 tetrahedra, (24, 3, 3), into the same ones."""
    numbers: dict[Any, int] = {}
    kinds = []
    for rotation in mesh.grid_rotations:
        # A frequency around S q is that around q where S⁻¹ leads to.
        turned = tetrahedra @ np.rint(np.linalg.inv(rotation)).astype(np.int64).T
        key = frozenset(frozenset(map(tuple, one)) for one in turned.tolist())
        kinds.append(numbers.setdefault(key, len(numbers)))
    return np.array(kinds)


@numba.njit(cache=True)
def _tetrahedron_weights(
    energies: Floats, modes: Integers, starts: Integers, shares: Floats, around: Floats, tetrahedra: Integers
) -> Floats:
    """The weight of each mode at each energy: the mean, by `shares`, over the points number `starts[row]` to
    `starts[row + 1]` that stand for its star, from the frequencies `around`, shape (point, corner, band)."""
    n_corners, n_bands = around.shape[1], around.shape[2]
    weights, values = np.zeros(len(modes)), np.empty(n_corners)
    for pair in range(len(modes)):
        row, band = divmod(modes[pair], n_bands)
        for point in range(starts[row], starts[row + 1]):
            for corner in range(n_corners):
                values[corner] = around[point, corner, band]
            weights[pair] += shares[point] * tetrahedron_weight(energies[pair], values, tetrahedra)
    return weights


def _on_gaussians(
    mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any], wanted: NDArray[np.bool_]
) -> tuple[Integers, Integers, Floats]:
    """First and second modes, and a Gaussian of their mismatch with the mean of their own variances, or the least if
    larger."""
    fixed = integration["method"] == "gaussian"
    model = fixed_width(integration["sigma"] * THZ) if fixed else adaptive_width(mesh, phonons, integration)
    of_star = np.zeros((mesh.n_irreducible, phonons.n_bands))
    if not fixed:
        # Some kinds give the modes of a star different variances.
        np.add.at(of_star, mesh.grid_to_irreducible, model.own / mesh.weights[mesh.grid_to_irreducible][:, None])
    own = of_star.ravel()
    omega = phonons.frequencies[mesh.irreducible].ravel()
    reach = integration["threshold"] * np.sqrt(np.maximum(model.least, 0.5 * (own + own.max())))
    first, second = _modes_within(omega, omega - reach, omega + reach, wanted)
    variances = np.maximum(model.least, 0.5 * (own[first] + own[second]))
    squares = (omega[first] - omega[second]) ** 2
    inside = squares < integration["threshold"] ** 2 * variances
    first, second, variances, squares = first[inside], second[inside], variances[inside], squares[inside]
    return first, second, np.exp(-0.5 * squares / variances) / np.sqrt(2 * np.pi * variances)


def _modes_within(
    omega: Floats, lowest: Floats, highest: Floats, wanted: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """First modes with a frequency ω > 0 from `lowest` to `highest` of each second mode that is `wanted`."""
    order = np.argsort(omega)
    order = order[omega[order] > 0]
    begin = np.searchsorted(omega[order], lowest)
    end = np.searchsorted(omega[order], highest, side="right")
    counts = np.where(wanted, end - begin, 0)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.repeat(begin, counts) + within], np.repeat(np.arange(len(omega)), counts)
