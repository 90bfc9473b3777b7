"""The configuration: from what a user wrote to complete runs, and from a run to what each of its stages depends on.

Pure functions of plain data. `schema` knows what a value may be; this module knows what the values mean.
"""

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from peierls import schema as schemas
from peierls.errors import InputError
from peierls.schema import Schema

Run = dict[str, Any]
"""One run: every key of the interface, complete."""

_TRANSPORT = (
    "force_constants",
    "mesh",
    "nac",
    "integration",
    "temperatures",
    "scattering",
    "solver_options",
    "geometry",
)

STAGES: dict[str, tuple[str, ...]] = {
    "crystal": ("force_constants",),
    "bands": ("force_constants", "nac"),
    "mesh": ("force_constants", "mesh"),
    "phonons": ("force_constants", "mesh", "nac"),
    "dos": ("force_constants", "mesh", "nac"),
    "thermal": ("force_constants", "mesh", "nac", "temperatures"),
    "phase_space": ("force_constants", "mesh", "nac", "integration"),
    "matrix_elements": ("force_constants", "mesh", "nac", "integration"),
    "linewidths": ("force_constants", "mesh", "nac", "integration", "temperatures", "scattering"),
    "transport": _TRANSPORT,
    "cumulative": _TRANSPORT,
    "boundary_scan": (*_TRANSPORT, "analysis.boundary_scan"),
    "thin_film": (*_TRANSPORT, "analysis.thin_film"),
    "spectral": _TRANSPORT,
    "tdep": _TRANSPORT,
}
"""The keys that each stage depends on, and no others. The number of shards is in their path, so it is none of them."""

ANY = object()
"""Every value other than the default."""

NOT_YET: dict[tuple[str, Any], str] = {
    ("solvers", "wigner"): "the Wigner transport equation",
    ("solvers", "viscosity"): "the phonon viscosity",
}
"""Values of the interface whose code does not exist yet, and what they mean: they are refused, never ignored."""

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
    given = schemas.typed(config, schema)
    fault = schemas.first_fault(given, schema)
    if fault:
        raise InputError(f"{source}: {fault}")
    run_schema = schemas.subschema(schemas.subschema(schema, "runs"), "any name")
    defaults = given.get("defaults", {})
    runs = {}
    for name, own in given["runs"].items():
        run = schemas.fill(merge(defaults, own, run_schema), run_schema)
        found = _contradiction(run) or _not_yet(run, run_schema)
        if found:
            key, sentence = found
            section = "defaults" if at(own, key) is None and at(defaults, key) is not None else f"runs.{name}"
            raise InputError(f"{source}: {section}.{key} {sentence}")
        run["temperatures"] = expand_temperatures(run["temperatures"])
        runs[name] = schemas.located(run, run_schema, folders)
    return runs


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


def chunks(run: Run) -> int:
    """Number of shards of the third-order stage; `auto` is a pure function of the configuration."""
    if run["chunks"] != "auto":
        return int(run["chunks"])
    if not isinstance(run["mesh"], list):
        return 8
    return min(64, max(2, math.ceil(math.prod(run["mesh"]) / 2500)))


def stage_settings(run: Run, stage: str) -> dict[str, Any]:
    """What a stage depends on, its keys sorted: Snakemake compares the text, and their order is no change."""
    settings: dict[str, Any] = {}
    for key in STAGES[stage]:
        section, _, name = key.partition(".")
        if name:
            settings.setdefault(section, {})[name] = run[section][name]
        else:
            settings[section] = run[section]
    in_order: dict[str, Any] = json.loads(canonical(settings))
    return in_order


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


def _not_yet(run: Run, schema: Schema) -> tuple[str, str] | None:
    """A key whose value is in `NOT_YET`, and the rest of the sentence."""
    for (key, refused), meaning in NOT_YET.items():
        rule = schema
        for part in key.split("."):
            rule = schemas.subschema(rule, part)
        value = at(run, key)
        if refused is ANY:
            found, expected = value != rule.get("default"), schemas.shown(rule.get("default"))
        else:
            found = refused in value if isinstance(value, list) else value == refused
            expected = " or ".join(_available(key, rule))
        if found:
            return key, f"is {schemas.shown(value)}: {meaning} is not available in this version, expected {expected}"
    return None


def _available(key: str, rule: Schema) -> list[str]:
    """What may be written at a key, in the order of its schema, without what is in `NOT_YET`."""
    found = []
    for form in schemas.forms(rule):
        choices = form.get("enum") or form.get("items", {}).get("enum")
        found += [schemas.expected(form)] if choices is None else [c for c in choices if (key, c) not in NOT_YET]
    return found


def at(node: Any, key: str) -> Any:
    """The value at a dotted key, or None."""
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
