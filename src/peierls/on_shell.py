"""Which band triples of a set of triplets conserve energy, and with what weight.

A delta weight depends on the vantage point: δ(ω ± ω' ± ω'') is integrated over q' with q fixed, or over q with q' or
q'' fixed. The weighting `mode` takes the view of the first leg, `event` the mean of the three.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from peierls.adaptive_widths import (
    DIFFERENCE_MAXIMUM,
    DIFFERENCE_SUM,
    FIXED,
    INVARIANT,
    WidthModel,
    adaptive_width,
    fixed_width,
)
from peierls.crystal import Floats, Integers
from peierls.delta_functions import neighbourhood, tetrahedron_weight
from peierls.errors import InputError
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.units import THZ

DECAY, ABSORBS_SECOND, ABSORBS_THIRD = 0, 1, 2
"""The processes δ(ω - ω' - ω''), δ(ω + ω' - ω'') and δ(ω - ω' + ω'') of a triple, by what happens to its first mode."""

# The leg whose frequency is the sum of the other two, and back.
_SUM_LEG = np.array([0, 2, 1])
_PROCESS = np.array([DECAY, ABSORBS_THIRD, ABSORBS_SECOND])

MOST_BANDS = 1024
"""Branches that three bands packed in one number can tell apart."""


@numba.njit(cache=True)
def pack_bands(s1: Any, s2: Any, s3: Any) -> Any:
    """Three bands in ten bits each of one number, or arrays of them."""
    return (s1 << 20) | (s2 << 10) | s3


@numba.njit(cache=True)
def unpack_bands(bands: Any) -> tuple[Any, Any, Any]:
    """The three bands of `pack_bands`."""
    return bands >> 20, (bands >> 10) & 1023, bands & 1023


@dataclass(frozen=True)
class OnShell:
    """On-shell band triples in order of triplet, process and bands.

    `triplet` is its number, `bands` are s, s', s'' packed by `pack_bands`, `weight` is the delta weight in ps.
    Weights are densities in angular frequency: a sum over the N points of the grid, divided by N, is the integral
    over the zone.
    """

    triplet: Integers
    bands: Integers
    process: Integers
    weight: Floats


Search = Callable[[int, Integers, Integers], OnShell]
"""From the grid index of q and those of q' and q'' of its triplets to what is on shell."""


def on_shell_search(mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any]) -> Search:
    """The search that `integration["method"]` and `["weights"]` name.

    Modes of zero frequency (acoustic, at Γ) take no part in any process. Raises InputError for a cell of so many atoms
    that three bands do not fit in one number.
    """
    if phonons.n_bands > MOST_BANDS:
        raise InputError(
            f"force_constants: the primitive cell has {phonons.n_bands // 3} atoms, expected at most {MOST_BANDS // 3}"
        )
    n_vantages = 3 if integration["weights"] == "event" else 1
    method = integration["method"]
    if method == "tetrahedron":
        return _tetrahedron_search(mesh, phonons, n_vantages)
    if method == "gaussian":
        return _gaussian_search(phonons, fixed_width(integration["sigma"] * THZ), integration["threshold"], 1)
    # One kind of width is the same from all three modes.
    model = adaptive_width(mesh, phonons, integration)
    symmetric = model.kind not in (DIFFERENCE_SUM, DIFFERENCE_MAXIMUM)
    return _gaussian_search(phonons, model, integration["threshold"], 1 if symmetric else n_vantages)


def _collect(kernel: Callable[..., int], n_triplets: int, *arguments: Any) -> OnShell:
    """Run a kernel that fills arrays of limited length, with longer ones until they suffice; it returns the length
    needed."""
    capacity = 64 * n_triplets + 1024
    while True:
        kinds: tuple[Any, ...] = (np.int32, np.int32, np.int8, np.float64)
        arrays = [np.empty(capacity, kind) for kind in kinds]
        needed = kernel(*arguments, *arrays)
        if needed <= capacity:
            triplet, bands, process, weight = (array[:needed].copy() for array in arrays)
            return OnShell(triplet, bands, process, weight)
        capacity = needed


def _tetrahedron_search(mesh: Mesh, phonons: Phonons, n_vantages: int) -> Search:
    corners, tetrahedra = neighbourhood(mesh.steps)
    # With one leg fixed, the other two move in opposite directions.
    ahead, behind = mesh.shifted(corners), mesh.shifted(-corners)
    frequencies = phonons.frequencies
    lowest = frequencies[ahead].min(axis=1)
    highest = frequencies[ahead].max(axis=1)

    def search(q1: int, q2: Integers, q3: Integers) -> OnShell:
        arguments = q1, q2, q3, n_vantages, frequencies, lowest, highest, ahead, behind, tetrahedra
        return _collect(_tetrahedra_on_shell, len(q2), *arguments)

    return search


@numba.njit(cache=True)
def _tetrahedra_on_shell(
    q1: int,
    q2: Integers,
    q3: Integers,
    n_vantages: int,
    frequencies: Floats,
    lowest: Floats,
    highest: Floats,
    ahead: Integers,
    behind: Integers,
    tetrahedra: Integers,
    triplet: Integers,
    bands: Integers,
    process: Integers,
    weight: Floats,
) -> int:
    n_bands, n_corners = frequencies.shape[1], ahead.shape[1]
    second, third = np.empty((n_bands, n_corners)), np.empty((n_bands, n_corners))
    weights = np.zeros((3, n_bands, n_bands, n_bands))
    legs = np.empty(3, dtype=np.int64)
    count = 0
    for t in range(len(q2)):
        legs[:] = q1, q2[t], q3[t]
        found = False
        for vantage in range(n_vantages):
            b, c = (vantage + 1) % 3, (vantage + 2) % 3
            for corner in range(n_corners):
                for s in range(n_bands):
                    second[s, corner] = frequencies[ahead[legs[b], corner], s]
                    third[s, corner] = frequencies[behind[legs[c], corner], s]
            found |= _add_vantage(
                weights, 1.0 / n_vantages, vantage, legs, frequencies, lowest, highest, second, third, tetrahedra
            )
        if found:
            count = _emit(weights, t, count, triplet, bands, process, weight)
    return count


@numba.njit(cache=True)
def _add_vantage(
    weights: Floats,
    share: float,
    a: int,
    legs: Integers,
    frequencies: Floats,
    lowest: Floats,
    highest: Floats,
    second: Floats,
    third: Floats,
    tetrahedra: Integers,
) -> bool:
    """Add the weights seen from leg a, times `share`, to weights[process, s, s', s'']; tell whether there were any.

    `second` and `third`, shape (band, corner), are the frequencies of the other legs around their points.
    """
    n_bands, n_corners = second.shape
    b, c = (a + 1) % 3, (a + 2) % 3
    values = np.empty(n_corners)
    bands = np.empty(3, dtype=np.int64)
    top = frequencies[legs[a], n_bands - 1]
    found = False
    for sb in range(n_bands):
        if frequencies[legs[b], sb] == 0.0:
            continue
        low_b, high_b = lowest[legs[b], sb], highest[legs[b], sb]
        for sc in range(n_bands):
            if frequencies[legs[c], sc] == 0.0:
                continue
            low_c, high_c = lowest[legs[c], sc], highest[legs[c], sc]
            # ω_a = ω_c + ω_b, or ω_a = ω_c - ω_b and ω_a = ω_b - ω_c, which are ±ω_a = ω_c - ω_b.
            for sign in (1.0, -1.0):
                if sign > 0.0:
                    if low_b + low_c > top:
                        continue
                elif low_c - high_b > top or low_b - high_c > top:
                    continue
                least, most = _combine(values, third[sc], sign, second[sb])
                for sa in range(n_bands):
                    omega = frequencies[legs[a], sa]
                    if omega == 0.0:
                        continue
                    for side in range(1 if sign > 0.0 else 2):
                        energy = omega if side == 0 else -omega
                        if least <= energy <= most:
                            weight = tetrahedron_weight(energy, values, tetrahedra)
                            if weight > 0.0:
                                sum_leg = a if sign > 0.0 else (c if side == 0 else b)
                                bands[a], bands[b], bands[c] = sa, sb, sc
                                weights[_PROCESS[sum_leg], bands[0], bands[1], bands[2]] += share * weight
                                found = True
    return found


@numba.njit(cache=True, fastmath={"nnan", "nsz"})
def _combine(values: Floats, third: Floats, sign: float, second: Floats) -> tuple[float, float]:
    """Write third + sign · second to `values` and return their smallest and largest."""
    least, most = np.inf, -np.inf
    for corner in range(len(values)):
        value = third[corner] + sign * second[corner]
        values[corner] = value
        least = min(least, value)
        most = max(most, value)
    return least, most


@numba.njit(cache=True)
def _emit(
    weights: Floats, t: int, count: int, triplet: Integers, bands: Integers, process: Integers, weight: Floats
) -> int:
    """Append what is not zero in weights[process, s, s', s''] and clear it; past the end of the arrays only count."""
    n_bands = weights.shape[1]
    for one in range(3):
        for s1 in range(n_bands):
            for s2 in range(n_bands):
                for s3 in range(n_bands):
                    total = weights[one, s1, s2, s3]
                    if total != 0.0:
                        if count < len(triplet):
                            triplet[count], process[count], weight[count] = t, one, total
                            bands[count] = pack_bands(s1, s2, s3)
                        count += 1
                        weights[one, s1, s2, s3] = 0.0
    return count


def _gaussian_search(phonons: Phonons, model: WidthModel, threshold: float, n_vantages: int) -> Search:
    frequencies = phonons.frequencies

    def search(q1: int, q2: Integers, q3: Integers) -> OnShell:
        return _collect(_gaussians_on_shell, len(q2), q1, q2, q3, n_vantages, frequencies, threshold, *model)

    return search


@numba.njit(cache=True)
def _gaussians_on_shell(
    q1: int,
    q2: Integers,
    q3: Integers,
    n_vantages: int,
    frequencies: Floats,
    threshold: float,
    kind: int,
    components: Floats,
    own: Floats,
    least: float,
    triplet: Integers,
    bands: Integers,
    process: Integers,
    weight: Floats,
) -> int:
    n_bands = frequencies.shape[1]
    normalisation = 1.0 / np.sqrt(2.0 * np.pi) / n_vantages
    signs = np.empty(3)
    count = 0
    for t in range(len(q2)):
        for one in (DECAY, ABSORBS_SECOND, ABSORBS_THIRD):
            # The frequency of the leg that is the sum has the sign opposite to the other two.
            signs[:] = 1.0
            signs[_SUM_LEG[one]] = -1.0
            for s1 in range(n_bands):
                for s2 in range(n_bands):
                    for s3 in range(n_bands):
                        w1, w2, w3 = frequencies[q1, s1], frequencies[q2[t], s2], frequencies[q3[t], s3]
                        if w1 == 0.0 or w2 == 0.0 or w3 == 0.0:
                            continue
                        mismatch = signs[0] * w1 + signs[1] * w2 + signs[2] * w3
                        modes = (q1, s1), (q2[t], s2), (q3[t], s3)
                        total = 0.0
                        for vantage in range(n_vantages):
                            variance = least
                            if kind != FIXED:
                                variance = max(least, _variance(kind, components, own, modes, signs, vantage))
                            if mismatch * mismatch < threshold * threshold * variance:
                                total += (
                                    normalisation / np.sqrt(variance) * np.exp(-0.5 * mismatch * mismatch / variance)
                                )
                        if total > 0.0:
                            if count < len(triplet):
                                triplet[count], process[count], weight[count] = t, one, total
                                bands[count] = pack_bands(s1, s2, s3)
                            count += 1
    return count


@numba.njit(cache=True)
def _variance(kind: int, components: Floats, own: Floats, modes: Any, signs: Floats, vantage: int) -> float:
    """Variance over a cell of the mesh of ± ω ± ω' ± ω'', its signs `signs`; two kinds leave out the leg `vantage`."""
    if kind == INVARIANT or kind > DIFFERENCE_MAXIMUM:
        alone = own[modes[0]] + own[modes[1]] + own[modes[2]]
        if kind != INVARIANT:
            return alone
        products = 0.0
        for x in range(3):
            u1, u2, u3 = components[modes[0]][x], components[modes[1]][x], components[modes[2]][x]
            products += signs[0] * signs[1] * u1 * u2 + signs[1] * signs[2] * u2 * u3 + signs[2] * signs[0] * u3 * u1
        return 2.0 / 3.0 * (alone - products)
    b, c = (vantage + 1) % 3, (vantage + 2) % 3
    total, largest = 0.0, 0.0
    for x in range(3):
        difference = signs[b] * components[modes[b]][x] - signs[c] * components[modes[c]][x]
        total += difference * difference
        largest = max(largest, difference * difference)
    return total if kind == DIFFERENCE_SUM else largest
