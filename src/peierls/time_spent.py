"""Where the time of a workflow went, from the benchmark files of its jobs."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SMALLEST_MEMORY = 10
"""Memory, MB, below which no job is: Snakemake had no time to look at it, and knows its wall time alone."""
_SMALL = 0.01
"""Stages that took a smaller share of the time than this are told together."""


@dataclass(frozen=True)
class Job:
    """What Snakemake measured of a job: its stage, wall and processor time in s, and its largest memory in MB."""

    stage: str
    wall: float
    processor: float
    memory: float


def jobs(folder: str | Path, since: float) -> list[Job]:
    """The jobs under a folder of results that ended after the time `since`, in s."""
    paths = sorted(path for path in Path(folder).glob("**/benchmarks/**/*.tsv") if path.stat().st_mtime >= since)
    return [job for path in paths for job in _read(path)]


def of_records(paths: Iterable[str | Path]) -> list[Job]:
    """The jobs of some benchmark files; those that are not there are left out."""
    return [job for path in map(Path, paths) if path.is_file() for job in _read(path)]


def table(found: list[Job]) -> list[str]:
    """A line per stage, that which took longest first, and one for those that took next to nothing; no lines where
    there was no job."""
    if not found:
        return []
    stages: dict[str, list[Job]] = {}
    for job in found:
        stages.setdefault(job.stage, []).append(job)
    ordered = sorted(stages.items(), key=lambda item: -sum(job.wall for job in item[1]))
    small = _SMALL * sum(job.wall for job in found)
    short = [own for _, own in ordered if sum(job.wall for job in own) < small]
    if len(short) > 1:
        ordered[-len(short) :] = [(f"{len(short)} others", [job for own in short for job in own])]
    return [
        f"{'stage':<24}{'jobs':>6}{'wall s':>10}{'CPU s':>10}{'memory MB':>12}",
        *(_row(stage, own) for stage, own in ordered),
        *([_row("all", found)] if len(ordered) > 1 else []),
    ]


def _row(name: str, own: list[Job]) -> str:
    wall, processor = sum(job.wall for job in own), sum(job.processor for job in own)
    memory = max(job.memory for job in own)
    looked_at = f"{processor:>10.1f}{memory:>12.0f}" if memory >= SMALLEST_MEMORY else f"{'-':>10}{'-':>12}"
    return f"{name:<24}{len(own):>6}{wall:>10.1f}{looked_at}"


def _read(path: Path) -> Iterator[Job]:
    # results/stages/{digest}/benchmarks/matrix_elements/2/0.tsv, results/{run}/benchmarks/transport/rta.tsv,
    # results/{run}/benchmarks/analysis/boundary_scan/rta.tsv, results/{run}/benchmarks/analysis/boundary_scan_table.tsv
    parts = path.with_suffix("").parts
    below = parts[len(parts) - 1 - parts[::-1].index("benchmarks") + 1 :]
    # Solvers apart; other folders hold the jobs of a rule, those of the analysis and of its tables several.
    inner = {"transport": below[-1], "analysis": below[min(1, len(below) - 1)], "figures": "figure"}
    stage = inner.get(below[0], below[0])
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield Job(stage, *(_number(row.get(column)) for column in ("s", "cpu_time", "max_rss")))


def _number(text: str | None) -> float:
    """0 where Snakemake had no time to measure."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
