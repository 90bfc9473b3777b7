"""The forecast of runs against what they then took: bytes of their files, and what the logs of their jobs say.

    OMP_NUM_THREADS=1 python benchmarks/forecast.py CONFIG RESULTS

RESULTS must have been computed on this machine, with all kernels compiled before. A stage that is not complete there is
left out. The last lines are the worst ratio of each stage over all runs, of what is large enough to matter.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from peierls import config, config_file, directions, force_constants, schema
from peierls.forecast import forecast
from peierls.forecast.stages import SMALL
from peierls.layout import Layout

END = re.compile(r"^done in [\d.]+ s, ([\d.]+) s of processor time, with (\d+) MB$", re.MULTILINE)
MATTERS = {"MB on disk": 1.0, "MB of memory": 200.0, "CPU s": 1.0}
"""Columns, and what is below which a ratio says little."""


class Comparison(NamedTuple):
    """Of a column of the forecast: its number, and what was found."""

    expected: float
    found: float

    @property
    def ratio(self) -> float:
        return self.expected / self.found


def logs(folder: Path, stage: str) -> set[Path]:
    """Those of the jobs of a stage: its own file, its folder, or that of a solver."""
    places = (f"{stage}.log", f"{stage}/**/*.log", f"transport/{stage}.log", f"mean_transport/{stage}.log")
    exact = (f"analysis/{stage}.log", f"analysis/{stage}/*.log")
    found = {log for place in (*places, *exact) for log in folder.glob(f"logs/{place}")}
    return {log for log in found if "rta" not in log.stem or "boundary_scan" not in log.parts}


def files(folder: Path, stage: str) -> set[Path]:
    """Those of a stage."""
    places = [f"{stage}.h5", f"{stage}/**/*.h5", f"transport/{stage}.h5", f"analysis/{stage}.h5"]
    places += [f"analysis/{stage}/*.h5"]
    if stage == "matrix_elements":
        places = ["matrix_elements/**/*.h5"]
    if stage == "matrix_elements_index":
        places = ["matrix_elements.h5"]
    found = {path for place in places for path in folder.glob(place)}
    return {path for path in found if "rta" not in path.stem or "boundary_scan" not in path.parts}


def ends(found: set[Path]) -> Iterator[tuple[float, float]]:
    """Processor time in s and memory in MB of the jobs, whose logs count it in those of 2^20 bytes."""
    for log in sorted(found):
        if end := END.search(log.read_text()):
            yield float(end[1]), float(end[2]) * 2**20 / 1e6


def everything(folder: Path) -> tuple[set[Path], set[Path]]:
    """All logs and all results of a folder, without those of runs for one direction."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    own = [path for path in found if "directions" not in path.relative_to(folder).parts[:1]]
    apart = ("logs", "benchmarks", ".snakemake_timestamp")
    results = {path for path in own if not set(path.relative_to(folder).parts) & set(apart)}
    return {path for path in own if "logs" in path.parts and path.suffix == ".log"}, results


def compare(name: str, runs: dict[str, config.Run], layout: Layout) -> Iterator[tuple[str, dict[str, Comparison]]]:
    """The stages of a run that are complete."""
    run, root = runs[name], Path(layout.root)
    # A run that averages over directions costs those of each.
    averages = run["nac"]["direction"] == "average"
    parts = directions.runs_of_directions(name) if averages else [name]
    shared = {Path(file).parent for part in parts for file in layout.stage_files(part)}
    folders = [root / name, *(root / part for part in parts if averages), *sorted(shared)]
    rest = [set.union(*each) for each in zip(*map(everything, folders), strict=True)]
    crystal = force_constants.read(run["force_constants"])
    whole = (root / name / "verdict.txt").exists()
    for stage in forecast(crystal, run, len(layout.shards(parts[0]))).stages:
        if stage.name == SMALL:
            own, results = rest
        else:
            own, results = (set().union(*(which(folder, stage.name) for folder in folders)) for which in (logs, files))
            rest = [rest[0] - own, rest[1] - results]
        done = list(ends(own))
        if done and results and (whole or (stage.name != SMALL and len(done) >= stage.jobs)):
            yield (
                stage.name,
                {
                    "MB on disk": Comparison(stage.size / 1e6, sum(path.stat().st_size for path in results) / 1e6),
                    "MB of memory": Comparison(stage.memory / 1e6, max(one[1] for one in done)),
                    "CPU s": Comparison(stage.seconds, sum(one[0] for one in done)),
                },
            )


def row(name: str, columns: dict[str, Comparison]) -> str:
    texts = [f"{one.expected:>12.4g}{one.found:>8.4g}{one.ratio:>7.2f}" for one in columns.values()]
    return f"  {name:<22}" + "".join(texts)


def main() -> None:
    """Print a row per stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("results", type=Path)
    arguments = parser.parse_args()
    loaded = config.load(
        config_file.read(arguments.config), schema.load(schema.shipped()), source=str(arguments.config)
    )
    runs = directions.with_directions(loaded)
    layout = Layout(runs, str(arguments.results))
    worst: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for name in loaded:
        print(f"{name:<24}" + "".join(f"{column:>12}{'found':>8}{'ratio':>7}" for column in MATTERS))
        for stage, columns in compare(name, runs, layout):
            print(row(stage, columns), flush=True)
            for column, one in columns.items():
                if max(one) > MATTERS[column]:
                    worst.setdefault((stage, column), []).append((one.ratio, name))
    print(f"\n{'':<24}{'':<16}{'lowest ratio':<30}highest ratio")
    for (stage, column), ratios in worst.items():
        (low, where_low), (high, where_high) = min(ratios), max(ratios)
        print(f"{stage:<24}{column:<16}{f'{low:.2f} {where_low}':<30}{high:.2f} {where_high}")


if __name__ == "__main__":
    main()
