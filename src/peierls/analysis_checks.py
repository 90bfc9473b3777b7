"""Health checks of what is derived from a solution, from its tables."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from peierls.health import HealthCheck

GRAZING = 0.5
"""Largest share of the κ of a film that is carried by modes which never meet a face."""

Row = dict[str, str]


def check_films(rows: list[Row]) -> HealthCheck:
    """A film must conduct more than what its mesh lets pass: in a crystal the share of such modes vanishes."""
    shares = [
        (float(row["grazing_W_m_K"]) / float(row["kappa_W_m_K"]), row) for row in rows if float(row["kappa_W_m_K"]) > 0
    ]
    share, worst = max(shares, key=lambda one: one[0], default=(0.0, None))
    sentence = "no film has a conductivity"
    if worst is not None:
        sentence = (
            f"{100 * share:.0f} % of kappa of a film ({worst['kind']}, {float(worst['thickness_m']):g} m, "
            f"{float(worst['temperature_K']):g} K) is carried by modes that on this mesh never meet a face "
            f"(limit {100 * GRAZING:.0f} %)"
        )
    passed = share <= GRAZING
    return HealthCheck("resolved films", passed, sentence if passed else f"{sentence}: use a finer mesh")


def check_scan(rows: list[Row]) -> HealthCheck:
    """A size of the sample must have a solution."""
    missing = [row for row in rows if row["kxx"] == "nan"]
    temperatures = dict.fromkeys(f"{float(row['temperature_K']):g}" for row in missing)
    sentence = f"each of {len(rows)} conductivities against the size of the sample was found"
    if missing:
        sentence = (
            f"{len(missing)} of {len(rows)} conductivities against the size of the sample are missing, "
            f"at {', '.join(temperatures)} K: where `residual` in analysis/boundary_scan/variational.h5 is infinite, "
            "the collisions have a negative eigenvalue, elsewhere it needs more applications of them than "
            "solver_options.max_iterations or 100"
        )
    return HealthCheck("solved sizes", not missing, sentence)


CHECKS: dict[str, Callable[[list[Row]], HealthCheck]] = {
    "boundary_scan": check_scan,
    "thin_film": check_films,
}
"""The check of each table that has one."""


def of_tables(paths: Iterable[str]) -> list[HealthCheck]:
    """The checks of those tables that have one, by the names of their files; one without rows says nothing."""
    found = []
    for path in map(Path, paths):
        if path.stem in CHECKS:
            with open(path, encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
            found += [CHECKS[path.stem](rows)] if rows else []
    return found
