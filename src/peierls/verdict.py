"""The last word on a run: what a person should know before using its numbers."""

from collections.abc import Mapping

import numpy as np

from peierls.solvers import Transport


def judge(run: str, transports: Mapping[str, Transport], strict: bool) -> tuple[list[str], str | None]:
    """A line for each solver that says what it found, and why the run failed (None where it did not).

    No number stands without its health. A run fails where a solver did not converge at some temperature; with `strict`,
    also where a health check failed.
    """
    lines: list[str] = []
    faults: list[str] = []
    for solver, transport in transports.items():
        unconverged = transport.temperature[np.isnan(transport.kappa).any(axis=(1, 2))]
        if len(unconverged):
            temperatures = ", ".join(f"{temperature:g}" for temperature in unconverged)
            faults.append(f"solver {solver} did not converge at {temperatures} K")
        failed = [check for check in transport.health if not check.passed]
        if strict and failed:
            faults.append(f"solver {solver} failed the health check '{failed[0].name}' and key 'strict' is true")
        lines.append(f"{run}, {solver}: {_conductivity(transport)}; {_health(transport)}")
    return lines, f"run {run}: {'; '.join(faults)}" if faults else None


def _conductivity(transport: Transport) -> str:
    """κ at the temperature nearest to 300 K, the mean over directions."""
    nearest = int(np.abs(transport.temperature - 300).argmin())
    mean = np.trace(transport.kappa[nearest]) / 3
    return f"kappa = {mean:.4g} W/m/K at {transport.temperature[nearest]:g} K"


def _health(transport: Transport) -> str:
    checks = transport.health
    failed = [f"{check.name}: {check.sentence}" for check in checks if not check.passed]
    if not failed:
        return f"all {len(checks)} health checks passed"
    return f"{len(failed)} of {len(checks)} health checks failed: {'; '.join(failed)}"
