"""The text of a new configuration: what must be said, and every other key with its default to be uncommented."""

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from peierls.schema import Schema

_WIDTH = 110


def template(heading: str, name: str, given: Mapping[str, Any], run_schema: Schema) -> str:
    """A configuration of one run: `given`, and all other keys of `run_schema` commented out.

    A line that starts with "# " explains the next key; one that starts with "#" and no space is a key with its default.
    """
    lines = [
        *textwrap.wrap(heading, _WIDTH, initial_indent="# ", subsequent_indent="# "),
        "#",
        "# Keys that are commented out stand with their defaults: remove the # to change one.",
        "",
        "runs:",
        f"  {name}:",
        *_section(given, run_schema, "    "),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _section(given: Mapping[str, Any], schema: Schema, indent: str) -> list[str]:
    """The lines of a section; a section below it is there even where all of its keys stay at their defaults."""
    lines = []
    for key, rule in schema["properties"].items():
        if "properties" in rule:
            inner = _section(given.get(key, {}), rule, f"{indent}  ")
            lines += [*_comment(rule, indent), f"{indent}{key}:", *inner, ""] if inner else []
        elif key in given:
            lines += [*_comment(rule, indent), f"{indent}{key}: {_flow(given[key])}"]
        elif "default" in rule:
            lines += [*_comment(rule, indent), f"{indent}#{key}: {_flow(rule['default'])}"]
    return lines


def _comment(rule: Schema, indent: str) -> list[str]:
    """The description of a key, with its unit and its choices."""
    unit = f" ({rule['unit']})" if rule.get("unit", "1") != "1" else ""
    choices = f": {', '.join(map(str, rule['enum']))}" if "enum" in rule else ""
    start = f"{indent}# "
    return textwrap.wrap(f"{rule['description']}{unit}{choices}", _WIDTH, initial_indent=start, subsequent_indent=start)


def _flow(value: Any) -> str:
    """A value on one line, as YAML writes it."""
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).split("\n")[0]
