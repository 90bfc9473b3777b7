"""What each stage of a run costs: jobs, files, memory and processor time, from the sizes of its arrays and a sample."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property, partial
from math import ceil, log

import numpy as np

from peierls import wigner
from peierls.boundary_scan import BoundaryScan
from peierls.collision_operator import vectors
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.crystal_momentum import related_choices, self_inverse
from peierls.dense_collision_operator import dense_gigabytes
from peierls.forecast.analysis import Analysis, seconds_of_coherences
from peierls.forecast.dense import seconds_of_eigenvectors, seconds_of_factorisation, seconds_of_product
from peierls.forecast.least import mesh_bytes
from peierls.forecast.sample import Sample, timed
from peierls.forecast.sizes import DATASET_BYTES, FILE_BYTES, file_bytes, held
from peierls.forecast.stage import JOB_MEMORY, KERNELS_MEMORY, Stage
from peierls.forecast.start import seconds_per_byte, start
from peierls.layout import boundary_solvers
from peierls.linewidths import Linewidths
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.shards import ShardIndex
from peierls.solvers import Transport, Viscosity, relaxons, viscosity
from peierls.solvers.shifted_systems import solve_shifted
from peierls.units import GIGABYTE

ITERATIONS = 13
"""Applications of the collision operator until conjugate gradients have converged to 1e-9 (measured: 6 to 20)."""
FIXED_POINT = 1.7
"""Applications of the fixed point over those of conjugate gradients: errors shrink by ρ a step where those of conjugate
gradients shrink by (1 - √(1 - ρ²))/ρ. 13 steps to 1e-9 say that this is 0.2, so that ρ is 0.39."""
SCAN_ITERATIONS = 27
"""Applications until all lengths of the scan have converged (measured: 17 to 30)."""
SCAN_LENGTHS = 27
"""Lengths of the scan where none are given (measured: 22 to 33)."""
_COORDINATES = 100_000
"""Coordinates of the fields of all temperatures in the sample of the scan, at most."""
_FIELDS_OF_MESH, _FIELDS_OF_WEDGE = 2, 10
"""Tensor fields held at once by conjugate gradients."""
SCAN = "boundary_scan"
SMALL = "tables and figures"
BYTES_PER_PAIR = 16
"""Memory of an isotope pair; while they are looked for four times as much."""


@dataclass(frozen=True)
class Costs:
    """The stages of a run below the crystal, its third order cut into `n_shards`: from the number of triplets, a sample
    of the third order, and the processor time that the mesh, the phonons of the wedge and one dynamical matrix took, s.
    """

    crystal: Crystal
    mesh: Mesh
    phonons: Phonons
    run: Run
    n_shards: int
    n_triplets: int
    sample: Sample
    mesh_seconds: float
    wedge_seconds: float
    seconds_per_wave_vector: float

    def stages(self) -> Iterator[Stage]:
        """All of them, in the order in which they are computed."""
        yield from self._harmonic()
        if self._stored:
            yield from self._third_order()
        yield self._linewidths()
        for solver in self.run["solvers"]:
            yield self._solver(solver)
        if self.run["analysis"]["boundary_scan"] and "variational" in boundary_solvers(self.run):
            yield self._scan()
        analysis = Analysis(self.crystal, self.mesh, self.phonons, self.run, self._with_phonons)
        yield from analysis.stages()
        yield analysis.small(SMALL)

    @cached_property
    def _n_temperatures(self) -> int:
        return len(self.run["temperatures"])

    @cached_property
    def _n_modes(self) -> int:
        return self.mesh.n_irreducible * self.crystal.n_bands

    @cached_property
    def _stored(self) -> bool:
        return bool(self.run["integration"]["storage"] == "store")

    def _file(self, kind: type) -> float:
        """Bytes of a stage file, the largest where there are several."""
        n_bands = self.crystal.n_bands
        points, triplets, entries = (
            ceil(number / self.n_shards) for number in (self.mesh.n_irreducible, self.n_triplets, self.sample.n_entries)
        )
        lengths = {
            "atom": n_bands // 3,
            "grid": self.mesh.n_points,
            "ir_q": self.mesh.n_irreducible,
            "band": n_bands,
            "component": n_bands,
            "operation": len(self.mesh.rotations),
            "temperature": self._n_temperatures,
            "point": points,
            "point_bound": points + 1,
            "triplet": triplets,
            "triplet_bound": triplets + 1,
            "entry": entries,
            "check": 8,
        }
        return file_bytes(kind, lengths)

    @cached_property
    def _inputs(self) -> float:
        """Memory of a job with the crystal and the mesh."""
        return JOB_MEMORY + held(self.crystal) + held(self.mesh)

    @cached_property
    def _with_phonons(self) -> float:
        return self._inputs + self._file(Phonons)

    @cached_property
    def _third_order_memory(self) -> float:
        """Memory that computing matrix elements takes beside its inputs and what is kept of it."""
        return max(self.sample.preparation_memory, self.sample.point_memory) + held(self.mesh)

    @cached_property
    def _third_order_seconds(self) -> float:
        """Processor time of all matrix elements in one job."""
        return self.sample.preparation_seconds + self.sample.points_seconds

    @cached_property
    def _field(self) -> float:
        """Bytes of a scalar field on the full mesh at all temperatures."""
        return 8.0 * self.mesh.n_points * self.crystal.n_bands * self._n_temperatures

    @cached_property
    def _isotopes(self) -> float:
        """Memory for the isotope pairs and the tensors of all modes, of which those of an atom are made at a time."""
        if not self.sample.n_pairs:
            return 0.0
        tensors = 9 * 8.0 * self.mesh.n_points * self.crystal.n_bands * (len(self.crystal.masses) + 2)
        return 4 * BYTES_PER_PAIR * self.sample.n_pairs + tensors

    def _harmonic(self) -> Iterator[Stage]:
        mesh, phonons = self.mesh, self._file(Phonons)
        size = held(mesh) + len(fields(mesh)) * DATASET_BYTES + FILE_BYTES
        memory = self._inputs + mesh_bytes(mesh.n_points, len(mesh.rotations))
        yield Stage("mesh", 1, size, memory, start().plain + self.mesh_seconds)
        # Matrices are diagonalised on half of the mesh, velocities are those of the wedge.
        seconds = start().plain + self.wedge_seconds + self.seconds_per_wave_vector * mesh.n_points / 2
        yield Stage("phonons", 1, phonons, self._with_phonons + phonons / 2, seconds)

    def _third_order(self) -> Iterator[Stage]:
        shard, n = self._file(MatrixElements), self.n_shards
        seconds = n * (start().kernels + self.sample.preparation_seconds) + self.sample.points_seconds + self._reading
        memory = self._with_phonons + KERNELS_MEMORY + self._third_order_memory + 2 * shard
        yield Stage("matrix_elements", n, n * shard, memory, seconds)
        yield Stage(
            "matrix_elements_index", 1, self._file(ShardIndex), JOB_MEMORY + shard, start().libraries + self._reading
        )

    def _linewidths(self) -> Stage:
        # A shard is there until the next one has been read.
        shards = min(2, self.n_shards) * self._file(MatrixElements)
        read = shards if self._stored else self._third_order_memory
        memory = (
            self._with_phonons
            + KERNELS_MEMORY
            + max(read, self._isotopes)
            + self._field
            + 8 * 8.0 * self._n_modes * self._n_temperatures
        )
        seconds = start().kernels + self.sample.linewidths_seconds + self.sample.pairs_seconds
        seconds += self._reading if self._stored else self._third_order_seconds
        return Stage("linewidths", 1, self._file(Linewidths), memory, seconds)

    @cached_property
    def _reading(self) -> float:
        """Processor time of reading all matrix elements that are stored, or of writing them."""
        return self.n_shards * self._file(MatrixElements) * seconds_per_byte() if self._stored else 0.0

    @cached_property
    def _application(self) -> float:
        """Processor time of an application of the collision operator to a vector field."""
        again = 0.0 if self._stored else self._third_order_seconds
        return self.sample.application_seconds + again

    @cached_property
    def _operator(self) -> float:
        """Memory of a job that applies the collision operator to vector fields."""
        elements = self.n_shards * self._file(MatrixElements) if self._stored else self._third_order_memory
        return self._with_phonons + KERNELS_MEMORY + elements + self._isotopes + self._field + 4 * 3 * self._field

    @cached_property
    def _n_coordinates(self) -> int:
        """Rows of the dense matrix of vector fields."""
        allowed = np.rint(np.einsum("qaa->q", vectors(self.mesh).projectors))
        return int(allowed.sum()) * self.crystal.n_bands

    def _solver(self, solver: str) -> Stage:
        size, memory = self._file(Transport), self._operator
        seconds = start().kernels + self.sample.pairs_seconds + self._reading
        n, n_temperatures = self._n_coordinates, self._n_temperatures
        # Beyond max_memory a dense solution is refused when it runs; here with what it would need.
        dense = GIGABYTE * dense_gigabytes(n, 1)
        if solver == "rta":
            return Stage(solver, 1, size, self._with_phonons + 12 * size, start().libraries)
        if solver == "wigner":
            return self._wigner()
        if solver == "viscosity":
            return self._viscosity()
        filling = self.sample.filling_seconds + self._third_order_seconds * (not self._stored)
        if solver == "direct":
            of_each = filling + seconds_of_factorisation(n)
            return Stage(solver, 1, size, memory + dense, seconds + self._application + n_temperatures * of_each)
        if solver == "relaxons" and relaxons.COPIES * dense <= self._maximum:
            # Scalar fields, too, of which there are fewer.
            of_each = 2 * filling + seconds_of_eigenvectors(n)
            return Stage(
                solver,
                1,
                size + 13 * 8.0 * n * n_temperatures,
                memory + relaxons.COPIES * dense,
                seconds + self._application + n_temperatures * of_each,
            )
        return Stage(solver, 1, size, memory, seconds + self._iterations(solver) * self._application)

    def _iterations(self, solver: str) -> float:
        """Applications of the operator until a solver has converged, or gives up."""
        options = self.run["solver_options"]
        number = ITERATIONS * log(options["tolerance"]) / log(1e-9) * (FIXED_POINT if solver == "iterative" else 1.0)
        return float(min(max(number, 1.0), options["max_iterations"]))

    @cached_property
    def _maximum(self) -> float:
        return float(self.run["integration"]["max_memory"]) * GIGABYTE

    def _wigner(self) -> Stage:
        """The coherences of each mode and their map beside what every solver gives."""
        n_bands, n_temperatures = self.crystal.n_bands, self._n_temperatures
        size = self._file(Transport) + 8.0 * n_temperatures * (9 * self._n_modes + wigner.N_BINS**2)
        # The products of velocities of a batch, complex first.
        products = 24.0 * min(9 * n_bands**2 * self.mesh.n_irreducible, wigner.BATCH_NUMBERS)
        memory = self._with_phonons + products + 12 * self._file(Transport)
        return Stage(
            "wigner", 1, size, memory, start().libraries + seconds_of_coherences(self.mesh, self.phonons, self.run)
        )

    def _viscosity(self) -> Stage:
        mesh, n_bands = self.mesh, self.crystal.n_bands
        alone = self_inverse(mesh)
        # A tensor for each choice of images, where an application is that to a vector.
        components = 9 * related_choices(mesh, ~alone).count
        repeated = self._application + (components / 3 - 1) * self.sample.application_seconds
        # The matrices that turn it onto the mesh and back grow with the square.
        repeated += 2 * seconds_of_product(mesh.n_points * n_bands * self._n_temperatures, components)
        of_temperature = viscosity.FIELDS * 8.0 * components * mesh.n_points * n_bands
        at_once = min(self._n_temperatures, max(1, int(self._maximum / of_temperature)))
        n_even = n_bands * (mesh.n_points + int(alone.sum())) // 2
        even = GIGABYTE * dense_gigabytes(n_even, viscosity.COPIES)
        seconds = start().kernels + self.sample.pairs_seconds + self._reading + ITERATIONS * repeated
        if even <= self._maximum:
            filling = self.sample.filling_seconds_of_even + self._third_order_seconds * (not self._stored)
            seconds += self._n_temperatures * (filling + seconds_of_eigenvectors(n_even))
        # A field on the whole mesh and what collisions make of it; the others are those of the wedge.
        of_fields = _FIELDS_OF_MESH * mesh.n_points + _FIELDS_OF_WEDGE * mesh.n_irreducible
        fields_of_batch = 8.0 * components * n_bands * at_once * of_fields
        turning = 8.0 * components**2 * (len(mesh.rotations) + mesh.n_irreducible)
        memory = self._operator + turning + max(fields_of_batch, even if even <= self._maximum else 0.0)
        size = 8.0 * self._n_temperatures * (3 * 81 + 2 * n_even) + len(fields(Viscosity)) * DATASET_BYTES
        return Stage("viscosity", 1, size, memory, seconds)

    def _scan(self) -> Stage:
        # Vectors and their images, and once more while one is added.
        space = 4 * 8.0 * 3 * self._n_modes * self._n_temperatures * SCAN_ITERATIONS
        memory = self._operator + min(space, self._maximum)
        seconds = start().kernels + self.sample.pairs_seconds + self._reading + SCAN_ITERATIONS * self._application
        lengths = self.run["analysis"]["boundary_scan"]
        n_lengths = len(lengths) if isinstance(lengths, list) else SCAN_LENGTHS
        n_temperatures = self._n_temperatures
        seconds += _subspace_seconds(n_temperatures, 3 * self._n_modes, 1 + n_lengths)
        size = file_bytes(BoundaryScan, {"temperature": n_temperatures, "length": n_lengths})
        return Stage(SCAN, 1, size, memory, seconds)


def _subspace_seconds(n_temperatures: int, n_coordinates: int, n_strengths: int) -> float:
    """Processor time that the scan spends at all temperatures beside the applications of the operator: on the subspace,
    and on a solution in it for each strength."""
    n = max(1, min(n_coordinates, _COORDINATES // n_temperatures))
    diagonal = np.tile(np.linspace(1.0, 20.0, n), (n_temperatures, 1))
    ones = np.ones_like(diagonal)

    def seconds(number: int) -> float:
        strengths = np.linspace(0.0, 1.0, number)
        solve = partial(solve_shifted, lambda vector: diagonal * vector, diagonal, ones, ones)
        return timed(solve, strengths, 0.0, SCAN_ITERATIONS)[0]

    few, more = 1, 3
    of_few = seconds(few)
    of_each = max(seconds(more) - of_few, 0.0) / (more - few)
    return (of_few + (n_strengths - few) * of_each) * n_coordinates / n
