"""The last word on a run: what a person should know before using its numbers."""

from collections.abc import Mapping, Sequence

import numpy as np

from peierls import words
from peierls.health import HealthCheck
from peierls.solvers import Result, Transport, Viscosity


def report(run: str, results: Mapping[str, Result], analysis: Sequence[HealthCheck] = ()) -> list[str]:
    """A line for each solver that says what it found: no number stands without its health; and one for the checks of
    the analysis."""
    lines = [f"{run}, {solver}: {_found(result)}; {_health(result.health)}" for solver, result in results.items()]
    return [*lines, *([f"{run}, analysis: {_health(analysis)}"] if analysis else [])]


def fault(run: str, results: Mapping[str, Result], strict: bool, analysis: Sequence[HealthCheck] = ()) -> str | None:
    """Why a run failed, or None: a solver has no result at some temperature or, if `strict`, a health check failed."""
    faults: list[str] = []
    for solver, result in results.items():
        tensors = result.viscosity if isinstance(result, Viscosity) else result.kappa
        missing = result.temperature[np.isnan(tensors.reshape(len(tensors), -1)).any(axis=1)]
        if len(missing):
            temperatures = ", ".join(f"{temperature:g}" for temperature in missing)
            faults.append(f"solver {solver} has no result at {temperatures} K")
        failed = [check for check in result.health if not check.passed]
        if strict and failed:
            faults.append(f"solver {solver} failed the health check '{failed[0].name}' and key 'strict' is true")
    failed = [check for check in analysis if not check.passed]
    if strict and failed:
        faults.append(f"the analysis failed the health check '{failed[0].name}' and key 'strict' is true")
    return f"run {run}: {'; '.join(faults)}" if faults else None


def _found(result: Result) -> str:
    return _viscosity(result) if isinstance(result, Viscosity) else _conductivity(result)


def _viscosity(result: Viscosity) -> str:
    """μ at the temperature nearest to 300 K."""
    nearest = words.nearest(result.temperature)
    if np.isnan(result.viscosity[nearest]).any():
        return f"no result at {result.temperature[nearest]:g} K"
    return f"viscosity = {words.viscosity(result.viscosity[nearest])} Pa s at {result.temperature[nearest]:g} K"


def _conductivity(transport: Transport) -> str:
    """κ at the temperature nearest to 300 K, by direction where it depends on that."""
    nearest = words.nearest(transport.temperature)
    if np.isnan(transport.kappa[nearest]).any():
        return f"no result at {transport.temperature[nearest]:g} K"
    found = f"kappa = {words.conductivity(transport.kappa[nearest])} W/m/K at {transport.temperature[nearest]:g} K"
    return f"{found} {words.assumed(transport.geometry)}".rstrip()


def _health(checks: Sequence[HealthCheck]) -> str:
    failed = [f"{check.name}: {check.sentence}" for check in checks if not check.passed]
    if not failed:
        return f"all {len(checks)} health checks passed"
    return f"{len(failed)} of {len(checks)} health checks failed: {'; '.join(failed)}"
