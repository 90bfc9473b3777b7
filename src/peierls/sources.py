"""What a source file says and what it imports, remembered for as long as its bytes are the same.

To read the syntax tree of the whole package takes most of a second, which every start of the workflow would spend anew.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

MOST = 3000
"""Files that are remembered; of more, those that were asked for last."""


class Source(NamedTuple):
    """A digest of a file without comments, docstrings and layout, and the names that it imports from its package."""

    digest: str
    imports: list[str]


def cache_folder() -> Path:
    """The folder of this user for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "peierls"


def source(path: Path, name: str) -> Source:
    """That of a file, which holds the module `name` or is a script."""
    return _source(path, path.stat().st_mtime_ns, name)


@cache
def _source(path: Path, mtime_ns: int, name: str) -> Source:
    text = path.read_bytes()
    # Python says how a tree is written as text, the names how relative imports are meant.
    about = f"{sys.version_info[:3]} {name} {path.name} "
    return _memory().source(hashlib.sha256(about.encode() + text).hexdigest(), text, path, name)


@cache
def _memory() -> "_Memory":
    return _Memory(cache_folder() / "sources.json")


class _Memory:
    """What was read before, in a file that is written at the end if there is anything new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = _load(path)
        self.asked: dict[str, Source] = {}

    def source(self, key: str, text: bytes, path: Path, name: str) -> Source:
        """What is known by a key, or read now."""
        found = self.before.get(key)
        if found is None:
            if self.asked.keys() <= self.before.keys():
                atexit.register(self.save)
            found = _read(text, path, name)
        self.asked[key] = found
        return found

    def save(self) -> None:
        """Write the file, whole or not at all. Nothing depends on it but time."""
        known = {**self.before, **self.asked}
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(known if len(known) <= MOST else self.asked), encoding="utf-8")
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Source]:
    """What a file remembers; nothing if it is not there or damaged."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return {
            key: Source(str(digest), list(map(str, imports)))
            for key, (digest, imports) in json.loads(path.read_text(encoding="utf-8")).items()
        }
    return {}


def _read(text: bytes, path: Path, name: str) -> Source:
    tree = ast.parse(text, str(path))
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, name, path.name == "__init__.py")
            imports.update(f"{module}.{alias.name}" for alias in node.names)
        if isinstance(body := getattr(node, "body", None), list):
            # Not every node has a body; this one does.
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]  # type: ignore[attr-defined]
    digest = hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
    return Source(digest, sorted({part for module in imports for part in with_packages(module)}))


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    """The full name of the module in `from ..x import y`, read in module `name`."""
    if not node.level:
        return node.module or ""
    above = name.split(".")[: len(name.split(".")) - node.level + is_package]
    return ".".join([*above, *filter(None, [node.module])])


def with_packages(name: str) -> Iterator[str]:
    """A module and the packages above it, whose `__init__` is run first: a.b.c, a.b, a."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _is_text(line: ast.AST) -> bool:
    """A docstring, or a text after a constant that describes it."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
