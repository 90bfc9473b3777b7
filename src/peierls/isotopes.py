"""Elastic scattering by isotopes and other mass disorder."""

from collections.abc import Mapping
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


def isotope_linewidths(
    mesh: Mesh, phonons: Phonons, mass_variances: Floats, integration: Mapping[str, Any]
) -> Floats:
    """Γ of the irreducible modes by mass disorder, shape (ir_q, band), rad/ps.

        1/τ = 2Γ = (π/2N) Σ_λ' ω ω' Σ_i g_i |ε_i*·ε'_i|² δ(ω - ω')

    with |ε_i*·ε'_i|² averaged over the degenerate sets of both modes. Source: S. Tamura, DOI 10.1103/PhysRevB.27.858; physics.md,
    "Other mechanisms".
    """
    if not mass_variances.any():
        return np.zeros((mesh.n_irreducible, phonons.n_bands))
    disorder = np.repeat(mass_variances, 3)
    arguments = mesh.irreducible, phonons.frequencies, phonons.eigenvectors, phonons.degenerate_sets, disorder
    if integration["method"] == "tetrahedron":
        corners, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
        ahead = np.stack([mesh.index(mesh.coordinates + corner) for corner in corners], axis=1)
        sums = _tetrahedron_sums(*arguments, ahead, tetrahedra)
    else:
        fixed = integration["method"] == "gaussian"
        model = fixed_width(integration["sigma"] * THZ) if fixed else adaptive_width(mesh, phonons, integration)
        sums = _gaussian_sums(*arguments, model.own, model.least, integration["threshold"])
    return np.pi / (4 * mesh.n_points) * phonons.frequencies[mesh.irreducible] * sums


@numba.njit(cache=True)
def _tetrahedron_sums(
    points: Integers,
    frequencies: Floats,
    eigenvectors: Complexes,
    sets: Integers,
    disorder: Floats,
    ahead: Integers,
    tetrahedra: Integers,
) -> Floats:
    """Σ_λ' ω' Σ_i g_i |ε_i*·ε'_i|² δ(ω - ω') by tetrahedra."""
    n_bands = frequencies.shape[1]
    sums = np.zeros((len(points), n_bands))
    values = np.empty(ahead.shape[1])
    for other in range(len(frequencies)):
        for s2 in range(n_bands):
            if frequencies[other, s2] == 0.0:
                continue
            for corner in range(len(values)):
                values[corner] = frequencies[ahead[other, corner], s2]
            least, most = values.min(), values.max()
            for p in range(len(points)):
                for s1 in range(n_bands):
                    energy = frequencies[points[p], s1]
                    if energy > 0.0 and least < energy < most:
                        weight = tetrahedron_weight(energy, values, tetrahedra)
                        if weight > 0.0:
                            overlap = _overlap(points[p], s1, other, s2, eigenvectors, sets, disorder)
                            sums[p, s1] += frequencies[other, s2] * weight * overlap
    return sums


@numba.njit(cache=True)
def _gaussian_sums(
    points: Integers,
    frequencies: Floats,
    eigenvectors: Complexes,
    sets: Integers,
    disorder: Floats,
    own: Floats,
    least: float,
    threshold: float,
) -> Floats:
    """The same by Gaussians, their variance the mean of the two modes' own, or `least` where that is larger."""
    n_bands = frequencies.shape[1]
    sums = np.zeros((len(points), n_bands))
    for p in range(len(points)):
        for s1 in range(n_bands):
            energy = frequencies[points[p], s1]
            if energy == 0.0:
                continue
            for other in range(len(frequencies)):
                for s2 in range(n_bands):
                    mismatch = energy - frequencies[other, s2]
                    variance = least
                    if own.size > 1:
                        variance = max(least, 0.5 * (own[points[p], s1] + own[other, s2]))
                    if frequencies[other, s2] > 0.0 and mismatch * mismatch < threshold * threshold * variance:
                        weight = np.exp(-0.5 * mismatch * mismatch / variance) / np.sqrt(2.0 * np.pi * variance)
                        overlap = _overlap(points[p], s1, other, s2, eigenvectors, sets, disorder)
                        sums[p, s1] += frequencies[other, s2] * weight * overlap
    return sums


@numba.njit(cache=True)
def _overlap(
    q1: int, s1: int, q2: int, s2: int, eigenvectors: Complexes, sets: Integers, disorder: Floats
) -> float:
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
