"""Runs that sweep over values: a run for each combination, with a name that says which."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from peierls.errors import InputError

Point = list[tuple[tuple[str, ...], Any]]
"""One value for each swept key, a key as the path that leads to it."""


def expand(name: str, own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The runs that a run stands for, as names and what is theirs: itself, or one for each combination of its `sweep`.

    A sweep of `defaults` holds for every run, but not over keys that the run gives itself. Raises InputError, starting
    with the key, where a key is both given and swept by a run.
    """
    fixed = {key: value for key, value in own.items() if key != "sweep"}
    swept = dict(_values(own.get("sweep") or {}))
    for path in swept:
        if _given(fixed, path):
            raise InputError(f"sweep.{'.'.join(path)} is swept and given too, expected one of both")
    common = {path: values for path, values in _values(defaults.get("sweep") or {}) if not _given(fixed, path)}
    axes = {**common, **swept}
    if not axes:
        yield name, fixed
        return
    for values in product(*axes.values()):
        point = list(zip(axes, values, strict=True))
        run = copy.deepcopy(fixed)
        for (*sections, key), value in point:
            node = run
            for section in sections:
                # An empty section, of which YAML makes nothing.
                node[section] = node.get(section) or {}
                node = node[section]
            node[key] = copy.deepcopy(value)
        yield "-".join([name, *_labels(point)]), run


def _values(sweep: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Sequence[Any]]]:
    """The swept keys in the order in which they are written, each with its values."""
    for key, value in sweep.items():
        if isinstance(value, Mapping):
            yield from _values(value, (*above, key))
        else:
            yield (*above, key), value


def _given(run: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    node: Any = run
    for key in path:
        if not isinstance(node, Mapping) or key not in node:
            return False
        node = node[key]
    return True


def _labels(point: Point) -> Iterator[str]:
    """key-value of each swept key; with its section where another key has the same last name."""
    last = [path[-1] for path, _ in point]
    for path, value in point:
        name = path[-1] if last.count(path[-1]) == 1 else "-".join(path)
        yield f"{name}-{label(value)}"


def label(value: Any) -> str:
    """A value in letters, digits, _ and -: 11x11x11, 0p1, event, none, density-8."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "-".join(f"{key}-{label(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ("x" if all(type(item) is int for item in value) else "-").join(map(label, value))
    if isinstance(value, int | float):
        # 1e-6, where Python writes 1e-06.
        return re.sub(r"e([+-])0*", lambda sign: f"e{sign[1].strip('+')}", f"{value:.12g}").replace(".", "p")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", str(value)).strip("-") or "empty"
