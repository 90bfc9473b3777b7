"""The configuration: from what a user wrote to complete runs, and from a run to what each of its stages depends on.

Pure functions of plain data. `schema` knows what a value may be; this module knows what the values mean.
"""

import copy
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from peierls import schema as schemas
from peierls import sweeps
from peierls.errors import InputError
from peierls.force_constants import recognise
from peierls.schema import Schema

Run = dict[str, Any]
"""One run: every key of the interface, complete."""

_LINEWIDTHS = ("force_constants", "mesh", "nac", "integration", "temperatures", "scattering")
_TRANSPORT = (*_LINEWIDTHS, "solver_options.max_iterations", "solver_options.tolerance", "geometry")

STAGES: dict[str, tuple[str, ...]] = {
    "crystal": ("force_constants",),
    "bands": ("force_constants", "nac"),
    "mesh": ("force_constants", "mesh"),
    "phonons": ("force_constants", "mesh", "nac"),
    "dos": ("force_constants", "mesh", "nac"),
    "thermal": ("force_constants", "mesh", "nac", "temperatures"),
    "phase_space": ("force_constants", "mesh", "nac", "integration"),
    "matrix_elements": ("force_constants", "mesh", "nac", "integration"),
    "linewidths": _LINEWIDTHS,
    "transport": _TRANSPORT,
    "wigner": (*_LINEWIDTHS, "solver_options.wigner_populations", "geometry"),
    "cumulative": _TRANSPORT,
    "boundary_scan": (*_TRANSPORT, "analysis.boundary_scan"),
    "thin_film": (*_TRANSPORT, "analysis.thin_film"),
    "spectral": _TRANSPORT,
    "tdep": _TRANSPORT,
}
"""The keys that each stage depends on, and no others. The number of shards is in their path, so it is none of them."""

USED_BY_METHOD = {
    "tetrahedron": (),
    "gaussian": ("sigma", "threshold"),
    "adaptive": ("kind", "scale", "threshold"),
}
"""Keys of `integration` that only some of its methods read."""

WITHOUT_EFFECT = ("max_memory", "storage")
"""Keys of `integration` that say how results are computed and not which: nothing depends on them."""

WITHOUT_OPTIONS = ("rta", "direct")
"""Solvers that do not read `solver_options`."""

BY_MEMORY = ("direct", "relaxons", "viscosity")
"""Solvers whose result depends on whether a matrix fits in `integration.max_memory`."""

POPULATION_SOLVERS = ("direct", "relaxons", "variational", "iterative", "rta")
"""Solvers of the Boltzmann equation, which give the populations of the modes; from exact to approximate."""

LONGEST_NAME = 200
"""Characters of a run's name: file systems take 255 in the name of a folder."""

PERPENDICULAR = 1e-3
"""Largest cosine of the angle between the normal of a film and a direction in it."""

EVENTS_EXCLUDE = {"integration.occupation": "tdep", "integration.fc3_origin": "first"}
"""Values that reproduce other programs with `weights: mode` and contradict `event`."""


def load(
    config: Mapping[str, Any], schema: Schema, *, folders: Sequence[str] = (".",), source: str = "config"
) -> dict[str, Run]:
    """The runs of a configuration by name, complete: merged with `defaults`, validated, and filled.

    A relative path is looked for in each of `folders` in turn, the working directory first. Raises InputError for the
    first fault: one sentence that starts with `source`, the name of the file, and the key.
    """
    for name in config.get("runs") or ():
        if name is None or isinstance(name, bool):
            raise InputError(f"{source}: runs has a run whose name YAML reads as {name!r}, expected it in quotes")
    given = schemas.typed(config, schema)
    fault = schemas.first_fault(given, schema)
    if fault:
        raise InputError(f"{source}: {fault}")
    run_schema = _without(schemas.subschema(schemas.subschema(schema, "runs"), "any name"), "sweep")
    defaults = {key: value for key, value in given.get("defaults", {}).items() if key != "sweep"}
    runs: dict[str, Run] = {}
    for name, own in _each_run(given, source):
        run = schemas.fill(merge(defaults, own, run_schema), run_schema)
        found = _contradiction(run)
        if found:
            key, sentence = found
            section = "defaults" if at(own, key) is None and at(defaults, key) is not None else f"runs.{name}"
            raise InputError(f"{source}: {section}.{key} {sentence}")
        run["temperatures"] = expand_temperatures(run["temperatures"])
        runs[name] = _recognised(schemas.located(run, run_schema, folders))
    return runs


def _each_run(given: Mapping[str, Any], source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every run by its name, those that sweep expanded; no name twice."""
    names = set(given["runs"])
    for name, own in given["runs"].items():
        try:
            expanded = list(sweeps.expand(name, own or {}, given.get("defaults") or {}))
        except InputError as error:
            raise InputError(f"{source}: runs.{name}.{error}") from None
        names.discard(name)
        for one, keys in expanded:
            if len(one) > LONGEST_NAME:
                raise InputError(
                    f"{source}: runs.{name} gives a run named '{one[:60]}...' of {len(one)} characters, expected at "
                    f"most {LONGEST_NAME}: the names of folders are limited; temperatures can be {{min, max, points}}"
                )
            if one in names:
                raise InputError(
                    f"{source}: runs.{name}.sweep gives a run named '{one}', and there is one already; expected values "
                    "and names of runs that differ in letters and digits"
                )
            names.add(one)
            yield one, keys


def _without(schema: Schema, key: str) -> Schema:
    return {**schema, "properties": {name: rule for name, rule in schema["properties"].items() if name != key}}


def _recognised(run: Run) -> Run:
    """A run whose format `auto` is replaced by the one recognised: to write it down is no change.

    Where none can be told it stays, and whoever opens the files says so.
    """
    given = run["force_constants"]
    if given["format"] == "auto":
        with suppress(InputError):
            given = {**given, "format": recognise(Path(given["path"]))}
    return {**run, "force_constants": given}


def merge(defaults: Mapping[str, Any], own: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """A deep copy of `defaults` under `own`.

    Sections (mappings that the schema describes by one set of keys) are merged key by key; lists, scalars and values of
    several forms, such as a mesh or {min, max, points}, are replaced whole.
    """
    merged = copy.deepcopy(dict(defaults))
    for key, value in own.items():
        section = schemas.subschema(schema, key)
        if key in merged and "properties" in section:
            merged[key] = merge(merged[key], value, section)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def expand_temperatures(temperatures: Sequence[float] | Mapping[str, Any]) -> list[float]:
    """Temperatures in K, ascending, each once, from a list or from {min, max, points, spacing}."""
    if not isinstance(temperatures, Mapping):
        return sorted(set(temperatures))
    low, high, points = temperatures["min"], temperatures["max"], temperatures["points"]
    steps = [step / max(points - 1, 1) for step in range(points)]
    if temperatures["spacing"] == "log":
        values = [low * (high / low) ** step for step in steps]
    else:
        values = [low + (high - low) * step for step in steps]
    # Rounded, so that the last bit of a platform's power function never decides what is computed again.
    return sorted({round(value, 9) for value in values})


def stage_settings(run: Run, stage: str, solver: str | None = None) -> dict[str, Any]:
    """What a stage depends on, its keys sorted: Snakemake compares the text, and their order is no change.

    Only what has an effect: keys that a method of integration or of electrostatics does not read are left out (or
    null), and so are those of no consequence to a `solver`, where one is named.
    """
    named: dict[str, Any] = {}
    for key in STAGES[stage]:
        section, *names = key.split(".")
        if names:
            named.setdefault(section, {})[names[0]] = at(run, key)
        else:
            named[section] = run[section]
    used: dict[str, Any] = json.loads(canonical(named))
    if "nac" in used:
        used["nac"] = _effective_nac(used["nac"])
    if "integration" in used:
        used["integration"] = _effective_integration(used["integration"], stage)
    if solver in BY_MEMORY:
        used["integration"]["max_memory"] = run["integration"]["max_memory"]
    if solver in WITHOUT_OPTIONS:
        del used["solver_options"]
    return used


def effective(run: Run) -> dict[str, Any]:
    """Every key that has an effect on what a run shows, its keys sorted."""
    stage = "wigner" if run["solvers"] == ["wigner"] else "transport"
    by_memory = next((solver for solver in run["solvers"] if solver in BY_MEMORY), None)
    used = stage_settings(run, stage, by_memory)
    if set(run["solvers"]) <= set(WITHOUT_OPTIONS):
        used.pop("solver_options", None)
    elif "wigner" in run["solvers"]:
        used.setdefault("solver_options", {})["wigner_populations"] = populations(run)
    plain = json.loads(canonical({key: run[key] for key in ("solvers", "analysis", "strict")}))
    return dict(sorted({**used, **plain}.items()))


def _effective_nac(nac: Mapping[str, Any]) -> dict[str, Any]:
    unread = {"none": ("direction", "lambda"), "wang": ("lambda",)}.get(nac["method"], ())
    return {key: None if key in unread else value for key, value in nac.items()}


def _effective_integration(integration: Mapping[str, Any], stage: str) -> dict[str, Any]:
    by_method = {key for keys in USED_BY_METHOD.values() for key in keys}
    unread = by_method.difference(USED_BY_METHOD[integration["method"]]).union(WITHOUT_EFFECT)
    if stage == "matrix_elements":
        # They are free of temperature, and so of occupations.
        unread.add("occupation")
    return {key: value for key, value in integration.items() if key not in unread}


def populations(run: Run) -> str:
    """The solver whose populations the Wigner equation takes: the one that `solver_options.wigner_populations` names;
    `auto` the most exact of the run's own, `rta` where it has none."""
    named = run["solver_options"]["wigner_populations"]
    own = [solver for solver in POPULATION_SOLVERS if solver in run["solvers"]]
    return str(named) if named != "auto" else next(iter(own), "rta")


def stage_digest(run: Run, stage: str) -> str:
    """Twelve hexadecimal digits that name the folder of a stage, shared by all runs that agree on its settings."""
    return hashlib.sha256(canonical(stage_settings(run, stage)).encode()).hexdigest()[:12]


def canonical(value: Any) -> str:
    """JSON text of plain data, the same for equal data."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _contradiction(run: Run) -> tuple[str, str] | None:
    """A key that the schema alone cannot refuse, and the rest of the sentence."""
    if "path" not in run["force_constants"]:
        return "force_constants.path", "is missing, expected the folder that holds the force constants"
    low, high = at(run, "temperatures.min"), at(run, "temperatures.max")
    if low is not None and low > high:
        return "temperatures.min", f"is {low:g} K, expected at most max, {high:g} K"
    if run["mesh"] == [1, 1, 1]:
        return "mesh", "is [1, 1, 1], expected more than one division along at least one lattice vector"
    for key, ones, form in (("thickness", 1, "N×N×1"), ("cross_section", 2, "N×1×1")):
        extent = run["geometry"][key]
        if extent is not None and isinstance(run["mesh"], list) and run["mesh"].count(1) != ones:
            return f"geometry.{key}", f"is {extent:g} on a mesh of {run['mesh']}, expected null or a mesh {form}"
    if run["nac"]["direction"] == "average" and "viscosity" in run["solvers"]:
        return (
            "nac.direction",
            "is average, of which the solver viscosity has no mean, expected none or a list of 3 numbers, or solvers "
            "without it",
        )
    film = _impossible_film(run["analysis"]["thin_film"])
    if film:
        return film
    temperatures = expand_temperatures(run["temperatures"])
    if run["analysis"]["dump_grid"] and len(temperatures) > 1:
        return (
            "analysis.dump_grid",
            f"is true with {len(temperatures)} temperatures: the file holds one, expected one temperature",
        )
    for key, value in EVENTS_EXCLUDE.items():
        if at(run, "integration.weights") == "event" and at(run, key) == value:
            return key, f"is {value}, which treats the three modes of a process differently, expected weights: mode"
    return None


def _impossible_film(film: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """A vector of the section `analysis.thin_film` that is missing or points nowhere, and the rest of the sentence."""
    if film is None:
        return None
    needed = {"in-plane": ("normal", "direction"), "cross-plane": ("normal",), "wire": ("direction",)}
    lengths = {key: math.hypot(*film[key]) for key in ("normal", "direction") if film[key] is not None}
    for kind in film["kinds"]:
        for key in needed[kind]:
            if key not in lengths:
                return f"analysis.thin_film.{key}", f"is missing, expected a Cartesian vector for the kind '{kind}'"
    for key, length in lengths.items():
        if length == 0:
            return f"analysis.thin_film.{key}", "is [0, 0, 0], expected a vector that has a direction"
    if "in-plane" in film["kinds"]:
        product = sum(a * b for a, b in zip(film["normal"], film["direction"], strict=True))
        cosine = abs(product) / (lengths["normal"] * lengths["direction"])
        if cosine > PERPENDICULAR:
            angle = math.degrees(math.asin(min(1.0, cosine)))
            return (
                "analysis.thin_film.direction",
                f"is {film['direction']}, {angle:.3g} degrees out of the plane with the normal {film['normal']}, "
                "expected a direction in the plane",
            )
    return None


def at(node: Any, key: str) -> Any:
    """The value at a dotted key, or None."""
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
