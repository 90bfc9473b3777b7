"""Which band triples of a set of triplets conserve energy, and with what weight."""

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
from peierls.delta_functions import ABSORBS_SECOND, ABSORBS_THIRD, DECAY, neighbourhood, tetrahedron_weight
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.units import THZ


@dataclass(frozen=True)
class OnShell:
    """On-shell band triples, sorted by triplet: its number, s, s', s'' as one number, the process, the delta weight in ps."""

    triplet: Integers
    bands: Integers
    process: Integers
    weight: Floats


Search = Callable[[int, Integers, Integers], OnShell]
"""From the grid index of q and those of q' and q'' of its triplets to what is on shell."""


def on_shell_search(mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any]) -> Search:
    """The search that `integration["method"]` names. Modes of zero frequency (acoustic, at Γ) take no part in any process."""
    method = integration["method"]
    if method == "tetrahedron":
        return _tetrahedron_search(mesh, phonons)
    if method == "gaussian":
        return _gaussian_search(phonons, fixed_width(integration["sigma"] * THZ), integration["threshold"])
    return _gaussian_search(phonons, adaptive_width(mesh, phonons, integration), integration["threshold"])


def unpack_bands(bands: Integers, n_bands: int) -> tuple[Integers, Integers, Integers]:
    """s, s', s'' from (s n + s') n + s''."""
    return bands // (n_bands * n_bands), bands // n_bands % n_bands, bands % n_bands


def _collect(kernel: Callable[..., int], n_triplets: int, *arguments: Any) -> OnShell:
    """Run a kernel that fills arrays of limited length, with longer ones until they suffice; it returns the length needed."""
    capacity = 64 * n_triplets + 1024
    while True:
        found = OnShell(
            np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity, np.int8), np.empty(capacity)
        )
        needed = kernel(*arguments, found.triplet, found.bands, found.process, found.weight)
        if needed <= capacity:
            return OnShell(*(array[:needed].copy() for array in (found.triplet, found.bands, found.process, found.weight)))
        capacity = needed


def _tetrahedron_search(mesh: Mesh, phonons: Phonons) -> Search:
    corners, tetrahedra = neighbourhood(mesh.reciprocal / mesh.sizes[:, None])
    coordinates = mesh.coordinates
    # With q fixed, q'' moves opposite to q'.
    ahead = np.stack([mesh.index(coordinates + corner) for corner in corners], axis=1)
    behind = np.stack([mesh.index(coordinates - corner) for corner in corners], axis=1)
    frequencies = phonons.frequencies
    lowest = frequencies[ahead].min(axis=1)
    highest = frequencies[ahead].max(axis=1)

    def search(q1: int, q2: Integers, q3: Integers) -> OnShell:
        return _collect(
            _tetrahedra_on_shell, len(q2), q1, q2, q3, frequencies, lowest, highest, ahead, behind, tetrahedra
        )

    return search


@numba.njit(cache=True)
def _tetrahedra_on_shell(
    q1: int,
    q2: Integers,
    q3: Integers,
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
    n_bands = frequencies.shape[1]
    n_corners = ahead.shape[1]
    second = np.empty((n_bands, n_corners))
    third = np.empty((n_bands, n_corners))
    values = np.empty(n_corners)
    count = 0
    top = frequencies[q1, n_bands - 1]
    for t in range(len(q2)):
        for corner in range(n_corners):
            a, b = ahead[q2[t], corner], behind[q3[t], corner]
            for s in range(n_bands):
                second[s, corner] = frequencies[a, s]
                third[s, corner] = frequencies[b, s]
        for s2 in range(n_bands):
            if frequencies[q2[t], s2] == 0.0:
                continue
            for s3 in range(n_bands):
                if frequencies[q3[t], s3] == 0.0:
                    continue
                for sign in (1.0, -1.0):
                    # Decay: ω = ω'' + ω'. Absorption: ω = ω'' - ω' of the second, -ω = ω'' - ω' of the third.
                    if sign > 0.0:
                        if lowest[q2[t], s2] + lowest[q3[t], s3] >= top:
                            continue
                    elif abs(frequencies[q3[t], s3] - frequencies[q2[t], s2]) - (
                        highest[q2[t], s2] - lowest[q2[t], s2] + highest[q3[t], s3] - lowest[q3[t], s3]
                    ) >= top:
                        continue
                    least, most = np.inf, -np.inf
                    for corner in range(n_corners):
                        value = third[s3, corner] + sign * second[s2, corner]
                        values[corner] = value
                        least = min(least, value)
                        most = max(most, value)
                    for s1 in range(n_bands):
                        omega = frequencies[q1, s1]
                        if omega == 0.0:
                            continue
                        for side in range(1 if sign > 0.0 else 2):
                            energy = omega if side == 0 else -omega
                            if least < energy < most:
                                w = tetrahedron_weight(energy, values, tetrahedra)
                                if w > 0.0:
                                    if count < len(triplet):
                                        triplet[count] = t
                                        bands[count] = (s1 * n_bands + s2) * n_bands + s3
                                        process[count] = DECAY if sign > 0.0 else (ABSORBS_SECOND if side == 0 else ABSORBS_THIRD)
                                        weight[count] = w
                                    count += 1
    return count


def _gaussian_search(phonons: Phonons, model: WidthModel, threshold: float) -> Search:
    frequencies = phonons.frequencies

    def search(q1: int, q2: Integers, q3: Integers) -> OnShell:
        return _collect(_gaussians_on_shell, len(q2), q1, q2, q3, frequencies, threshold, *model)

    return search


@numba.njit(cache=True)
def _gaussians_on_shell(
    q1: int,
    q2: Integers,
    q3: Integers,
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
    normalisation = 1.0 / np.sqrt(2.0 * np.pi)
    count = 0
    for t in range(len(q2)):
        for s1 in range(n_bands):
            for s2 in range(n_bands):
                for s3 in range(n_bands):
                    w1, w2, w3 = frequencies[q1, s1], frequencies[q2[t], s2], frequencies[q3[t], s3]
                    if w1 == 0.0 or w2 == 0.0 or w3 == 0.0:
                        continue
                    for one in (DECAY, ABSORBS_SECOND, ABSORBS_THIRD):
                        second = 1.0 if one == ABSORBS_SECOND else -1.0
                        third = 1.0 if one == ABSORBS_THIRD else -1.0
                        mismatch = w1 + second * w2 + third * w3
                        variance = least
                        if kind != FIXED:
                            modes = (q1, s1), (q2[t], s2), (q3[t], s3)
                            variance = max(least, _variance(kind, components, own, modes, second, third))
                        if mismatch * mismatch < threshold * threshold * variance:
                            if count < len(triplet):
                                triplet[count] = t
                                bands[count] = (s1 * n_bands + s2) * n_bands + s3
                                process[count] = one
                                weight[count] = normalisation / np.sqrt(variance) * np.exp(-0.5 * mismatch**2 / variance)
                            count += 1
    return count


@numba.njit(cache=True)
def _variance(kind: int, components: Floats, own: Floats, modes: Any, second: float, third: float) -> float:
    """Variance of ω ± ω' ± ω'' over a cell of the mesh, `second` and `third` the signs of ω' and ω''."""
    first_mode, second_mode, third_mode = modes
    if kind == INVARIANT or kind > DIFFERENCE_MAXIMUM:
        alone = own[first_mode] + own[second_mode] + own[third_mode]
        if kind != INVARIANT:
            return alone
        products = 0.0
        for a in range(3):
            u1, u2, u3 = components[first_mode][a], second * components[second_mode][a], third * components[third_mode][a]
            products += u1 * u2 + u2 * u3 + u3 * u1
        return 2.0 / 3.0 * (alone - products)
    total, largest = 0.0, 0.0
    for a in range(3):
        difference = second * components[second_mode][a] - third * components[third_mode][a]
        total += difference * difference
        largest = max(largest, difference * difference)
    return total if kind == DIFFERENCE_SUM else largest
