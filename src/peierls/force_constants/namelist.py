"""Fortran namelists, as far as input files go: `&group key=values, key(:,1)=values / &end`.

Keys are case-insensitive; values are numbers, `.true.`/`F`, quoted strings and repetitions `3*0.0`, separated by commas
or blanks; `!` opens a comment.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.errors import InputError
from peierls.force_constants.text import read_text

_OPENING = re.compile(r"[&$]\s*[A-Za-z]\w*")
_GROUP = re.compile(r"[&$]\s*([A-Za-z]\w*)([^&$/]*)(?:[&$]\s*end\b|/)", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"([A-Za-z]\w*)\s*(?:\(([^()]*)\))?\s*=")
_VALUE = re.compile(r"(?:(\d+)\*)?('[^']*'|\"[^\"]*\"|[^\s,'\"]+)")
_QUOTED_OR_COMMENT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|![^\n]*")


@dataclass(frozen=True)
class Assignment:
    """A `key(subscripts) = values` and where it stands, file and line."""

    subscripts: str | None
    values: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Namelists:
    """The assignments of a file's groups, by group and key, both in lower case."""

    path: Path
    groups: dict[str, dict[str, list[Assignment]]]

    def has(self, group: str, key: str) -> bool:
        """Whether the file sets the key."""
        return key in self.groups.get(group, {})

    def numbers(self, group: str, key: str, shape: tuple[int, ...], default: float | None = None) -> Floats:
        """An array of finite numbers, filled as Fortran would: first index fastest where a whole array is given."""
        array = np.full(shape, np.nan if default is None else default)
        for assignment in self._assignments(group, key, required=default is None):
            numbers = np.array([_number(value, key, assignment.where) for value in assignment.values])
            _fill(array, numbers, assignment, key)
        if np.isnan(array).any():
            raise InputError(f"{self._where(group, key)}: '{key}' lacks values, expected {array.size}")
        return array

    def whole(self, group: str, key: str, shape: tuple[int, ...]) -> Integers:
        """An array of whole numbers."""
        array = self.numbers(group, key, shape)
        if not (array == np.rint(array)).all():
            raise InputError(f"{self._where(group, key)}: '{key}' is not whole, expected whole numbers")
        return array.astype(np.int64)

    def strings(self, group: str, key: str, count: int) -> list[str]:
        """`count` strings."""
        values = [value.strip("'\" ") for one in self._assignments(group, key, required=True) for value in one.values]
        if len(values) != count:
            raise InputError(f"{self._where(group, key)}: '{key}' holds {len(values)} names, expected {count}")
        return values

    def flag(self, group: str, key: str, default: bool) -> bool:
        """A logical value."""
        flag = default
        for assignment in self._assignments(group, key, required=False):
            words = [value.strip(".").lower() for value in assignment.values]
            if len(words) != 1 or words[0][:1] not in ("t", "f"):
                shown = " ".join(assignment.values)
                raise InputError(f"{assignment.where}: '{key}' is '{shown}', expected .TRUE. or .FALSE.")
            flag = words[0].startswith("t")
        return flag

    def refuse_others(self, group: str, known: Sequence[str]) -> None:
        """Raises InputError for a key of the group that is not `known`: a misspelt one would be lost."""
        for key, assignments in self.groups.get(group, {}).items():
            if key not in known:
                raise InputError(f"{assignments[0].where}: '{key}' is no key of &{group}, expected {', '.join(known)}")

    def _assignments(self, group: str, key: str, required: bool) -> list[Assignment]:
        if required and not self.has(group, key):
            raise InputError(f"{self.path}: '{key}' of &{group} is missing")
        return self.groups.get(group, {}).get(key, [])

    def _where(self, group: str, key: str) -> str:
        return self.groups[group][key][-1].where


def read(path: Path) -> Namelists:
    """Read all namelists of the file `path`."""
    text = read_text(path)
    # Masked text of the same length: what is quoted or a comment must not be taken for keys.
    masked = _QUOTED_OR_COMMENT.sub(lambda match: (" " if match[0][0] == "!" else "s") * len(match[0]), text)
    text = "".join(" " if mask == " " and kept != "\n" else kept for kept, mask in zip(text, masked, strict=True))
    groups: dict[str, dict[str, list[Assignment]]] = {}
    start = 0
    while opening := _OPENING.search(masked, start):
        match = _GROUP.match(masked, opening.start())
        if match is None:
            where = _where(path, text, opening.start())
            raise InputError(f"{where}: '{opening[0]}' has no end, expected &end or /; the file may be truncated")
        start = match.end()
        group = groups.setdefault(match[1].lower(), {})
        found = list(_ASSIGNMENT.finditer(masked, match.start(2), match.end(2)))
        bounds = [*(one.start() for one in found), match.end(2)]
        stray = text[match.start(2) : bounds[0]].strip(" \t\n,")
        if stray:
            raise InputError(f"{_where(path, text, match.start(2))}: '{stray}' stands before any key of &{match[1]}")
        for one, stop in zip(found, bounds[1:], strict=True):
            where = _where(path, text, one.start())
            values = _values(text[one.end() : stop], where)
            group.setdefault(one[1].lower(), []).append(Assignment(one[2], values, where))
    return Namelists(path, groups)


def _where(path: Path, text: str, position: int) -> str:
    return f"{path}: line {text.count(chr(10), 0, position) + 1}"


def _values(text: str, where: str) -> tuple[str, ...]:
    stray = _VALUE.sub("", text).strip(" \t\n,")
    if stray:
        raise InputError(f"{where} has a stray {stray[0]}, expected values and closed quotes")
    values: list[str] = []
    for repeat, value in _VALUE.findall(text):
        if len(repeat) > 6:
            raise InputError(f"{where} repeats a value {repeat} times")
        values += [value] * int(repeat or 1)
    return tuple(values)


def _number(value: str, key: str, where: str) -> float:
    try:
        number = float(value.lower().replace("d", "e").replace("_", "?"))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(f"{where}: '{key}' holds '{value}', expected a number")
    return number


def _fill(array: Floats, numbers: Floats, assignment: Assignment, key: str) -> None:
    """Put numbers where the subscripts say, counted from 1, first index fastest."""
    places = np.arange(array.size).reshape(array.shape, order="F")
    subscripts = assignment.subscripts.split(",") if assignment.subscripts is not None else [":"] * array.ndim
    try:
        if len(subscripts) != array.ndim:
            raise ValueError
        chosen = places[tuple(_subscript(one, size) for one, size in zip(subscripts, array.shape, strict=True))]
        where = chosen.reshape(-1, order="F")
        if len(where) == 1:  # from one element on
            where = np.arange(where[0], array.size)
    except (ValueError, IndexError):
        raise InputError(
            f"{assignment.where}: '{key}({assignment.subscripts})' is not a part of an array of "
            f"{' × '.join(map(str, array.shape))}"
        ) from None
    if not 0 < len(numbers) <= len(where):
        raise InputError(f"{assignment.where}: '{key}' gets {len(numbers)} values, expected {len(where)}")
    flat = array.reshape(-1, order="F")
    flat[where[: len(numbers)]] = numbers
    array[...] = flat.reshape(array.shape, order="F")


def _subscript(text: str, size: int) -> slice:
    """`3`, `:` or `1:3` as a slice; ValueError where it is out of bounds."""
    first, colon, last = (part.strip() for part in text.partition(":"))
    start = int(first) if first else 1
    stop = int(last) if last else (size if colon else start)
    if not 1 <= start <= stop <= size or not (first or colon):
        raise ValueError
    return slice(start - 1, stop)
