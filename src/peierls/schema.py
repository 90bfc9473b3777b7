"""What the schema of the configuration says of a value: its type, its default, where its path leads, what is wrong.

`workflow/schemas/config.schema.yaml` is the only source of defaults, of allowed values and of units. It is JSON Schema
(draft 2020-12) with `unit` beside `description`, and `format: path`; where a key takes values of several forms, such as
three divisions or {density}, the forms are an `anyOf`.
"""

import copy
import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]


def load(path: str | Path) -> dict[str, Any]:
    """Read a schema, with its references to `$defs` replaced by what they stand for.

    Beside `$ref` there is `listsOf`: the sections of what it refers to, with a list of values in place of each value.
    """
    schema: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    definitions = schema.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        node = {key: inline(item) for key, item in node.items()}
        reference = node.pop("$ref", None)
        if reference:
            return {**inline(definitions[reference.rsplit("/", 1)[1]]), **node}
        reference = node.pop("listsOf", None)
        if reference:
            described = {
                key: rule for key, rule in definitions[reference.rsplit("/", 1)[1]].items() if key != "default"
            }
            keys = {key: rule for key, rule in described["properties"].items() if "listsOf" not in rule}
            return {**_with_lists(inline({**described, "properties": keys})), **node}
        return node

    result: dict[str, Any] = inline(schema)
    return result


def _with_lists(schema: Schema) -> dict[str, Any]:
    """A section whose keys have a list of values each, in place of a value."""
    if "properties" not in schema:
        return {"type": "array", "minItems": 1, "items": dict(schema), "description": schema.get("description", "")}
    return {**schema, "properties": {key: _with_lists(rule) for key, rule in schema["properties"].items()}}


def shipped() -> Path:
    """The schema of this program: in the workflow beside the package, or, installed without it, in the package."""
    package = Path(__file__).resolve().parent
    beside, inside = package.parents[1] / "workflow/schemas/config.schema.yaml", package / "config.schema.yaml"
    return beside if beside.is_file() else inside


def forms(schema: Schema) -> list[Schema]:
    """The schemas that a value may follow: one, or each of `anyOf`."""
    return list(schema.get("anyOf", [schema]))


def subschema(schema: Schema, key: str) -> Schema:
    """The schema of a key, from whichever form knows it."""
    for form in forms(schema):
        if key in form.get("properties", {}):
            return dict(form["properties"][key])
        if isinstance(form.get("additionalProperties"), Mapping):
            return dict(form["additionalProperties"])
    return {}


def typed(value: Any, schema: Schema) -> Any:
    """A deep copy of what was written, with each number in the type that the schema asks for.

    YAML 1.1 reads 1e-6 as text; 300 and 300.0 are one number; an empty section is an empty mapping; a name is text.
    """
    if isinstance(value, Mapping):
        return {str(key): typed(item, subschema(schema, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items: Schema = next((form["items"] for form in forms(schema) if "items" in form), {})
        return [typed(item, items) for item in value]
    if value is None and "properties" in schema:
        return {}
    types = [form.get("type") for form in forms(schema)]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if "number" not in types and "integer" not in types:
        return value
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return value
    if not math.isfinite(number):
        return str(value)  # text is refused where a number belongs, and .nan passes every comparison
    if "number" in types:
        return number
    return int(number) if number.is_integer() else value


def fill(value: Any, schema: Schema) -> Any:
    """A copy of `value` with the schema's default for every key that is missing."""
    if not isinstance(value, Mapping):
        return copy.deepcopy(value)
    form: Schema = max(forms(schema), key=lambda form: len(value.keys() & form.get("properties", {}).keys()))
    filled = dict(value)
    for key, rule in form.get("properties", {}).items():
        if key in filled:
            filled[key] = fill(filled[key], rule)
        elif "default" in rule:
            filled[key] = copy.deepcopy(rule["default"])
        elif "properties" in rule:
            filled[key] = fill({}, rule)
    return typed(filled, schema)


def located(value: Any, schema: Schema, folders: Sequence[str]) -> Any:
    """A copy of `value` whose paths stand for the first of `folders` that holds them.

    A path in the first folder, the working directory, stays as it was written, so that results can move with their
    inputs; one that is nowhere stays too, and whoever opens it says so.
    """
    if isinstance(value, Mapping):
        return {key: located(item, subschema(schema, key), folders) for key, item in value.items()}
    if schema.get("format") != "path" or not isinstance(value, str):
        return value
    path = Path(value).expanduser()
    for number, folder in enumerate(folders):
        if Path(folder, path).exists():
            return str(path if number == 0 else Path(folder, path))
    return str(path)


def first_fault(value: Any, schema: Schema) -> str | None:
    """The first fault as one sentence, or None; an unknown key comes first, since it may be the cause of another."""
    faults = sorted(
        Draft202012Validator(dict(schema)).iter_errors(value),
        key=lambda error: (error.validator != "additionalProperties", [str(key) for key in error.absolute_path]),
    )
    return _sentence(faults[0], schema) if faults else None


def shown(value: Any) -> str:
    """A value as a sentence quotes it, shortened where it is long."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _sentence(error: ValidationError, schema: Schema) -> str:
    """A fault found by jsonschema, in one sentence: where, what was found, what is expected."""
    while error.validator == "anyOf":
        of_this_form = _nearest_form(error)
        if of_this_form is None:
            break
        error = of_this_form
    where = _dotted(error.absolute_path) or "the configuration"
    rule: Schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties":
        key = next(key for key in error.instance if key not in rule["properties"])
        return f"{_dotted([*error.absolute_path, key])} is not a key; {_suggestion(key, rule, schema)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{_dotted([*error.absolute_path, missing])} is missing, expected {expected(subschema(rule, missing))}"
    if error.parent is None and "propertyNames" in error.absolute_schema_path:
        return f"{where} has a run named '{error.instance}', expected letters, digits, _ or -, and not 'stages'"
    return f"{where} is {shown(error.instance)}, expected {expected(rule)}"


def _nearest_form(error: ValidationError) -> ValidationError | None:
    """The fault within the one of several forms that was meant: the one of the same type with most keys in common."""
    candidates = []
    for number, form in enumerate(error.validator_value):
        faults = [fault for fault in error.context or () if fault.relative_schema_path[0] == number]
        if faults and not any(fault.validator in ("type", "enum") and not fault.relative_path for fault in faults):
            known = form.get("properties", {})
            keys = error.instance if isinstance(error.instance, Mapping) else ()
            close = [key for key in keys if difflib.get_close_matches(key, known)]
            faults.sort(key=lambda fault: fault.validator != "additionalProperties")
            candidates.append((len(close), -number, faults[0]))
    if not candidates or (len(candidates) > 1 and max(candidates)[0] == 0):
        return None
    return max(candidates)[2]


def _suggestion(key: str, rule: Schema, schema: Schema) -> str:
    """The nearest right key: in the same section, else a key of that name elsewhere."""
    near = difflib.get_close_matches(key, rule["properties"], n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    elsewhere = [path for path in _keys(schema) if path.rsplit(".", 1)[-1] == key and not path.startswith("defaults")]
    if elsewhere:
        return f"did you mean '{elsewhere[0].removeprefix('runs.')}'?"
    return f"expected one of {', '.join(rule['properties'])}"


def _keys(schema: Schema, above: str = "") -> Iterator[str]:
    """Every key of the schema, dotted; the names of runs are left out."""
    for form in forms(schema):
        for key, below in form.get("properties", {}).items():
            path = f"{above}.{key}" if above else key
            yield path
            yield from _keys(below, path)
        if isinstance(form.get("additionalProperties"), Mapping):
            yield from _keys(form["additionalProperties"], above)


def _dotted(path: Iterable[Any]) -> str:
    """runs.silicon.temperatures[1]"""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def expected(schema: Schema, plural: bool = False) -> str:
    """What a schema allows, in words."""
    if "anyOf" in schema:
        return ", or ".join(expected(form) for form in schema["anyOf"])
    if "enum" in schema:
        choices = ", ".join(map(str, schema["enum"]))
        return f"one of {choices}" if len(schema["enum"]) > 1 else choices
    kind = schema.get("type")
    if kind == "null":
        return "null"
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return "text"
    if kind == "array":
        number = schema["minItems"] if schema.get("minItems") == schema.get("maxItems") else "one or more"
        items = schema["items"]
        # Numbers and texts have a plural, choices and values of several forms have none.
        plain = items.get("type") in ("integer", "number") and "enum" not in items
        entries = expected(items, plural=True) if plain else f"entries, each {expected(items)}"
        return f"a list of {number} {'different ' if schema.get('uniqueItems') else ''}{entries}"
    if kind in ("integer", "number"):
        positive = "positive " if schema.get("minimum", 0) > 0 or "exclusiveMinimum" in schema else ""
        noun = ("whole number" if kind == "integer" else "number") + ("s" if plural else "")
        unit = "" if schema.get("unit", "1") == "1" else f" in {schema['unit']}"
        limits = (
            f" from {schema['minimum']:g} to {schema['maximum']:g}" if {"minimum", "maximum"} <= set(schema) else ""
        )
        return f"{'' if plural else 'a '}{positive}{noun}{unit}{limits}"
    keys = ", ".join(schema.get("properties", {}))
    return f"a mapping {{{keys}}}" if keys else "a mapping with an entry for each name"
