"""Means of results over the directions of the limit at Γ."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from peierls.crystal import Floats
from peierls.directions import DIRECTIONS, WEIGHTS
from peierls.health import HealthCheck
from peierls.linewidths import Linewidths
from peierls.solvers import Transport


def mean_linewidths(linewidths: Sequence[Linewidths]) -> Linewidths:
    """Mean of the linewidths for each of `DIRECTIONS`, and of the frequencies, which differ at Γ alone."""
    first = linewidths[0]
    averaged = ("frequency", *(field.name for field in fields(Linewidths) if field.name.startswith("linewidth")))
    means = {name: _mean([getattr(one, name) for one in linewidths]) for name in averaged}
    unscattered = ((means["linewidth"] == 0) & (means["frequency"] > 0)).sum(axis=(1, 2))
    return replace(first, **means, n_unscattered=unscattered)


def mean_transport(transports: Sequence[Transport]) -> Transport:
    """Mean of the conductivities for each of `DIRECTIONS`, in total and by mode; nan where one of them has none.

    Records of iterations and relaxons, which are those of one operator, are left out. A health check passes if it
    does for every direction, and says what the first that fails has found.
    """
    first = transports[0]
    averaged = ("kappa", "mode_kappa", "mean_free_displacement", "kappa_rta")
    means: dict[str, Any] = {name: _mean([getattr(one, name) for one in transports]) for name in averaged}
    if all(one.kappa_callaway is not None for one in transports):
        means["kappa_callaway"] = _mean([np.asarray(one.kappa_callaway) for one in transports])
    checks = [_worst(of_directions) for of_directions in zip(*(one.health for one in transports), strict=True)]
    spread = np.abs(np.stack([one.kappa for one in transports]) - means["kappa"]).max(axis=(0, 2, 3))
    relative = float(np.nanmax(spread / np.abs(means["kappa"]).max(axis=(1, 2)), initial=0.0))
    checks.append(
        HealthCheck(
            "average over directions",
            True,
            f"kappa is the mean over {len(DIRECTIONS)} directions of the limit at Gamma, each of them within "
            f"{100 * relative:.2g} % of it",
        )
    )
    given = {field.name: getattr(first, field.name) for field in fields(Transport) if field.default is not None}
    return Transport(
        **{
            **given,
            "thickness": first.thickness,
            "cross_section": first.cross_section,
            **means,
            "converged": np.min([one.converged for one in transports], axis=0),
            "health_names": tuple(check.name for check in checks),
            "health_passed": np.array([check.passed for check in checks], dtype=np.int64),
            "health_sentences": tuple(check.sentence for check in checks),
        }
    )


def _worst(checks: Sequence[HealthCheck]) -> HealthCheck:
    return next((check for check in checks if not check.passed), checks[0])


def _mean(arrays: Sequence[Floats]) -> Floats:
    return np.einsum("d,d...->...", WEIGHTS, np.stack(arrays))
