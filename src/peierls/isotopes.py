"""Elastic scattering by isotopes and other mass disorder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from peierls.adaptive_widths import adaptive_width, fixed_width
from peierls.crystal import Floats, Integers
from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.dynamical_matrix import Complexes
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.units import THZ


@dataclass(frozen=True)
class IsotopePairs:
    """Pairs of modes of (nearly) equal frequency between which mass disorder scatters.

    The pairs of irreducible point p are number `starts[p]` to `starts[p + 1]`; the rest has the shape (pair,). The
    second mode is one of several that are alike, and `rates` is their sum of (π/2N) ω ω' Σ_i g_i |ε_i*·ε'_i|²
    δ(ω - ω'), rad/ps, with the overlap averaged over the degenerate sets of both modes. Both bands are in `bands`, by
    `pack_pair`.

    With the weighting `event`, δ is the mean of what both modes see, and a pair is held once, or twice with half its
    rate where one star has both modes. With `mode`, every pair is held twice, as each of its modes sees it; `share` is
    how much of a pair counts in what is symmetric in both, 1 or ½.
    """

    starts: Integers
    second_points: Integers
    bands: Integers
    rates: Floats
    share: float

    @classmethod
    def none(cls, n_irreducible: int) -> "IsotopePairs":
        """No pairs: a pure crystal."""
        return cls(np.zeros(n_irreducible + 1, int), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), 1.0)


@numba.njit(cache=True)
def pack_pair(s1: Any, s2: Any) -> Any:
    """Two bands in ten bits each of one number, or arrays of them."""
    return (s1 << 10) | s2


@numba.njit(cache=True)
def unpack_pair(bands: Any) -> tuple[Any, Any]:
    """The two bands of `pack_pair`."""
    return bands >> 10, bands & 1023


def isotope_pairs(mesh: Mesh, phonons: Phonons, mass_variances: Floats, integration: Mapping[str, Any]) -> IsotopePairs:
    """The pairs of all irreducible points, for g of shape (atom,).

    Source: S. Tamura, DOI 10.1103/PhysRevB.27.858; physics.md, "Other mechanisms".
    """
    if not mass_variances.any():
        return IsotopePairs.none(mesh.n_irreducible)
    once = integration["weights"] == "event"
    rotated, rows = mesh.rotated(), mesh.grid_to_irreducible
    second_points, bands, rates = [], [], []
    search = _pair_search(mesh, phonons, np.repeat(mass_variances, 3), integration)
    for row, q1 in enumerate(mesh.irreducible):
        second, counts = np.unique(rotated[rotated[:, q1] == q1].min(axis=0), return_counts=True)
        multiplicity = counts.astype(float)
        if once:
            multiplicity[rows[second] == row] *= 0.5
            held = rows[second] >= row
            second, multiplicity = second[held], multiplicity[held]
        position, both_bands, strengths = search(int(q1), second)
        second_points.append(second[position].astype(np.int32))
        bands.append(both_bands)
        rates.append(np.pi / (2 * mesh.n_points) * multiplicity[position] * strengths)
    starts = np.cumsum([0, *(len(own) for own in rates)])
    share = 1.0 if once else 0.5
    return IsotopePairs(starts, _joined(second_points), _joined(bands), _joined(rates), share)


def _joined(parts: list[Any]) -> Any:
    """One array of many, which are let go: pairs are among the largest things in memory."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _pair_search(mesh: Mesh, phonons: Phonons, disorder: Floats, integration: Mapping[str, Any]) -> Any:
    """From q and some q' to the on-shell pairs: the position of q', both bands, and ω ω' Σ g |ε*·ε'|² δ(ω - ω')."""
    modes = phonons.frequencies, phonons.eigenvectors, phonons.degenerate_sets, disorder
    if integration["method"] == "tetrahedron":
        corners, tetrahedra = neighbourhood(mesh.steps)
        ahead = mesh.shifted(corners)
        n_vantages = 2 if integration["weights"] == "event" else 1
        arguments: tuple[Any, ...] = (n_vantages, ahead, tetrahedra, np.zeros((1, 1)), 0.0, 0.0)
    else:
        fixed = integration["method"] == "gaussian"
        model = fixed_width(integration["sigma"] * THZ) if fixed else adaptive_width(mesh, phonons, integration)
        none = np.zeros((1, 0), dtype=np.int64)
        arguments = (1, none, none, model.own, model.least, integration["threshold"])

    def search(q1: int, second: Integers) -> tuple[Integers, Integers, Floats]:
        capacity = len(second) * phonons.n_bands**2
        position, bands, strengths = np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity)
        results: list[Any] = [position, bands, strengths]
        count = _pairs_on_shell(q1, second, *modes, *arguments, *results)
        return position[:count].copy(), bands[:count].copy(), strengths[:count].copy()

    return search


@numba.njit(cache=True)
def _pairs_on_shell(
    q1: int,
    second: Integers,
    frequencies: Floats,
    eigenvectors: Complexes,
    sets: Integers,
    disorder: Floats,
    n_vantages: int,
    ahead: Integers,
    tetrahedra: Integers,
    own: Floats,
    least: float,
    threshold: float,
    position: Integers,
    bands: Integers,
    strengths: Floats,
) -> int:
    """Pairs by tetrahedra where there are any, else by Gaussians with the mean of the modes' own variances, or
    `least` if larger. Tetrahedra are those around q', with two vantages the mean of those and of the ones around q."""
    n_bands, n_corners = frequencies.shape[1], ahead.shape[1]
    around1, around2 = np.empty((n_bands, n_corners)), np.empty(n_corners)
    for corner in range(n_corners):
        around1[:, corner] = frequencies[ahead[q1, corner]]
    count = 0
    for t in range(len(second)):
        q2 = second[t]
        for s2 in range(n_bands):
            omega2 = frequencies[q2, s2]
            if omega2 == 0.0:
                continue
            for corner in range(n_corners):
                around2[corner] = frequencies[ahead[q2, corner], s2]
            for s1 in range(n_bands):
                omega1 = frequencies[q1, s1]
                if omega1 == 0.0:
                    continue
                if n_corners > 0:
                    weight = _weight_within(omega1, around2, tetrahedra)
                    if n_vantages == 2:
                        weight = 0.5 * (weight + _weight_within(omega2, around1[s1], tetrahedra))
                else:
                    weight = 0.0
                    variance = least
                    if own.size > 1:
                        variance = max(least, 0.5 * (own[q1, s1] + own[q2, s2]))
                    mismatch = omega1 - omega2
                    if mismatch * mismatch < threshold * threshold * variance:
                        weight = np.exp(-0.5 * mismatch * mismatch / variance) / np.sqrt(2.0 * np.pi * variance)
                if weight > 0.0:
                    position[count] = t
                    bands[count] = pack_pair(s1, s2)
                    overlap = _overlap(q1, s1, q2, s2, eigenvectors, sets, disorder)
                    strengths[count] = omega1 * omega2 * weight * overlap
                    count += 1
    return count


@numba.njit(cache=True)
def _weight_within(omega: float, values: Floats, tetrahedra: Integers) -> float:
    """`tetrahedron_weight`, or at once zero where ω is not within the values."""
    if omega < values.min() or omega > values.max():
        return 0.0
    return tetrahedron_weight(omega, values, tetrahedra)


@numba.njit(cache=True)
def _overlap(q1: int, s1: int, q2: int, s2: int, eigenvectors: Complexes, sets: Integers, disorder: Floats) -> float:
    """Σ_i g_i |ε_i*·ε'_i|², mean over the degenerate sets of both modes."""
    n_bands = sets.shape[1]
    total, count = 0.0, 0
    for a in range(sets[q1, s1], n_bands):
        if sets[q1, a] != sets[q1, s1]:
            break
        for b in range(sets[q2, s2], n_bands):
            if sets[q2, b] != sets[q2, s2]:
                break
            for atom in range(n_bands // 3):
                product = 0.0j
                for component in range(3 * atom, 3 * atom + 3):
                    product += np.conj(eigenvectors[q1, component, a]) * eigenvectors[q2, component, b]
                total += disorder[3 * atom] * (product.real * product.real + product.imag * product.imag)
            count += 1
    return total / count
