"""The last word on a run: what a person should know before using its numbers."""

from collections.abc import Mapping

import numpy as np

from peierls.solvers import Transport


def report(run: str, transports: Mapping[str, Transport]) -> list[str]:
    """A line for each solver that says what it found: no number stands without its health."""
    return [
        f"{run}, {solver}: {_conductivity(transport)}; {_health(transport)}" for solver, transport in transports.items()
    ]


def fault(run: str, transports: Mapping[str, Transport], strict: bool) -> str | None:
    """Why a run failed, or None: a solver has no result at some temperature or, if `strict`, a health check failed."""
    faults: list[str] = []
    for solver, transport in transports.items():
        missing = transport.temperature[np.isnan(transport.kappa).any(axis=(1, 2))]
        if len(missing):
            temperatures = ", ".join(f"{temperature:g}" for temperature in missing)
            faults.append(f"solver {solver} has no result at {temperatures} K")
        failed = [check for check in transport.health if not check.passed]
        if strict and failed:
            faults.append(f"solver {solver} failed the health check '{failed[0].name}' and key 'strict' is true")
    return f"run {run}: {'; '.join(faults)}" if faults else None


def _conductivity(transport: Transport) -> str:
    """κ at the temperature nearest to 300 K, the mean over the directions in which the crystal repeats."""
    nearest = int(np.abs(transport.temperature - 300).argmin())
    dimensions, assumed = 3, ""
    if transport.thickness is not None:
        dimensions, assumed = 2, f" for a thickness of {transport.thickness:.4g} m"
    elif transport.cross_section is not None:
        dimensions, assumed = 1, f" for a cross-section of {transport.cross_section:.4g} m²"
    mean = np.trace(transport.kappa[nearest]) / dimensions
    return f"kappa = {mean:.4g} W/m/K at {transport.temperature[nearest]:g} K{assumed}"


def _health(transport: Transport) -> str:
    checks = transport.health
    failed = [f"{check.name}: {check.sentence}" for check in checks if not check.passed]
    if not failed:
        return f"all {len(checks)} health checks passed"
    return f"{len(failed)} of {len(checks)} health checks failed: {'; '.join(failed)}"
