"""`snakemake forecast` says what the runs will cost, each time it is asked, and computes none of it."""

import copy
from typing import Any

from snakemake_calls import Workflow


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
