"""What a run will cost, before anything heavy: points, triplets, entries, bytes, memory and processor time.

Counts of points and triplets are exact. What is on the energy shell is estimated from a few irreducible points, and
the same sample, computed by the code that will compute all of it, tells how fast this machine is.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np
from scipy import linalg

from peierls import config
from peierls.collision_operator import CollisionOperator, vectors
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.crystal_momentum import related_choices, self_inverse
from peierls.dense_collision_operator import dense_gigabytes
from peierls.directions import DIRECTIONS
from peierls.isotopes import IsotopePairs, isotope_pairs
from peierls.layout import boundary_solvers
from peierls.linewidths import Linewidths, isotope_disorder
from peierls.matrix_elements import MatrixElements, Preparation, band_groups, strengths_on_shell
from peierls.mesh import Mesh, build_mesh
from peierls.on_shell import OnShell
from peierls.phonons import Phonons, compute_phonons
from peierls.shards import ShardIndex
from peierls.solvers import Transport, Viscosity, relaxons, viscosity
from peierls.triplets import Triplets, reduced_triplets

Result = TypeVar("Result")

SAMPLE_SECONDS = 0.5
"""Processor time spent on sampling the third order, at least two points of it."""

JOB_MEMORY = 180e6
"""Memory of a job that does nothing, with the libraries it imports, bytes (measured)."""
JOB_SECONDS = 1.3
"""Processor time of a job that does nothing: the interpreter, the libraries, and loading what numba compiled
(measured)."""
DATASET_BYTES = 1100
"""What HDF5 and the description take beside the numbers of a dataset (measured)."""
ITERATIONS = 15
"""Applications of the collision operator until a solver that iterates has converged (measured: 11 to 20)."""
LINEWIDTHS_PER_APPLICATION = 0.5
"""Cost of an entry in the linewidths over that in an application of the collision operator, an estimate."""
BYTES_PER_ORDERED_BLOCK = 500
"""Memory taken for a while by each of the six orderings of a third-order block, an estimate."""
SHARED = ("mesh", "phonons", "matrix_elements")
"""Stages that runs share where their settings agree."""
BYTES_PER_PAIR = 16
"""Memory of an isotope pair; while they are put together there are twice as many."""
_BANDS = 6
"""Bands s in the sample."""
SMALL = "tables and figures"
N_SMALL = 26
"""Small jobs of a run with two solvers: crystal, bands, densities, curves, tables, figures, pages, health, verdict."""
SCAN = "boundary_scan"
SCAN_ITERATIONS = 3 * ITERATIONS
"""Applications until the scan over sizes has converged everywhere, each length from the one before (measured)."""


@dataclass(frozen=True)
class Stage:
    """The forecast of a stage: number of jobs, bytes of all its files, memory of the largest job in bytes, processor
    time of all jobs in s."""

    name: str
    jobs: int
    size: float
    memory: float
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """The forecast of a run; `n_triplets` is exact, `n_entries` an estimate, as is everything in `stages`."""

    n_points: int
    n_irreducible: int
    n_bands: int
    n_triplets: int
    n_entries: float
    stages: tuple[Stage, ...]

    @property
    def size(self) -> float:
        """Bytes of all files."""
        return sum(stage.size for stage in self.stages)

    @property
    def memory(self) -> float:
        """Memory of the largest job, bytes."""
        return max(stage.memory for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Processor time of all jobs, s."""
        return sum(stage.seconds for stage in self.stages)


def forecast(crystal: Crystal, run: Run, n_shards: int) -> Forecast:
    """What the stages below the crystal will cost; `run` is complete, its third order cut into `n_shards`.

    A run that averages over directions costs that of each. Raises InputError where the mesh or the phonons would: a
    mesh that breaks the symmetry, imaginary modes.
    """
    if run["nac"]["direction"] == "average":
        first = {**run, "nac": {**run["nac"], "direction": [float(x) for x in DIRECTIONS[0]]}}
        one = forecast(crystal, first, n_shards)
        return replace(one, stages=tuple(map(_in_every_direction, one.stages)))
    mesh_seconds, mesh = timed(build_mesh, crystal, run["mesh"])
    wedge_seconds, phonons = timed(compute_phonons, crystal, mesh, run["nac"], only_wedge=True)
    events = run["integration"]["weights"] == "event"
    n_triplets = count_triplets(mesh, each_event_once=events)
    sample = _sample(crystal, mesh, phonons, run, n_triplets)
    return Forecast(
        n_points=mesh.n_points,
        n_irreducible=mesh.n_irreducible,
        n_bands=crystal.n_bands,
        n_triplets=n_triplets,
        n_entries=sample.n_entries,
        stages=tuple(_stages(crystal, mesh, phonons, run, n_shards, sample, mesh_seconds, wedge_seconds)),
    )


def _in_every_direction(stage: Stage) -> Stage:
    if stage.name in ("mesh", SMALL):
        return stage
    n = len(DIRECTIONS)
    return replace(stage, jobs=n * stage.jobs, size=n * stage.size, seconds=n * stage.seconds)


def refusals(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast], memory: float, disk: float) -> list[str]:
    """Why runs do not fit in `memory` of one job and `disk` for all files, in bytes, with advice: a sentence each."""
    found = []
    for name, one in forecasts.items():
        for stage in one.stages:
            if stage.memory > memory:
                found.append(
                    f"run {name}: a job of {stage.name} needs {in_bytes(stage.memory)} of memory and there are "
                    f"{in_bytes(memory)}: {_advice(stage.name)}"
                )
    size = total(runs, forecasts)[0]
    if size > disk:
        found.append(
            f"the results need {in_bytes(size)} on disk and there are {in_bytes(disk)}: use integration.storage: "
            "recompute, which stores no matrix elements, or coarser meshes"
        )
    return found


def total(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast]) -> tuple[float, float]:
    """Bytes of all files and processor time of all jobs in s; what runs share is there once."""
    stages = {}
    for name, one in forecasts.items():
        for stage in one.stages:
            shared = stage.name.removesuffix("_index")
            owner = config.stage_digest(runs[name], shared) if shared in SHARED else name
            stages[owner, stage.name] = stage
    return sum(stage.size for stage in stages.values()), sum(stage.seconds for stage in stages.values())


def available_memory() -> float:
    """Memory of this machine, bytes."""
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def available_disk(folder: str | Path) -> float:
    """Free bytes on the disk that holds `folder`, which need not exist yet."""
    path = Path(folder).resolve()
    return float(shutil.disk_usage(next(one for one in (path, *path.parents) if one.exists())).free)


def report(runs: Mapping[str, Run], forecasts: Mapping[str, Forecast]) -> list[str]:
    """The forecasts as lines to print."""
    lines = []
    for name, one in forecasts.items():
        lines += [
            f"{name}: {one.n_points} wave vectors, {one.n_irreducible} irreducible; {one.n_bands} bands; "
            f"{one.n_triplets} triplets, {one.n_entries:.3g} processes on the energy shell",
            f"  {'stage':<24}{'jobs':>5}{'disk':>10}{'memory/job':>12}{'CPU time':>10}",
            *(_row(stage.name, str(stage.jobs), stage.size, stage.memory, stage.seconds) for stage in one.stages),
            _row("all", "", one.size, one.memory, one.seconds),
        ]
    size, seconds = total(runs, forecasts)
    if len(forecasts) > 1:
        lines.append(f"together: {in_bytes(size)}, {in_time(seconds)} of CPU time; what runs share is counted once")
    return lines


def _row(name: str, jobs: str, size: float, memory: float, seconds: float) -> str:
    return f"  {name:<24}{jobs:>5}{in_bytes(size):>10}{in_bytes(memory):>12}{in_time(seconds):>10}"


def _advice(stage: str) -> str:
    if stage in ("direct", "relaxons"):
        return "use the solver variational, a smaller integration.max_memory, or a coarser mesh"
    if stage == "matrix_elements":
        return "use more chunks, a smaller integration.max_memory, or a coarser mesh"
    if stage == "linewidths":
        return "use more chunks, integration.storage: recompute, or a coarser mesh"
    return "use integration.storage: recompute, fewer temperatures in a run, or a coarser mesh"


def in_bytes(number: float) -> str:
    """A number of bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def in_time(seconds: float) -> str:
    """A processor time in words."""
    if seconds < 99.5:
        return f"{seconds:.2g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 99.5 else f"{minutes / 60:.3g} h"


def timed(work: Callable[..., Result], *arguments: Any, **keywords: Any) -> tuple[float, Result]:
    """Processor time of a call, s, and what it gives."""
    start = time.process_time()
    result = work(*arguments, **keywords)
    return time.process_time() - start, result


def count_triplets(mesh: Mesh, each_event_once: bool) -> int:
    """Number of triplets that `triplets.reduced_triplets` keeps at all irreducible points together.

    They are the orbits of (q, q', q'') with q + q' + q'' = 0 under the point group and, with `each_event_once`, all
    exchanges of the three, else that of q' and q''. By Burnside's lemma that is the mean number of triples which an
    operation S followed by an exchange leaves as they are: S q = q, S q' = q' without one; S² q' = q', with q fixed by
    it, for an exchange of two; (1 + S + S²) q = 0 for a cycle of three.
    """
    rotated = mesh.rotated()
    grid = np.arange(mesh.n_points)
    coordinates = mesh.coordinates
    fixed, fixed_by_square, cycled = (np.empty(len(rotated), dtype=np.int64) for _ in range(3))
    for number, once in enumerate(rotated):
        twice = once[once]
        fixed[number] = (once == grid).sum()
        fixed_by_square[number] = (twice == grid).sum()
        cycled[number] = (mesh.index(coordinates + coordinates[once] + coordinates[twice]) == 0).sum()
    if each_event_once:
        return int((fixed**2 + 3 * fixed_by_square + 2 * cycled).sum()) // (6 * len(rotated))
    return int((fixed**2 + fixed_by_square).sum()) // (2 * len(rotated))


def file_bytes(
    kind: type, lengths: Mapping[str, int], widths: Mapping[str, int], optional: Sequence[str] = ()
) -> float:
    """Bytes of the stage file of a dataclass `kind` whose dimensions have the given `lengths`.

    `widths` are bytes per number where they differ from eight, sixteen for complex ones; fields that may be None count
    only if they are `optional`.
    """
    hints = get_type_hints(kind)
    total = 0.0
    for field in fields(kind):
        if field.default is None:
            continue
        complex_numbers = any("complex" in str(part) for part in (hints[field.name], *get_args(hints[field.name])))
        width = widths.get(field.name, 16 if complex_numbers else 8)
        shape = [int(name) if name.isdigit() else lengths[name] for name in field.metadata["dims"]]
        total += width * float(np.prod(shape)) + DATASET_BYTES
    return total


def held(stage: Any) -> float:
    """Bytes of the arrays of a dataclass."""
    return float(
        sum(value.nbytes for field in fields(stage) if isinstance(value := getattr(stage, field.name), np.ndarray))
    )


@dataclass(frozen=True)
class _Sample:
    """What a few irreducible points tell of all: numbers of entries and isotope pairs, memory in bytes beside the
    stages' own, and seconds of processor time: setting up a shard, its points together, an application of the collision
    operator, the isotope pairs."""

    n_entries: float
    n_pairs: float
    preparation_memory: float
    point_memory: float
    preparation_seconds: float
    points_seconds: float
    application_seconds: float
    pairs_seconds: float


def _sample(crystal: Crystal, mesh: Mesh, phonons: Phonons, run: Run, n_triplets: int) -> _Sample:
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
    for count, point in enumerate(_spread(mesh.n_irreducible)):
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
    n_entries = n_triplets * n_shell / max(n_sampled, 1)
    pairs_seconds, pairs, n_pairs = _sample_pairs(crystal, mesh, phonons, run)
    return _Sample(
        n_entries=n_entries,
        n_pairs=n_pairs,
        preparation_memory=BYTES_PER_ORDERED_BLOCK * blocks + held(common.folded) + common.rotated.nbytes,
        point_memory=_point_memory(common, mesh, phonons),
        preparation_seconds=preparation_seconds,
        points_seconds=per_triplet * n_triplets + seconds_per_point / n_points * mesh.n_irreducible,
        application_seconds=_application_seconds(mesh, phonons, run, elements, n_shell, n_entries, pairs, n_pairs),
        pairs_seconds=pairs_seconds,
    )


def _spread(number: int) -> Iterator[int]:
    """0 to number - 1 in an order whose every beginning is spread over all of it."""
    bits = max(number - 1, 1).bit_length()
    for index in range(2**bits):
        position = int(f"{index:0{bits}b}"[::-1], 2)
        if position < number:
            yield position


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


def _sample_pairs(crystal: Crystal, mesh: Mesh, phonons: Phonons, run: Run) -> tuple[float, IsotopePairs, float]:
    """Seconds for all isotope pairs, some of them, and the number of all."""
    isotopes = run["scattering"]["isotopes"]
    disorder = np.ones(len(crystal.masses)) if isinstance(isotopes, Mapping) else isotope_disorder(crystal, isotopes)
    few = max(1, int(2e7 / (mesh.n_points * crystal.n_bands**2)))
    chosen = np.sort(np.array(list(_spread(mesh.n_irreducible)))[:few])
    # As each mode sees them: with `event` a pair is held by one of its two points, and half as many are there.
    each = {**run["integration"], "weights": "mode"}
    isotope_pairs(replace(mesh, irreducible=mesh.irreducible[:1]), phonons, disorder, each)
    seconds, pairs = timed(isotope_pairs, replace(mesh, irreducible=mesh.irreducible[chosen]), phonons, disorder, each)
    counts = np.zeros(mesh.n_irreducible, dtype=np.int64)
    counts[chosen] = np.diff(pairs.starts)
    factor = mesh.n_irreducible / len(chosen)
    total = len(pairs.rates) * factor * (0.5 if run["integration"]["weights"] == "event" else 1.0)
    return seconds * factor, replace(pairs, starts=np.cumsum([0, *counts])), total


def _application_seconds(
    mesh: Mesh,
    phonons: Phonons,
    run: Run,
    elements: list[MatrixElements],
    n_shell: int,
    n_entries: float,
    pairs: IsotopePairs,
    n_pairs: float,
) -> float:
    """Processor time of an application of the collision operator at all temperatures: of the sample, and of nothing."""
    temperatures = np.array(run["temperatures"], dtype=float)
    shape = (mesh.n_irreducible, phonons.n_bands, len(temperatures))
    full = CollisionOperator(mesh, phonons.frequencies, temperatures, True, np.ones(shape), elements, pairs)
    empty = replace(full, matrix_elements=[], isotope_pairs=IsotopePairs.none(mesh.n_irreducible))
    only_pairs = replace(full, matrix_elements=[])
    representation = vectors(mesh)
    field_of_ones = np.ones((*shape[:2], 3, shape[2]))
    costs = []
    for operator in (full, only_pairs, empty):
        operator.apply(field_of_ones, representation)
        costs.append(timed(operator.apply, field_of_ones, representation)[0])
    per_entry = max(costs[0] - costs[1], 0.0) / max(n_shell, 1)
    per_pair = max(costs[1] - costs[2], 0.0) / max(len(pairs.rates), 1)
    return costs[2] + per_entry * n_entries + per_pair * n_pairs


def _point_memory(common: Preparation, mesh: Mesh, phonons: Phonons) -> float:
    """Memory for a moment, bytes: tables of the energy shell, and the transform of the largest group of bands."""
    n_bands = phonons.n_bands
    corners = 15 * mesh.n_points * (16 + 8 * n_bands)
    folded = common.folded
    sets = phonons.degenerate_sets[mesh.irreducible[-1]]
    groups = band_groups(sets, mesh, folded, mesh.n_points, common.max_memory)
    group = max(one.stop - one.start for one in groups)
    transformed = group * _bytes_per_band(common, mesh)
    return corners + transformed + 16.0 * n_bands**2 * (2 * group + 3) * len(folded.distances)


def _stages(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    run: Run,
    n_shards: int,
    sample: _Sample,
    mesh_seconds: float,
    wedge_seconds: float,
) -> Iterator[Stage]:
    n_bands, n_temperatures = crystal.n_bands, len(run["temperatures"])
    modes = mesh.n_irreducible * n_bands
    events = run["integration"]["weights"] == "event"
    n_triplets = count_triplets(mesh, each_event_once=events)
    lengths = {
        "atom": n_bands // 3,
        "grid": mesh.n_points,
        "ir_q": mesh.n_irreducible,
        "band": n_bands,
        "component": n_bands,
        "operation": len(mesh.rotations),
        "temperature": n_temperatures,
        "point": ceil(mesh.n_irreducible / n_shards),
        "point_bound": ceil(mesh.n_irreducible / n_shards) + 1,
        "triplet": ceil(n_triplets / n_shards),
        "triplet_bound": ceil(n_triplets / n_shards) + 1,
        "entry": ceil(sample.n_entries / n_shards),
        "check": 8,
    }
    narrow = {"second_points": 4, "third_points": 4, "bands": 4, "processes": 1, "checksums": 48}
    files = {kind: file_bytes(kind, lengths, narrow) for kind in (Phonons, MatrixElements, Linewidths, ShardIndex)}
    common = JOB_MEMORY + held(crystal) + held(mesh)
    with_phonons = common + files[Phonons]
    mesh_size = held(mesh) + len(fields(mesh)) * DATASET_BYTES
    yield Stage("mesh", 1, mesh_size, common + 400.0 * mesh.n_points, JOB_SECONDS / 2 + mesh_seconds)
    seconds = JOB_SECONDS + wedge_seconds * mesh.n_points / 2 / mesh.n_irreducible
    yield Stage("phonons", 1, files[Phonons], with_phonons + files[Phonons] / 2, seconds)

    stored = run["integration"]["storage"] == "store"
    shard = files[MatrixElements]
    third_order = with_phonons + max(sample.preparation_memory, sample.point_memory) + held(mesh)
    third_seconds = sample.preparation_seconds + sample.points_seconds
    if stored:
        seconds = n_shards * (JOB_SECONDS + sample.preparation_seconds) + sample.points_seconds
        yield Stage("matrix_elements", n_shards, n_shards * shard, third_order + 2 * shard, seconds)
        yield Stage("matrix_elements_index", 1, files[ShardIndex], JOB_MEMORY + 2 * shard, JOB_SECONDS)

    statistics = 8.0 * mesh.n_points * n_bands * n_temperatures
    pairs_memory = 2 * BYTES_PER_PAIR * sample.n_pairs
    read = 2 * shard if stored else third_order - with_phonons
    passed = LINEWIDTHS_PER_APPLICATION * sample.application_seconds + sample.pairs_seconds
    yield Stage(
        "linewidths",
        1,
        files[Linewidths],
        with_phonons + max(read, pairs_memory) + statistics + 8 * 8.0 * modes * n_temperatures,
        JOB_SECONDS + passed + (0.0 if stored else third_seconds),
    )

    everything = n_shards * shard + shard if stored else third_order - with_phonons
    fields_memory = 4 * 3 * statistics
    application = sample.application_seconds + (0.0 if stored else third_seconds)
    operator = with_phonons + everything + pairs_memory + statistics + fields_memory
    invariant = np.rint(np.einsum("qaa->q", vectors(mesh).projectors))
    n_coordinates = int(invariant.sum()) * n_bands
    dense = 1e9 * dense_gigabytes(n_coordinates, 1)
    transport = file_bytes(Transport, lengths, {})
    maximum = run["integration"]["max_memory"] * 1e9
    for solver in run["solvers"]:
        size, memory, seconds = transport, operator, JOB_SECONDS + sample.pairs_seconds
        if solver in ("rta", "wigner"):
            memory, seconds = with_phonons + 12 * transport, JOB_SECONDS
        elif solver == "direct":
            # Beyond max_memory it is refused when it runs; here with what it would need.
            memory += dense
            seconds += 2 * application + n_temperatures * (application / 3 + _dense_seconds("solve", n_coordinates))
        elif solver == "relaxons" and relaxons.COPIES * dense <= maximum:
            spectra = 3.0 * modes * n_coordinates * 8 * n_temperatures
            memory += relaxons.COPIES * dense + spectra
            size += 13 * 8.0 * n_coordinates * n_temperatures
            seconds += 2 * application + n_temperatures * (2 * application / 3 + _dense_seconds("eigh", n_coordinates))
        elif solver == "viscosity":
            alone = self_inverse(mesh)
            # A tensor for each choice of images, where `application` is that of a vector.
            components = 9 * related_choices(mesh, ~alone).count
            repeated = application + (components / 3 - 1) * sample.application_seconds
            of_temperature = viscosity.FIELDS * 8.0 * components * mesh.n_points * n_bands
            at_once = min(n_temperatures, max(1, int(maximum / of_temperature)))
            n_even = n_bands * (mesh.n_points + int(alone.sum())) // 2
            even = 1e9 * dense_gigabytes(n_even, viscosity.COPIES)
            seconds += ITERATIONS * repeated
            if even <= maximum:
                seconds += n_temperatures * (repeated / 9 + _dense_seconds("eigh", n_even))
            memory += max(at_once * of_temperature, even if even <= maximum else 0.0)
            size = 8.0 * n_temperatures * (3 * 81 + 2 * n_even) + len(fields(Viscosity)) * DATASET_BYTES
        else:
            seconds += ITERATIONS * application
        yield Stage(solver, 1, size, memory, seconds)
    scanned = boundary_solvers(run) if run["analysis"]["boundary_scan"] else []
    if "variational" in scanned:
        seconds = JOB_SECONDS + sample.pairs_seconds + SCAN_ITERATIONS * application
        yield Stage(SCAN, 1, transport, operator, seconds)
    yield Stage(SMALL, N_SMALL, 1e6, JOB_MEMORY, N_SMALL * JOB_SECONDS)


def _dense_seconds(method: str, size: int) -> float:
    """Processor time of a dense solution or diagonalisation, from that of a small one: it grows with the cube."""
    small = 300
    matrix = np.diag(np.arange(1.0, small + 1)) + 0.01
    work: Callable[[], Any] = (
        (lambda: linalg.eigh(matrix)) if method == "eigh" else (lambda: linalg.solve(matrix, matrix[0], assume_a="sym"))
    )
    work()
    return timed(work)[0] * (size / small) ** 3
