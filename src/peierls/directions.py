"""The mean over directions of the limit at Γ of a polar crystal: of rates and conductivities, never of a matrix.

No phonon has the frequencies of an averaged dynamical matrix. So the whole calculation is done for some directions, and
its results are averaged with the weights of a quadrature over the sphere. The non-analytic term is even in q̂, so one of
±q̂ is enough: three axes and four diagonals are exact for polynomials in q̂ up to degree 5. Source of the rule:
V. I. Lebedev, DOI 10.1016/0041-5553(75)90133-0 (14 points).
"""

import copy
from collections.abc import Mapping
from itertools import product

from peierls.config import Run

_DIAGONALS = [(1, *signs) for signs in product((1, -1), repeat=2)]
DIRECTIONS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), *_DIAGONALS)
"""Cartesian directions, one of each pair ±q̂."""
WEIGHTS = (2 / 15, 2 / 15, 2 / 15, 3 / 20, 3 / 20, 3 / 20, 3 / 20)
"""Share of each in the mean over the sphere."""


def with_directions(runs: Mapping[str, Run]) -> dict[str, Run]:
    """`runs`, and after each that averages over directions the runs of those, `{name}/directions/{number}`."""
    result: dict[str, Run] = {}
    for name, run in runs.items():
        result[name] = run
        for number, direction in enumerate(DIRECTIONS if run["nac"]["direction"] == "average" else ()):
            one = copy.deepcopy(run)
            one["nac"]["direction"] = [float(x) for x in direction]
            result[run_of_direction(name, number)] = one
    return result


def runs_of_directions(name: str) -> list[str]:
    """Names of the runs for all directions of a run that averages."""
    return [run_of_direction(name, number) for number in range(len(DIRECTIONS))]


def run_of_direction(name: str, number: int) -> str:
    """Name of the run for direction `number` of a run that averages."""
    return f"{name}/directions/{number}"
