"""The pages that a person opens: the report of a run, and the page that compares runs; each is one HTML file.

Everything that a page shows is inside it, so it can be sent to a colleague and read without a network.
"""

import base64
import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import yaml

from peierls import __version__, citations, words
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.health import HealthCheck
from peierls.mesh import Mesh
from peierls.solvers import Result, Viscosity
from peierls.time_spent import SMALLEST_MEMORY, Job

SOFTWARE = ("numpy", "scipy", "numba", "h5py", "spglib", "seekpath", "matplotlib", "snakemake")
PIXELS_PER_POINT = 1.45
NO_RESULT = "no result"
ALIKE = re.compile(r"[kg][xyz]{2}|mu_[xyz]{4}|\w+_W_m_K|\w+_ps")
"""Columns of a table that are of one kind: what is zero in one of them is so beside the others."""
LONGEST_TABLE = 500
"""Rows of a table beyond which a page shows only the first, and names the file."""

COMPARISON = (
    "kappa",
    "conductivity of the runs against temperature",
    "Lattice thermal conductivity against temperature, the mean over the directions that conduct, on logarithmic "
    "axes: a colour for each run, a line for each solver, and one for those that agree to 0.1 %.",
)
"""Name, title and caption of the figure that compares runs."""


@dataclass(frozen=True)
class Study:
    """A run and what it found."""

    name: str
    settings: Run
    crystal: Crystal
    mesh: Mesh
    results: Sequence[Result]
    analysis: Sequence[HealthCheck] = ()


@dataclass(frozen=True)
class Exhibit:
    """A figure or a table of the run: its file and what is said beside it."""

    name: str
    title: str
    caption: str
    path: str

    @cached_property
    def data(self) -> str:
        """The file as a link that holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(Path(self.path).read_bytes()).decode()}"

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height at which a figure is shown, in pixels: its own, a little larger."""
        with open(self.path, encoding="utf-8") as stream:
            found = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', stream.read(4096))
        assert found is not None
        return round(float(found[1]) * PIXELS_PER_POINT), round(float(found[2]) * PIXELS_PER_POINT)

    @property
    def alternative(self) -> str:
        """What stands for a figure where it cannot be seen."""
        return f"{_sentence(self.title)}. {self.caption}"

    @cached_property
    def rows(self) -> list[list[str]]:
        """The rows of a table, its header first, numbers with five digits."""
        with open(self.path, encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        components = [place for place, name in enumerate(header) if ALIKE.fullmatch(name)]
        for row in rows:
            largest = max((abs(float(row[place])) for place in components), default=0.0)
            for place in components:
                # What is zero by symmetry is not the noise of its sums.
                row[place] = "0" if abs(float(row[place])) < words.NOISE * largest else row[place]
        return [header, *([_shorter(cell) for cell in row] for row in rows)]

    @cached_property
    def numbers(self) -> list[int]:
        """The columns of a table that hold numbers only, or nothing."""
        columns = zip(*self.rows[1:], strict=True)
        return [place for place, column in enumerate(columns) if all(not cell or _is_number(cell) for cell in column)]


@dataclass(frozen=True)
class Time:
    """What the jobs of one kind took: wall and processor time in s, largest memory in MB."""

    jobs: str
    count: int
    seconds: float
    cpu_seconds: float
    memory: float

    @property
    def measured(self) -> bool:
        """Whether Snakemake had the time to look at a job: of a short one it knows the wall time alone."""
        return self.memory >= SMALLEST_MEMORY


@dataclass(frozen=True)
class Fault:
    """What a reader must know before a number: the solver, the check, and a sentence."""

    solver: str
    name: str
    sentence: str


def report(
    study: Study,
    figures: Sequence[Exhibit],
    tables: Sequence[Exhibit],
    times: Sequence[Time] = (),
    versions: Mapping[str, str] | None = None,
) -> str:
    """The report of a run as HTML.

    `times` are those of its jobs, `versions` those of the libraries; where they are equal, so are the bytes.
    """
    settings = study.settings
    health = [(result.solver, result.health) for result in study.results]
    health += [("analysis", list(study.analysis))] if study.analysis else []
    return _render(
        "report.html",
        study=study,
        formula=words.formula(study.crystal.species),
        mesh=_sizes(study.mesh),
        words=words.of_run(settings),
        long_range=words.long_range(study.crystal, settings),
        summary=summary(study),
        faults=faults(study),
        n_checks=sum(len(checks) for _, checks in health),
        health=health,
        figures=figures,
        tables=[table for table in tables if len(table.rows) > 1],
        longest=LONGEST_TABLE,
        sources=[source.split(" sha256:") for source in study.crystal.sources],
        configuration=yaml.safe_dump(settings, sort_keys=True, allow_unicode=True, default_flow_style=None, width=80),
        versions={"peierls": __version__, **(versions or {})},
        citations=citations.of_run(study.settings, study.crystal.born_charges is not None),
        times=times,
    )


def index(studies: Sequence[Study], figure: Exhibit) -> str:
    """The page that compares runs; `figure` is that of their conductivities against temperature."""
    rows: list[dict[str, Any]] = [
        {
            "study": study,
            "formula": words.formula(study.crystal.species),
            "mesh": _sizes(study.mesh),
            "words": words.of_run(study.settings),
            "kappa": {row["solver"]: row["value"] for row in summary(study) if row["unit"] != "Pa s"},
            "faults": faults(study),
        }
        for study in studies
    ]
    solvers = list(dict.fromkeys(solver for row in rows for solver in row["kappa"]))
    return _render("index.html", rows=rows, solvers=solvers, figure=figure)


def summary(study: Study) -> list[dict[str, Any]]:
    """For each solver: what it found at the temperature nearest to 300 K, in words, and its health."""
    rows = []
    for result in study.results:
        chosen = words.nearest(result.temperature)
        if isinstance(result, Viscosity):
            found, assumed = result.viscosity[chosen], "mean over directions"
            value, unit = words.viscosity(found), "Pa s"
        else:
            found, assumed = result.kappa[chosen], words.assumed(result.geometry)
            value, unit = words.conductivity(found), "W/m/K"
        if not result.converged[chosen] or np.isnan(found).any():
            value, unit = NO_RESULT, ""
        rows.append(
            {
                "solver": result.solver,
                "temperature": f"{result.temperature[chosen]:g} K",
                "value": value,
                "unit": unit,
                "assumed": assumed,
                "failed": [check for check in result.health if not check.passed],
                "n_checks": len(result.health),
            }
        )
    return rows


def faults(study: Study) -> list[Fault]:
    """Temperatures without a result, and every health check that failed; equal findings of several solvers once."""
    found: dict[HealthCheck, list[str]] = defaultdict(list)
    for result in study.results:
        tensors = result.viscosity if isinstance(result, Viscosity) else result.kappa
        found_nan = np.isnan(tensors.reshape(len(tensors), -1)).any(axis=1)
        missing = result.temperature[(result.converged == 0) | found_nan]
        if len(missing):
            at = ", ".join(f"{temperature:g}" for temperature in missing)
            found[HealthCheck("no result", False, f"there is no result at {at} K")].append(result.solver)
        for check in result.health:
            if not check.passed:
                found[check].append(result.solver)
    for check in study.analysis:
        if not check.passed:
            found[check].append("analysis")
    return [Fault(", ".join(solvers), check.name, check.sentence) for check, solvers in found.items()]


def versions() -> dict[str, str]:
    """Those of the libraries whose numbers are in the results."""
    return {name: version(name) for name in SOFTWARE}


def times(jobs: Iterable[Job]) -> list[Time]:
    """What jobs took, those of one stage together."""
    stages = defaultdict(list)
    for job in jobs:
        stages[job.stage.replace("_", " ")].append(job)
    return [
        Time(
            stage,
            len(own),
            sum(job.wall for job in own),
            sum(job.processor for job in own),
            max(job.memory for job in own),
        )
        for stage, own in stages.items()
    ]


def exhibits(said: Iterable[Sequence[str]], paths: Iterable[str]) -> list[Exhibit]:
    """Figures or tables from name, title and caption of each, and their files."""
    return [Exhibit(name, title, caption, str(path)) for (name, title, caption), path in zip(said, paths, strict=True)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _shorter(cell: str) -> str:
    return f"{float(cell):.5g}" if _is_number(cell) else cell


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sizes(mesh: Mesh) -> str:
    return "×".join(str(int(size)) for size in mesh.sizes)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _render(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("peierls"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(duration=_duration, sentence=_sentence)
    return environment.get_template(template).render(**values)
