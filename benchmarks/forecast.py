"""The forecast of runs against what they then took, as the logs of their jobs say.

    OMP_NUM_THREADS=1 python benchmarks/forecast.py CONFIG RESULTS

RESULTS must have been computed on this machine, with all kernels compiled before.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from peierls import config, config_file, force_constants, schema
from peierls.forecast import forecast
from peierls.forecast.stages import SMALL
from peierls.layout import Layout

END = re.compile(r"^done in [\d.]+ s, ([\d.]+) s of processor time, with (\d+) MB$", re.MULTILINE)


def logs(folder: Path, stage: str) -> list[Path]:
    """Those of the jobs of a stage: its own file, its folder, or that of a solver."""
    places = (f"{stage}.log", f"{stage}/**/*.log", f"transport/{stage}.log", f"analysis/{stage}/variational.log")
    return [log for place in places for log in folder.glob(place)]


def ends(logs: list[Path]) -> Iterator[tuple[float, float]]:
    """Processor time in s and memory in MB of the jobs."""
    for log in logs:
        if found := END.search(log.read_text()):
            yield float(found[1]), float(found[2])


def main() -> None:
    """Print a row per stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("results", type=Path)
    arguments = parser.parse_args()
    runs = config.load(config_file.read(arguments.config), schema.load(schema.shipped()), source=str(arguments.config))
    layout = Layout(runs, str(arguments.results))
    for name, run in runs.items():
        print(f"{name:<24}{'CPU s':>10}{'found':>9}{'ratio':>7}{'MB':>10}{'found':>9}{'ratio':>7}")
        shards = layout.shards(name)
        folders = [arguments.results / name, *{Path(file).parent for file in layout.stage_files(name)}]
        crystal = force_constants.read(run["force_constants"])
        every = {log for folder in folders for log in folder.glob("logs/**/*.log")}
        for stage in forecast(crystal, run, len(shards)).stages:
            own = [log for folder in folders for log in logs(folder / "logs", stage.name)]
            found = list(ends(sorted(every) if stage.name == SMALL else own))
            every.difference_update(own)
            whole = (arguments.results / name / "verdict.txt").exists()
            if found and (whole or stage.name != SMALL):
                seconds, memory = sum(one[0] for one in found), max(one[1] for one in found)
                expected = stage.memory / 1e6
                row = f"  {stage.name:<22}{stage.seconds:10.1f}{seconds:9.1f}{stage.seconds / seconds:7.2f}"
                print(f"{row}{expected:10.0f}{memory:9.0f}{expected / memory:7.2f}")


if __name__ == "__main__":
    main()
