"""What a few irreducible points tell of all: what is on the energy shell, and how fast this machine is.

They are computed by the functions that will compute all of them.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import islice
from math import ceil, gcd
from typing import Any, TypeVar

import numpy as np

from peierls.collision_operator import CollisionOperator, Representation, even_fields, vectors
from peierls.config import Run
from peierls.crystal import Crystal, Floats
from peierls.dense_collision_operator import add_couplings, basis_of
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.forecast.sizes import held
from peierls.isotopes import IsotopeScattering, isotope_scattering
from peierls.linewidths import isotope_disorder, sums_over_processes
from peierls.matrix_elements import MatrixElements, Preparation, band_groups, strengths_on_shell
from peierls.mesh import Mesh
from peierls.on_shell import OnShell
from peierls.phonons import Phonons
from peierls.triplets import Triplets, reduced_triplets

Result = TypeVar("Result")

SAMPLE_SECONDS = 0.5
"""Processor time spent on sampling the third order, at least two points of it."""
BYTES_PER_ORDERED_BLOCK = 500
"""Memory taken for a while by each of the six orderings of a third-order block, an estimate."""
_BANDS = 6
"""Bands s in the sample."""
_PAIRS_LOOKED_AT = 1e6
"""Pairs of modes among which isotope pairs are looked for in the sample."""
_POINTS, _FEW_POINTS, _TRIPLETS = 64, 8, 200
"""Points at which what is on shell is counted, or fewer where that takes long, and triplets of each."""
_WAVE_VECTORS = 32
"""Dynamical matrices in the sample."""
_NUMBERS, _FEW_TEMPERATURES = 1e6, 4
"""Modes of the mesh times temperatures at which passes are timed, and so many temperatures at least."""
_ROWS = 3000
"""Rows of the dense matrix in the sample, at most: 72 MB, more than a cache holds."""
_REPEATED_SECONDS = 0.1
"""What is timed is timed again until it has taken so long."""


def timed(work: Callable[..., Result], *arguments: Any, **keywords: Any) -> tuple[float, Result]:
    """Processor time of a call, s, and what it gives."""
    start = time.process_time()
    result = work(*arguments, **keywords)
    return time.process_time() - start, result


@dataclass(frozen=True)
class Sample:
    """What a few irreducible points tell of all.

    Numbers of entries and isotope pairs; memory in bytes beside the stages' own; and seconds of processor time: setting
    up a shard, all points of the third order, the linewidths' sum over processes, an application of the collision
    operator, both at all temperatures, finding the isotope pairs, and writing the dense matrix of the operator at one
    temperature, on vector fields and on all even ones, where a solver needs it.
    """

    n_entries: float
    n_pairs: float
    preparation_memory: float
    point_memory: float
    preparation_seconds: float
    points_seconds: float
    linewidths_seconds: float
    application_seconds: float
    pairs_seconds: float
    filling_seconds: float
    filling_seconds_of_even: float


def take_sample(crystal: Crystal, mesh: Mesh, phonons: Phonons, run: Run, n_triplets: int) -> Sample:
    """Sample the third order for `SAMPLE_SECONDS`, and time what will be done with it."""
    integration, n_bands = run["integration"], crystal.n_bands
    blocks = len(crystal.fc3) * (6 if integration["fc3_origin"] == "average" else 1)
    preparation_seconds, common = timed(Preparation.of, crystal, mesh, phonons, integration)
    generator = np.random.default_rng(0)
    # Sampled so that a point costs about as much as the time there is, whatever the number of bands: some triplets, and
    # one group of some bands, to whose number the cost is proportional.
    most = max(16, int(2e8 / n_bands**4))
    memory = _BANDS * _bytes_per_band(common, mesh)
    _warm_up(common, mesh, memory)
    elements, n_sampled, n_shell = [], 0, 0
    seconds_of_triplets, seconds_per_point, search_seconds, n_strengths = 0.0, 0.0, 0.0, 0
    started = time.process_time()
    for count, point in enumerate(spread(mesh.n_irreducible)):
        if count >= 2 and time.process_time() - started > SAMPLE_SECONDS:
            break
        q1 = int(mesh.irreducible[point])
        own_seconds, triplets = timed(reduced_triplets, mesh, point, common.rotated, common.each_event_once)
        if not len(triplets.q2):
            continue
        some = np.sort(generator.permutation(len(triplets.q2))[:most])
        part = _part(triplets, some)
        seconds, shell = timed(common.search, q1, part.q2, part.q3)
        search_seconds += seconds
        elements.append(_elements(point, part, shell))
        n_sampled += len(some)
        n_shell += len(shell.weight)
        # Neighbouring triplets share a part of the work, so those of the timed part are neighbours, too.
        block = _part(triplets, slice(None, most))
        shell = common.search(q1, block.q2, block.q3)
        groups = band_groups(phonons.degenerate_sets[q1], mesh, common.folded, len(block.q2), memory)
        share = n_bands / (groups[0].stop - groups[0].start)
        arguments: tuple[Any, ...] = (q1, block, shell, mesh, phonons, common.folded, memory)
        folding, _ = timed(common.folded.at, mesh.fractional[q1], phonons.eigenvectors[q1][:, groups[0]])
        seconds, _ = timed(strengths_on_shell, *arguments, most_groups=1)
        seconds_of_triplets += max(seconds - folding, 0.0) * share
        n_strengths += len(block.q2)
        seconds_per_point += own_seconds + folding * share
    n_points = max(len(elements), 1)
    per_triplet = search_seconds / max(n_sampled, 1) + seconds_of_triplets / max(n_strengths, 1)
    n_entries = n_triplets * _entries_per_triplet(mesh, common, generator)
    pairs_seconds, isotopes, n_pairs = _sample_pairs(crystal, mesh, phonons, run)
    linewidths, without, processes, pairs = _passes(mesh, phonons, run, elements, isotopes)
    of_entries, of_pairs = n_entries / max(n_shell, 1), n_pairs / max(len(isotopes.rates), 1)
    operator = _operator(mesh, phonons, run, np.array(run["temperatures"][:1], dtype=float), isotopes)

    def filling(solvers: set[str], representation: Callable[[Mesh], Representation]) -> float:
        if not solvers & set(run["solvers"]):
            return 0.0
        return _filling(replace(operator, matrix_elements=elements), representation(mesh), of_entries, of_pairs)

    return Sample(
        n_entries=n_entries,
        n_pairs=n_pairs,
        preparation_memory=BYTES_PER_ORDERED_BLOCK * blocks + held(common.folded) + common.rotated.nbytes,
        point_memory=_point_memory(common, mesh, phonons),
        preparation_seconds=preparation_seconds,
        points_seconds=per_triplet * n_triplets + seconds_per_point / n_points * mesh.n_irreducible,
        linewidths_seconds=of_entries * linewidths,
        application_seconds=without + of_entries * processes + of_pairs * pairs,
        pairs_seconds=pairs_seconds,
        filling_seconds=filling({"direct", "relaxons"}, vectors),
        filling_seconds_of_even=filling({"viscosity"}, even_fields),
    )


def seconds_per_wave_vector(crystal: Crystal, mesh: Mesh, nac: Mapping[str, Any]) -> float:
    """Processor time of diagonalising the dynamical matrix of one wave vector, from some of the mesh, s."""
    short_ranged, long_range = separate(crystal, nac)
    some = mesh.fractional[:: ceil(mesh.n_points / _WAVE_VECTORS)]

    def diagonalise() -> Any:
        return np.linalg.eigh(dynamical_matrices(short_ranged, some, long_range))

    return _least_time(diagonalise) / len(some)


def spread(number: int) -> Iterator[int]:
    """0 to number - 1 in an order whose every beginning is spread over all of it: in steps of the golden section, which
    no period of a mesh is a multiple of."""
    step = max(1, round(0.618 * number))
    while gcd(step, number) > 1:
        step += 1
    return ((number // 2 + index * step) % number for index in range(number))


def _entries_per_triplet(mesh: Mesh, common: Preparation, generator: np.random.Generator) -> float:
    """What is on the energy shell of a triplet, from some triplets of many points, which count as all of theirs."""
    n_triplets, n_entries = 0, 0.0
    started = time.process_time()
    for count, point in enumerate(islice(spread(mesh.n_irreducible), _POINTS)):
        if count >= _FEW_POINTS and time.process_time() - started > SAMPLE_SECONDS / 2:
            break
        triplets = reduced_triplets(mesh, point, common.rotated, common.each_event_once)
        if len(triplets.q2):
            part = _part(triplets, np.sort(generator.permutation(len(triplets.q2))[:_TRIPLETS]))
            shell = common.search(int(mesh.irreducible[point]), part.q2, part.q3)
            n_triplets += len(triplets.q2)
            n_entries += len(shell.weight) * len(triplets.q2) / len(part.q2)
    return n_entries / max(n_triplets, 1)


def _part(triplets: Triplets, some: Any) -> Triplets:
    return Triplets(*(getattr(triplets, field.name)[some] for field in fields(triplets)))


def _bytes_per_band(common: Preparation, mesh: Mesh) -> float:
    """Memory of the transform of one band s, bytes, as in `band_groups`."""
    n1, n2, n3 = common.folded.box
    largest = max(n1 * n2 * n3, int(mesh.sizes[0]) * n2 * n3) + int(mesh.sizes[1]) * n3 + mesh.n_points // 2
    return 16.0 * largest * common.folded.n_bands**2


def _warm_up(common: Preparation, mesh: Mesh, memory: float) -> None:
    """Have the kernels compiled before they are timed."""
    point = mesh.n_irreducible - 1
    triplets = _part(reduced_triplets(mesh, point, common.rotated), slice(None, 16))
    q1 = int(mesh.irreducible[point])
    shell = common.search(q1, triplets.q2, triplets.q3)
    phonons, folded = common.phonons, common.folded
    strengths_on_shell(q1, triplets, shell, mesh, phonons, folded, memory, most_groups=1)


def _elements(point: int, triplets: Triplets, shell: OnShell) -> MatrixElements:
    """The sampled entries as matrix elements, of no strength."""
    counts = np.bincount(shell.triplet, minlength=len(triplets.q2))
    return MatrixElements(
        points=np.array([point]),
        triplet_starts=np.array([0, len(triplets.q2)]),
        second_points=triplets.q2.astype(np.int32),
        third_points=triplets.q3.astype(np.int32),
        triplet_weights=triplets.weights,
        normal_fraction=triplets.normal_fraction,
        entry_starts=np.concatenate([[0], np.cumsum(counts)]),
        bands=shell.bands,
        processes=shell.process,
        strengths=np.zeros(len(shell.weight)),
    )


def _sample_pairs(crystal: Crystal, mesh: Mesh, phonons: Phonons, run: Run) -> tuple[float, IsotopeScattering, float]:
    """Seconds for all isotope pairs, some of them, and the number of all."""
    isotopes = run["scattering"]["isotopes"]
    disorder = np.ones(len(crystal.masses)) if isinstance(isotopes, Mapping) else isotope_disorder(crystal, isotopes)
    few = max(1, int(_PAIRS_LOOKED_AT / (mesh.n_irreducible * crystal.n_bands**2)))
    chosen = np.array(list(spread(mesh.n_irreducible)))[:few]
    arguments = mesh, phonons, disorder, run["integration"]
    none = chosen[:0]
    isotope_scattering(*arguments, rows=chosen[:1])
    fixed, _ = timed(isotope_scattering, *arguments, rows=none)
    seconds, pairs = timed(isotope_scattering, *arguments, rows=chosen)
    factor = mesh.n_irreducible / len(chosen)
    tensors, _ = timed(pairs.star_sums)
    return fixed + max(seconds - fixed, 0.0) * factor + tensors, pairs, len(pairs.rates) * factor


def _passes(
    mesh: Mesh, phonons: Phonons, run: Run, elements: list[MatrixElements], isotopes: IsotopeScattering
) -> tuple[float, float, float, float]:
    """Processor time at all temperatures: of the sampled processes in the linewidths, and of no pairs, the sampled
    processes, and the sampled isotope pairs in an application of the collision operator."""
    temperatures = np.array(run["temperatures"], dtype=float)
    # The more numbers a field has, the fewer temperatures tell, and time grows with their number.
    most = max(_FEW_TEMPERATURES, int(_NUMBERS / (mesh.n_points * phonons.n_bands)))
    some = temperatures[:: ceil(len(temperatures) / most)]
    one = _one_pair(isotopes)
    without = _operator(mesh, phonons, run, some, one)
    representation = vectors(mesh)
    field_of_ones = np.ones((mesh.n_irreducible, phonons.n_bands, 3, len(some)))
    costs = [
        _least_time(operator.apply, field_of_ones, representation)
        for operator in (without, replace(without, matrix_elements=elements), replace(without, isotopes=isotopes))
    ]
    linewidths = _least_time(sums_over_processes, mesh, elements, without.sqrt_nn, run["integration"])
    seconds = linewidths, costs[0], max(costs[1] - costs[0], 0.0), max(costs[2] - costs[0], 0.0)
    of_all = len(temperatures) / len(some)
    return seconds[0] * of_all, seconds[1] * of_all, seconds[2] * of_all, seconds[3] * of_all


def _operator(
    mesh: Mesh, phonons: Phonons, run: Run, temperatures: Floats, isotopes: IsotopeScattering
) -> CollisionOperator:
    """One without processes, whose rates are all one."""
    rates = np.ones((mesh.n_irreducible, phonons.n_bands, len(temperatures)))
    events = run["integration"]["weights"] == "event"
    return CollisionOperator(mesh, phonons.frequencies, temperatures, events, rates, [], isotopes)


def _one_pair(isotopes: IsotopeScattering) -> IsotopeScattering:
    return replace(isotopes, first=isotopes.first[:1], second=isotopes.second[:1], rates=isotopes.rates[:1])


def _filling(operator: CollisionOperator, representation: Representation, of_entries: float, of_pairs: float) -> float:
    """Processor time of writing the dense matrix, from `operator` with the sampled processes and pairs, each of which
    stands for so many.

    A matrix that is too large is folded onto one that is large enough for its elements to be as far apart.
    """
    basis = basis_of(operator, 0, representation)
    dimension = representation.matrices.shape[1]
    rows = min(basis.size, _ROWS)
    within = basis.starts % max(rows - dimension, 1)
    folded = replace(basis, starts=np.where(basis.starts < 0, -1, np.minimum(within, rows - dimension)))
    matrix = np.zeros((rows, rows))
    few = _one_pair(operator.isotopes)
    none, processes = replace(operator, matrix_elements=[], isotopes=few), replace(operator, isotopes=few)
    pairs = replace(operator, matrix_elements=[])
    add_couplings(matrix, operator, 0, representation, folded)
    costs = [timed(add_couplings, matrix, one, 0, representation, folded)[0] for one in (none, processes, pairs)]
    return costs[0] + of_entries * max(costs[1] - costs[0], 0.0) + of_pairs * max(costs[2] - costs[0], 0.0)


def _least_time(work: Callable[..., Any], *arguments: Any) -> float:
    """Processor time of a call that has been made before, the least of some: what else the machine does adds to it."""
    work(*arguments)
    found = [timed(work, *arguments)[0]]
    while len(found) < 3 and sum(found) < _REPEATED_SECONDS:
        found.append(timed(work, *arguments)[0])
    return min(found)


def _point_memory(common: Preparation, mesh: Mesh, phonons: Phonons) -> float:
    """Memory for a moment, bytes: tables of the energy shell, and the transform of the largest group of bands."""
    n_bands = phonons.n_bands
    folded = common.folded
    sets = phonons.degenerate_sets[mesh.irreducible[-1]]
    groups = band_groups(sets, mesh, folded, mesh.n_points, common.max_memory)
    group = max(one.stop - one.start for one in groups)
    transformed = group * _bytes_per_band(common, mesh)
    return corner_bytes(mesh, n_bands) + transformed + 16.0 * n_bands**2 * (2 * group + 3) * len(folded.distances)


def corner_bytes(mesh: Mesh, n_bands: int) -> float:
    """Memory of the tables of the energy shell: the 15 corners of the tetrahedra around each point, on both sides, and
    the frequencies there."""
    return 15.0 * mesh.n_points * (16 + 8 * n_bands)
