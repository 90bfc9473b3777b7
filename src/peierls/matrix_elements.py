"""Three-phonon matrix elements on the energy shell, one irreducible q after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import Complexes
from peierls.mesh import Mesh
from peierls.on_shell import OnShell, Search, on_shell_search, unpack_bands
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.third_order import FoldedThirdOrder, fold_third_order
from peierls.triplets import Triplets, reduced_triplets
from peierls.units import GIGABYTE


@dataclass(frozen=True)
class MatrixElements:
    """On-shell matrix elements of some irreducible points, temperature-free.

    Points have triplets, triplets have entries. An entry is one process of one band triple: `strengths` is |Φ|²
    times its delta weight, with |Φ|² averaged over the degenerate sets of its three modes. A triplet (q, q', q'')
    stands for `triplet_weights` values of q' on the full grid. With the weighting `mode`, a point has all its
    triplets; with `event`, a triplet is held by one of its three legs' points only (`triplets.reduced_triplets`) and
    counts for all three.
    """

    points: Integers = quantity("1", "point", "numbers of the irreducible points")
    triplet_starts: Integers = quantity("1", "point_bound", "first triplet of each point, and the end")
    second_points: Integers = quantity("1", "triplet", "grid index of q'")
    third_points: Integers = quantity("1", "triplet", "grid index of q'' = -q - q'")
    triplet_weights: Floats = quantity("1", "triplet", "number of q' of the full grid that the triplet stands for")
    normal_fraction: Floats = quantity("1", "triplet", "share of normal processes")
    entry_starts: Integers = quantity("1", "triplet_bound", "first entry of each triplet, and the end")
    bands: Integers = quantity("1", "entry", "bands s, s', s'' in 10 bits each: 2^20 s + 2^10 s' + s''")
    processes: Integers = quantity(
        "1", "entry", "0: decay of s; 1: s absorbs s' and becomes s''; 2: s absorbs s'' and becomes s'"
    )
    strengths: Floats = quantity("1/(amu angstrom^2)", "entry", "|Phi|^2 times the delta weight")

    def of_point(self, position: int) -> tuple[slice, slice]:
        """The triplets and the entries of the point at `position` in `points`."""
        start, stop = self.triplet_starts[position : position + 2]
        return slice(int(start), int(stop)), slice(int(self.entry_starts[start]), int(self.entry_starts[stop]))


def compute_matrix_elements(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    integration: Mapping[str, Any],
    points: Integers,
    progress: Callable[[Any], Any] = iter,
) -> MatrixElements:
    """Matrix elements of the irreducible points numbered `points`.

    The result for a point does not depend, to the last bit, on which points are computed with it. `progress` wraps the
    iterable of points, to show how far the work is.

        Φ = Σ ε ε' ε'' Φ_ijk exp(i q'·R' + i q''·R'') / sqrt(m_i m_j m_k) / sqrt(ω ω' ω'')

    Source: docs/equations.md, "Three-phonon scattering".
    """
    return _of_points(Preparation.of(crystal, mesh, phonons, integration), points, progress)


@dataclass(frozen=True)
class Preparation:
    """What the matrix elements of all points share: the folded third order, the search for what is on shell, the
    group."""

    mesh: Mesh
    phonons: Phonons
    folded: FoldedThirdOrder
    search: Search
    rotated: Integers
    each_event_once: bool
    max_memory: float

    @classmethod
    def of(cls, crystal: Crystal, mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any]) -> "Preparation":
        """For the section `integration`."""
        return cls(
            mesh=mesh,
            phonons=phonons,
            folded=fold_third_order(crystal, mesh.sizes, integration["fc3_origin"]),
            search=on_shell_search(mesh, phonons, integration),
            rotated=mesh.rotated(),
            each_event_once=integration["weights"] == "event",
            max_memory=integration["max_memory"] * GIGABYTE,
        )


def _of_points(common: Preparation, points: Integers, progress: Callable[[Any], Any] = iter) -> MatrixElements:
    """The matrix elements of the irreducible points numbered `points`."""
    mesh = common.mesh
    triplets, shells, strengths = [], [], []
    for point in progress(points):
        of_point = reduced_triplets(mesh, int(point), common.rotated, common.each_event_once)
        q1 = int(mesh.irreducible[point])
        shell = common.search(q1, of_point.q2, of_point.q3)
        triplets.append(of_point)
        shells.append(shell)
        strengths.append(
            strengths_on_shell(q1, of_point, shell, mesh, common.phonons, common.folded, common.max_memory)
        )
    counts = [np.bincount(shell.triplet, minlength=len(one.q2)) for one, shell in zip(triplets, shells, strict=True)]
    return MatrixElements(
        points=np.asarray(points, dtype=np.int64),
        triplet_starts=np.cumsum([0, *(len(one.q2) for one in triplets)]),
        second_points=_joined([one.q2 for one in triplets], np.int32),
        third_points=_joined([one.q3 for one in triplets], np.int32),
        triplet_weights=_joined([one.weights for one in triplets], np.float64),
        normal_fraction=_joined([one.normal_fraction for one in triplets], np.float64),
        entry_starts=np.cumsum(np.concatenate([[0], *counts])),
        bands=_joined([shell.bands for shell in shells], np.int32),
        processes=_joined([shell.process for shell in shells], np.int8),
        strengths=_joined(strengths, np.float64),
    )


@dataclass(frozen=True)
class Recomputed:
    """The matrix elements of every irreducible point, computed anew each time they are iterated over: `storage:
    recompute`."""

    crystal: Crystal
    mesh: Mesh
    phonons: Phonons
    integration: Mapping[str, Any]
    progress: Callable[[Any], Any] = iter

    @cached_property
    def _common(self) -> Preparation:
        return Preparation.of(self.crystal, self.mesh, self.phonons, self.integration)

    def __iter__(self) -> Iterator[MatrixElements]:
        """One irreducible point after the other."""
        for point in self.progress(range(self.mesh.n_irreducible)):
            yield _of_points(self._common, np.array([point]))


def _joined(arrays: list[Any], dtype: Any) -> Any:
    return np.concatenate([np.empty(0, dtype), *arrays], dtype=dtype)


def strengths_on_shell(
    q1: int,
    triplets: Triplets,
    shell: OnShell,
    mesh: Mesh,
    phonons: Phonons,
    folded: FoldedThirdOrder,
    max_memory: float,
    most_groups: int | None = None,
) -> Floats:
    """|Φ|² times the delta weight of every entry of `shell`; with `most_groups`, of so many groups of s only."""
    n_bands = phonons.n_bands
    strengths = np.zeros(len(shell.weight))
    bounds = np.searchsorted(shell.triplet, np.arange(len(triplets.q2) + 1))
    wanted = np.flatnonzero(np.diff(bounds))
    coordinates = mesh.coordinates[triplets.q2[wanted]]
    groups = band_groups(phonons.degenerate_sets[q1], mesh, folded, len(wanted), max_memory)
    for group in groups[:most_groups] if len(wanted) else []:
        per_distance = folded.at(mesh.fractional[q1], phonons.eigenvectors[q1][:, group])
        elements = folded.transform(per_distance, coordinates).reshape(len(wanted), -1, n_bands, n_bands)
        _fill_strengths(
            elements,
            group.start,
            q1,
            triplets.q2[wanted],
            triplets.q3[wanted],
            phonons.frequencies,
            phonons.eigenvectors,
            phonons.degenerate_sets,
            bounds[wanted],
            bounds[wanted + 1],
            shell.bands,
            shell.weight,
            strengths,
        )
    return strengths


def band_groups(sets: Integers, mesh: Mesh, folded: FoldedThirdOrder, n_wanted: int, max_memory: float) -> list[slice]:
    """Ranges of s treated at once: whole degenerate sets, as many as keep the transform's arrays within `max_memory`
    bytes."""
    n1, n2, n3 = folded.box
    largest = max(n1 * n2 * n3, int(mesh.sizes[0]) * n2 * n3) + int(mesh.sizes[1]) * n3 + n_wanted
    bytes_per_band = 16 * largest * folded.n_bands**2
    at_once = max(1, int(max_memory / bytes_per_band))
    bounds = [*(int(start) for start in np.unique(sets)), len(sets)]
    groups, first = [], 0
    for start, stop in pairwise(bounds):
        if stop - first > at_once and start > first:
            groups.append(slice(first, start))
            first = start
    return [*groups, slice(first, len(sets))]


@numba.njit(cache=True)
def _fill_strengths(
    elements: Complexes,
    first_band: int,
    q1: int,
    q2: Integers,
    q3: Integers,
    frequencies: Floats,
    eigenvectors: Complexes,
    sets: Integers,
    starts: Integers,
    stops: Integers,
    bands: Integers,
    weights: Floats,
    strengths: Floats,
) -> None:
    """strengths = weight · |Φ|² for the entries of each triplet whose s is in the group of `elements`, (triplet, s,
    band, band)."""
    n_group, n_bands = elements.shape[1], elements.shape[2]
    squares = np.zeros((n_group, n_bands, n_bands))
    half = np.empty(n_bands, dtype=np.complex128)
    row = np.empty(n_bands, dtype=np.complex128)
    needed = np.empty((n_group, n_bands), dtype=np.bool_)
    for t in range(len(q2)):
        # Averages over degenerate sets need all of their members; without sets, only what is on shell is needed.
        alone = _is_without_sets(sets[q1]) and _is_without_sets(sets[q2[t]]) and _is_without_sets(sets[q3[t]])
        needed[:] = not alone
        for entry in range(starts[t], stops[t]):
            s1, s2, _ = unpack_bands(bands[entry])
            if 0 <= s1 - first_band < n_group:
                needed[s1 - first_band, s2] = True
        second, third = eigenvectors[q2[t]], eigenvectors[q3[t]]
        for g in range(n_group):
            for s2 in range(n_bands):
                if not needed[g, s2]:
                    continue
                half[:] = 0.0
                for j in range(n_bands):
                    factor = second[j, s2]
                    for k in range(n_bands):
                        half[k] += factor * elements[t, g, j, k]
                row[:] = 0.0
                for k in range(n_bands):
                    factor = half[k]
                    for s3 in range(n_bands):
                        row[s3] += factor * third[k, s3]
                omegas = frequencies[q1, first_band + g] * frequencies[q2[t], s2]
                for s3 in range(n_bands):
                    product = omegas * frequencies[q3[t], s3]
                    square = row[s3].real * row[s3].real + row[s3].imag * row[s3].imag
                    squares[g, s2, s3] = square / product if product > 0.0 else 0.0
        for entry in range(starts[t], stops[t]):
            s1, s2, s3 = unpack_bands(bands[entry])
            g = s1 - first_band
            if 0 <= g < n_group:
                if alone:
                    strengths[entry] = weights[entry] * squares[g, s2, s3]
                else:
                    strengths[entry] = weights[entry] * _set_average(
                        squares, g, first_band, s2, s3, sets[q1], sets[q2[t]], sets[q3[t]]
                    )


@numba.njit(cache=True)
def _is_without_sets(sets: Integers) -> bool:
    """Whether each band is a set of its own: the first bands of the sets are then 0, 1, 2, ..., else some are less."""
    return 2 * sets.sum() == len(sets) * (len(sets) - 1)


@numba.njit(cache=True)
def _set_average(
    squares: Floats, g: int, first_band: int, s2: int, s3: int, sets1: Integers, sets2: Integers, sets3: Integers
) -> float:
    """Mean of |Φ|² over the degenerate sets of the three modes."""
    n_group, n_bands = squares.shape[0], squares.shape[1]
    total, count = 0.0, 0
    start1 = sets1[first_band + g] - first_band
    for a in range(start1, n_group):
        if sets1[first_band + a] != sets1[first_band + g]:
            break
        for b in range(sets2[s2], n_bands):
            if sets2[b] != sets2[s2]:
                break
            for c in range(sets3[s3], n_bands):
                if sets3[c] != sets3[s3]:
                    break
                total += squares[a, b, c]
                count += 1
    return total / count
