"""Means of results over the directions of the limit at Γ."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from peierls.crystal import Floats
from peierls.directions import DIRECTIONS, WEIGHTS
from peierls.health import HealthCheck
from peierls.linewidths import Linewidths
from peierls.solvers import Transport, health_datasets


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
    for name in ("kappa_callaway", "kappa_populations", "kappa_coherences", "mode_coherences"):
        if all(getattr(one, name) is not None for one in transports):
            means[name] = _mean([getattr(one, name) for one in transports])
    if all(one.coherence_map is not None for one in transports):
        edges = max((np.asarray(one.coherence_map_edges) for one in transports), key=lambda edges: float(edges[-1]))
        means["coherence_map"] = _mean([_on_edges(one, edges) for one in transports])
        means["coherence_map_edges"] = edges
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
    optional = {field.name for field in fields(Transport) if field.default is None}
    left_out: dict[str, Any] = dict.fromkeys(optional - {"thickness", "cross_section", "populations"} - means.keys())
    converged = np.min([one.converged for one in transports], axis=0)
    return replace(first, **left_out, **means, converged=converged, **health_datasets(checks))


def _worst(checks: Sequence[HealthCheck]) -> HealthCheck:
    return next((check for check in checks if not check.passed), checks[0])


def _on_edges(transport: Transport, edges: Floats) -> Floats:
    """The map of the coherences in bins between other edges: each old bin is spread evenly over what it covers."""
    assert transport.coherence_map is not None and transport.coherence_map_edges is not None
    old = transport.coherence_map_edges
    covered = np.minimum(edges[1:, None], old[1:]) - np.maximum(edges[:-1, None], old[:-1])
    shares = covered.clip(0) / np.diff(edges)[:, None]
    return np.asarray(shares @ transport.coherence_map @ shares.T)


def _mean(arrays: Sequence[Floats]) -> Floats:
    return np.einsum("d,d...->...", WEIGHTS, np.stack(arrays))
