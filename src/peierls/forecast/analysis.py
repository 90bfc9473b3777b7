"""What is derived from the solution: curves, spectra, coherences, phase space, tables, figures and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from peierls import wigner
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.cumulative import N_FREQUENCIES as N_OF_CURVES
from peierls.cumulative import SHARES, Cumulative, accumulated
from peierls.forecast.sample import corner_bytes, spread, timed
from peierls.forecast.sizes import DATASET_BYTES, file_bytes, held
from peierls.forecast.stage import JOB_MEMORY, Stage
from peierls.forecast.start import start
from peierls.layout import ITERATING, boundary_solvers, solvers_by_modes
from peierls.mesh import Mesh
from peierls.on_shell import on_shell_search
from peierls.parts import kappa_on_atoms, part_names, weights_on_atoms
from peierls.phase_space import PhaseSpace
from peierls.phonons import Phonons
from peierls.spectral import N_FREQUENCIES as N_OF_DENSITY
from peierls.spectral import spread_over_frequency
from peierls.spectral_conductivity import N_FREQUENCIES, SpectralConductivity
from peierls.tdep_files import N_LENGTHS, N_MEAN_FREE_PATHS
from peierls.thin_film import ThinFilm
from peierls.triplets import count_reduced_triplets, reduced_triplets

N_CURVE_LENGTHS = 130
"""Points of the axis of mean free paths of cumulative curves (measured: 75 to 160)."""
FIGURE_BYTES = 2.5e5
"""A figure in both its forms, and in the report (measured: 1 to 6e5)."""
_TDEP_DATASETS = 13
"""Datasets of TDEP's file for each temperature."""
_MODES = 4000
"""Modes in the sample of a cumulative curve."""
_POINTS, _BAND_TRIPLES = 4, 2e6
"""Irreducible points and, at each, triples of bands in the sample of the phase space."""
_PRODUCTS = 2e6
"""Products of velocities in the sample of the coherences."""


@dataclass(frozen=True)
class Analysis:
    """Of a run; `inputs` is the memory of a job that has read crystal, mesh and phonons, bytes."""

    crystal: Crystal
    mesh: Mesh
    phonons: Phonons
    run: Run
    inputs: float

    def stages(self) -> Iterator[Stage]:
        """Those whose files or times grow with the run."""
        analysis, n_solvers = self.run["analysis"], len(solvers_by_modes(self.run))
        if analysis["phase_space"]:
            yield self._phase_space()
        if analysis["cumulative"] and n_solvers:
            yield self._cumulative(n_solvers)
        if analysis["spectral"] and n_solvers:
            yield self._spectral(n_solvers)
        if analysis["thin_film"] and n_solvers:
            yield self._thin_film(n_solvers)

    def small(self, name: str) -> Stage:
        """All others in one row."""
        figures, others = self.counts()
        by_modes = bool(solvers_by_modes(self.run))
        size = held(self.crystal) + FIGURE_BYTES * figures + (self._tdep_bytes() if by_modes else 0.0)
        seconds = figures * start().figure + others * start().libraries + self._spread_seconds(N_OF_DENSITY)
        if by_modes:
            # TDEP's files hold a spectrum, too.
            seconds += self._spread_seconds(N_FREQUENCIES) + 2 * self._n_temperatures * self._on_atoms_seconds
        curves = self._curve_bytes if by_modes and self.run["analysis"]["cumulative"] else 0.0
        return Stage(name, figures + others, size, max(JOB_MEMORY + 3 * curves, self._memory), seconds)

    def counts(self) -> tuple[int, int]:
        """Figures, and other small jobs."""
        run, analysis = self.run, self.run["analysis"]
        by_modes = bool(solvers_by_modes(run))
        sizes = boundary_solvers(run) if analysis["boundary_scan"] else []
        conducts = by_modes or "wigner" in run["solvers"]
        averaged = run["nac"]["direction"] == "average"
        iterates = not averaged and any(solver in ITERATING for solver in run["solvers"])
        sheet = bool((self.mesh.sizes == 1).any())
        cumulative, spectral = bool(by_modes and analysis["cumulative"]), bool(by_modes and analysis["spectral"])
        film = bool(by_modes and analysis["thin_film"])
        own = [one in run["solvers"] for one in ("wigner", "viscosity")]
        relaxons = "relaxons" in run["solvers"] and not averaged
        # Bands and linewidths; a table has a job, too.
        figures = 2 + conducts + 2 * cumulative + 2 * spectral + bool(sizes) + film + iterates + relaxons + sum(own)
        tables = 2 + own[1] + sheet + cumulative + bool(sizes) + film + bool(analysis["phase_space"])
        # Crystal, bands, density of states, thermal, health, report, verdict, index; scan in RTA; TDEP's files.
        jobs = 8 + ("rta" in sizes) + by_modes + bool(by_modes and analysis["dump_grid"])
        return figures, tables + jobs

    @cached_property
    def _n_temperatures(self) -> int:
        return len(self.run["temperatures"])

    @cached_property
    def _n_modes(self) -> int:
        return self.mesh.n_irreducible * self.crystal.n_bands

    @cached_property
    def _n_parts(self) -> int:
        return len(part_names(self.crystal.species, self.crystal.n_bands))

    @cached_property
    def _memory(self) -> float:
        """Memory of a job that shares the heat of each mode among the atoms."""
        grid = 8.0 * self.mesh.n_points * self.crystal.n_bands
        n_atoms = len(self.crystal.species)
        # Squared eigenvectors and the averages over sets; κ of every mode while it is made.
        return self.inputs + grid * (2 * n_atoms + 2 * self.crystal.n_bands + 3 * 9) + 72.0 * self._n_modes * n_atoms

    def _lengths(self, **others: int) -> dict[str, int]:
        return {
            "ir_q": self.mesh.n_irreducible,
            "band": self.crystal.n_bands,
            "temperature": self._n_temperatures,
            "part": self._n_parts,
            **others,
        }

    def _phase_space(self) -> Stage:
        """As the search for what is on shell takes, all triplets of each point seen from the point."""
        mesh = self.mesh
        search = on_shell_search(mesh, self.phonons, {**self.run["integration"], "weights": "mode"})
        rotated, n_sampled, seconds_of_triplets, seconds_of_points = mesh.rotated(), 0, 0.0, 0.0
        points = list(islice(spread(mesh.n_irreducible), _POINTS))
        most = max(16, int(_BAND_TRIPLES / self.crystal.n_bands**3))
        for point in points:
            seconds, triplets = timed(reduced_triplets, mesh, point, rotated)
            seconds_of_points += seconds
            some = np.unique(np.linspace(0, len(triplets.q2) - 1, most).astype(np.int64))
            arguments = int(mesh.irreducible[point]), triplets.q2[some], triplets.q3[some]
            if not n_sampled:
                search(*arguments)
            seconds_of_triplets += timed(search, *arguments)[0]
            n_sampled += len(some)
        n_triplets = count_reduced_triplets(mesh, each_event_once=False)
        total = seconds_of_triplets / n_sampled * n_triplets + seconds_of_points / len(points) * mesh.n_irreducible
        memory = self.inputs + corner_bytes(mesh, self.crystal.n_bands)
        return Stage("phase_space", 1, file_bytes(PhaseSpace, self._lengths()), memory, start().kernels + total)

    def _cumulative(self, n_solvers: int) -> Stage:
        size, n_atoms = self._curve_bytes, len(self.crystal.species)
        some = min(self._n_modes, _MODES)
        axis, positions = np.geomspace(0.1, 1e3, N_CURVE_LENGTHS), np.geomspace(0.1, 1e3, some)
        smooth = sum(
            timed(accumulated, positions, np.ones((some, columns)), axis, 0.5)[0] for columns in (9, 9 * n_atoms)
        )
        # Over mean free paths and over displacements, the branches one by one and all atoms together.
        of_each = self._on_atoms_seconds + 2 * smooth * self._n_modes / some
        seconds = n_solvers * (start().kernels + self._n_temperatures * of_each)
        return Stage("cumulative", n_solvers, n_solvers * size, self._memory + 2 * size, seconds)

    @cached_property
    def _curve_bytes(self) -> float:
        """Those of the cumulative curves of a solver."""
        lengths = self._lengths(length=N_CURVE_LENGTHS, frequency=N_OF_CURVES, step=self._n_modes, share=len(SHARES))
        return file_bytes(Cumulative, lengths)

    def _spectral(self, n_solvers: int) -> Stage:
        size = file_bytes(SpectralConductivity, self._lengths(solver=n_solvers, frequency=N_FREQUENCIES))
        seconds = n_solvers * self._n_temperatures * self._on_atoms_seconds + self._spread_seconds(N_FREQUENCIES)
        return Stage("spectral", 1, size, self._memory + 2 * size, start().kernels + seconds)

    def _thin_film(self, n_solvers: int) -> Stage:
        settings = self.run["analysis"]["thin_film"]
        lengths = self._lengths(kind=len(settings["kinds"]), thickness=len(settings["thickness"]))
        size = file_bytes(ThinFilm, lengths)
        return Stage("thin_film", n_solvers, n_solvers * size, self.inputs, n_solvers * start().libraries)

    @cached_property
    def _on_atoms_seconds(self) -> float:
        """Processor time of sharing the heat of all modes at one temperature among the atoms."""
        weights = weights_on_atoms(self.crystal, self.phonons)
        ones = np.ones((self.mesh.n_irreducible, self.crystal.n_bands, 3))
        arguments = 1.0, self.mesh, self.phonons, weights, 300.0, ones
        kappa_on_atoms(*arguments)
        return timed(kappa_on_atoms, *arguments)[0]

    def _spread_seconds(self, n_points: int) -> float:
        """Processor time of spreading the modes over an axis, which grows with the number of its points."""
        fixed, of_each = self._spread
        return fixed + of_each * n_points

    @cached_property
    def _spread(self) -> tuple[float, float]:
        """That of an axis without points, and of each, from axes of few."""
        few, more = 50, 150
        arguments = self.mesh, self.phonons, self.run["integration"]
        spread_over_frequency(*arguments, 2)  # what is compiled is loaded
        of_few, of_more = (timed(spread_over_frequency, *arguments, number)[0] for number in (few, more))
        of_each = max(of_more - of_few, 0.0) / (more - few)
        return max(of_few - few * of_each, 0.0), of_each

    def _tdep_bytes(self) -> float:
        """Those of TDEP's files: curves over lengths and frequencies of parts, and all modes of the full mesh."""
        # κ of a domain is a tensor; that over frequency is known by direction, too.
        per_temperature = self._n_parts * (N_MEAN_FREE_PATHS + N_FREQUENCIES) + 9 * N_FREQUENCIES + 10 * N_LENGTHS
        size = self._n_temperatures * (8.0 * per_temperature + _TDEP_DATASETS * DATASET_BYTES)
        if self.run["analysis"]["dump_grid"]:
            n_bands = self.crystal.n_bands
            size += 8.0 * self.mesh.n_points * n_bands * (2 * n_bands + 9 + 3 * 3 + 10)
        return size


def seconds_of_coherences(mesh: Mesh, phonons: Phonons, run: Run) -> float:
    """Processor time of the coherences of all modes at all temperatures, from some points."""
    temperatures = np.array(run["temperatures"], dtype=float)
    n_points = max(1, min(mesh.n_irreducible, int(_PRODUCTS / (9 * phonons.n_bands**2))))
    some = np.arange(n_points)
    own = mesh.irreducible[some]
    modes = wigner.Modes(
        phonons.frequencies[own],
        np.ones((len(temperatures), n_points, phonons.n_bands)),
        phonons.velocity_operator[some],
        phonons.group_velocities[some],
        phonons.degenerate_sets[own],
        mesh.weights[some],
    )
    return timed(wigner.coherences, modes, temperatures)[0] * mesh.n_irreducible / n_points
