"""Where the results of a configuration are: the file of each stage, and the files from outside that it reads."""

from collections.abc import Mapping
from pathlib import Path

from peierls import config, cutting, directions, force_constants
from peierls.config import Run
from peierls.errors import InputError

_FILES_BY_KEY = {"mesh": ("mesh.file",), "linewidths": ("scattering.isotopes.file",)}

WITHOUT_KAPPA = ("viscosity",)
"""Solvers that give something else than a conductivity."""

ITERATING = ("iterative", "variational")
"""Solvers that keep a record of their iterations."""


class Layout:
    """The files of all runs under one folder of results.

    Stages down to the matrix elements are in folders named by the digest of their settings, where runs that agree share
    them. `stored` is where the folder of results really is, if a workflow that uses this one moved it. Raises
    InputError where a file that the configuration names is missing, before anything is computed.
    """

    def __init__(self, runs: Mapping[str, Run], root: str = "results", stored: str | None = None) -> None:
        self.runs, self.root = runs, root
        self._stored = stored or root
        self.owners = {config.stage_digest(run, stage): name for name, run in runs.items() for stage in config.STAGES}
        """A run for each digest; any of those that share it will do."""
        self.input_files = {
            (name, stage): _input_files(run, stage) for name, run in runs.items() for stage in config.STAGES
        }
        """Files from outside, by run and stage."""
        self._chunks = {name: self._cut(name) for name in runs}

    def stage_file(self, run: str, stage: str) -> str:
        """The file of a shared stage of a run; of the matrix elements, the index of the shards."""
        return f"{self.root}/stages/{config.stage_digest(self.runs[run], stage)}/{stage}.h5"

    def stage_files(self, run: str) -> list[str]:
        """The files of all shared stages of a run."""
        stages = ["crystal", "mesh", "phonons", "bands", "dos"]
        return [self.stage_file(run, stage) for stage in stages] + self.matrix_elements(run)[:1]

    def matrix_elements(self, run: str) -> list[str]:
        """The index of the matrix elements and their shards; nothing where they are recomputed instead of stored.

        What is stored already is used in either case.
        """
        files = [self.stage_file(run, "matrix_elements"), *self.shards(run)]
        stored = self.runs[run]["integration"]["storage"] == "store"
        return files if stored or all(self._place(path).is_file() for path in files) else []

    def shards(self, run: str) -> list[str]:
        """The files over which the matrix elements of a run are spread."""
        return self._shards(run, self._chunks[run])

    def transports(self, run: str) -> list[str]:
        """The results of all solvers of a run."""
        return [f"{self.root}/{run}/transport/{solver}.h5" for solver in self.runs[run]["solvers"]]

    def of_directions(self, run: str, stage: str) -> list[str]:
        """The file of a stage for each direction of a run that averages over them."""
        return [f"{self.root}/{name}/{stage}.h5" for name in directions.runs_of_directions(run)]

    def populations(self, run: str) -> str:
        """The result of the solver whose populations the Wigner equation takes, whether or not it is in the table."""
        return f"{self.root}/{run}/transport/{config.populations(self.runs[run])}.h5"

    def conductivities(self, run: str) -> list[str]:
        """The results of those of its solvers that give a conductivity."""
        return [path for path in self.transports(run) if Path(path).stem not in WITHOUT_KAPPA]

    def by_modes(self, run: str) -> list[str]:
        """The results of those of its solvers whose κ is a sum over modes, the most exact first."""
        solvers = sorted(solvers_by_modes(self.runs[run]), key=config.POPULATION_SOLVERS.index)
        return [f"{self.root}/{run}/transport/{solver}.h5" for solver in solvers]

    def coherences(self, run: str) -> list[str]:
        """The result of the Wigner equation, where a run solves it."""
        return [path for path in self.transports(run) if Path(path).stem == "wigner"]

    def tdep_files(self, run: str) -> list[str]:
        """TDEP's output files, where κ of a solver is a sum over modes; that of the full mesh where it is asked for."""
        names = ["thermal_conductivity", "cumulative_kappa.hdf5"]
        names += ["grid_thermal_conductivity.hdf5"] if self.runs[run]["analysis"]["dump_grid"] else []
        return [f"{self.root}/{run}/tdep/outfile.{name}" for name in names] if self.by_modes(run) else []

    def record(self, path: str) -> str:
        """The record of the time and memory of the job that writes a file: in `benchmarks` of the same folder."""
        inside = Path(path).relative_to(self.root).with_suffix(".tsv").parts
        # A run for one direction is a folder of the run that averages: {run}/directions/{number}.
        depth = 2 if inside[0] == "stages" else 3 if inside[1] == "directions" else 1
        return str(Path(self.root, *inside[:depth], "benchmarks", *inside[depth:]))

    def iterating(self, run: str) -> list[str]:
        """The results of those of its solvers that keep a record of their iterations; none where a run averages over
        directions, whose mean has no such record."""
        of_one = self.runs[run]["nac"]["direction"] != "average"
        return [path for path in self.transports(run) if of_one and Path(path).stem in ITERATING]

    def cumulatives(self, run: str) -> list[str]:
        """The cumulative curves of each solver whose κ is a sum over modes."""
        return [f"{self.root}/{run}/analysis/cumulative/{solver}.h5" for solver in solvers_by_modes(self.runs[run])]

    def boundary_scans(self, run: str) -> list[str]:
        """κ against boundary length, by each of `boundary_solvers`."""
        return [f"{self.root}/{run}/analysis/boundary_scan/{solver}.h5" for solver in boundary_solvers(self.runs[run])]

    def thin_films(self, run: str) -> list[str]:
        """Films and wires by each solver whose κ is a sum over modes."""
        return [f"{self.root}/{run}/analysis/thin_film/{solver}.h5" for solver in solvers_by_modes(self.runs[run])]

    def _shards(self, run: str, chunks: int) -> list[str]:
        folder = self.stage_file(run, "matrix_elements").removesuffix(".h5")
        return [f"{folder}/{chunks}/{chunk}.h5" for chunk in range(chunks)]

    def _place(self, path: str) -> Path:
        return Path(self._stored, Path(path).relative_to(self.root))

    def _cut(self, run: str) -> int:
        """How many shards a run has: as configured, unless the matrix elements are all there in another number.

        The number changes no result, so what is finished is used as it was cut. Snakemake alone would compute all of it
        again, and everything below: a stage whose input is made again runs again, even where the bytes are the same.
        Runs that share their matrix elements share them as the first of these runs says.
        """
        index = self.stage_file(run, "matrix_elements")
        first = next(name for name in self.runs if self.stage_file(name, "matrix_elements") == index)
        folder = self._place(index).with_suffix("")
        present = sorted(int(path.name) for path in folder.glob("*") if path.name.isdigit())
        complete = [
            number for number in present if all(self._place(one).is_file() for one in self._shards(run, number))
        ]
        if len(complete) == 1:
            return complete[0]
        wanted = cutting.number_of_shards(self.runs[first])
        return complete[0] if complete and wanted not in complete else wanted


def solvers_by_modes(run: Run) -> list[str]:
    """The solvers of a run whose κ is a sum over modes."""
    return [solver for solver in run["solvers"] if solver in config.POPULATION_SOLVERS]


def boundary_solvers(run: Run) -> list[str]:
    """How κ against boundary length is found: in RTA if that is solved, and once for all exact solvers.

    The latter goes through the matrix elements some hundred times, so they have to be stored, and of one direction.
    """
    solvers = solvers_by_modes(run)
    of_one = run["integration"]["storage"] == "store" and run["nac"]["direction"] != "average"
    exact = any(solver != "rta" for solver in solvers) and of_one
    return ["rta"] * ("rta" in solvers) + ["variational"] * exact


def _input_files(run: Run, stage: str) -> list[str]:
    if stage == "crystal":
        return [str(path) for path in force_constants.input_files(run["force_constants"])]
    named = [(key, config.at(run, key)) for key in _FILES_BY_KEY.get(stage, ())]
    for key, path in named:
        if path is not None and not Path(path).is_file():
            raise InputError(f"{path}: no such file, named by key '{key}'")
    return [path for _, path in named if path is not None]
