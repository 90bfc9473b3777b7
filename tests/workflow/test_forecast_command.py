"""`snakemake forecast` says what the runs will cost, each time it is asked, and computes none of it."""

import copy
from typing import Any

from snakemake_calls import Workflow

from peierls import config, schema, stage_files
from peierls.crystal import Crystal
from peierls.forecast import forecast


def test_forecast_is_said_each_time_and_leaves_only_its_log(finished: Workflow, small: dict[str, Any]) -> None:
    config = copy.deepcopy(small)
    config["runs"]["fine"] = {**config["runs"]["silicon"], "mesh": [7, 7, 7]}
    before = finished.files()
    for _ in range(2):
        result = finished.snakemake("--", "forecast", config=config)
        assert result.status == 0, result.output
        assert "silicon: 125 wave vectors, 10 irreducible; 6 bands; " in result.output
        assert "fine: 343 wave vectors, 20 irreducible; 6 bands; " in result.output
        assert result.jobs == {"forecast": 1}
    added = {path.name for path in finished.files() - before}
    assert added - {"logs"} == {"forecast.log"}


def test_forecast_is_not_part_of_a_run(finished: Workflow, small: dict[str, Any]) -> None:
    assert finished.plan(small) == {}


def test_files_are_as_large_as_forecast(finished: Workflow, small: dict[str, Any]) -> None:
    """Each of them within a factor of 1.5, with all that HDF5 adds to small ones."""
    (run,) = config.load(small, schema.load(schema.shipped())).values()
    results = finished.folder / "results"
    crystal = stage_files.read(results / "silicon/stages/crystal.h5", Crystal)
    stages = {stage.name: stage for stage in forecast(crystal, run, run["chunks"]).stages}
    files = {
        **{name: [results / f"silicon/stages/{name}.h5"] for name in ("mesh", "phonons")},
        "matrix_elements": list(results.glob("stages/*/matrix_elements/2/*.h5")),
        "matrix_elements_index": [results / "silicon/stages/matrix_elements.h5"],
        "linewidths": [results / "silicon/linewidths.h5"],
        **{solver: [results / f"silicon/transport/{solver}.h5"] for solver in run["solvers"]},
        "cumulative": [results / f"silicon/analysis/cumulative/{solver}.h5" for solver in run["solvers"]],
        "spectral": [results / "silicon/analysis/spectral.h5"],
    }
    for name, paths in files.items():
        found = sum(path.stat().st_size for path in paths)
        assert found / 1.5 < stages[name].size < 1.5 * found, name
        assert stages[name].jobs == len(paths)
