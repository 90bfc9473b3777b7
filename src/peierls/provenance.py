"""What a result was made from: digests of code and of files.

Snakemake sees the script of a rule, not the library behind it. Each rule therefore carries `code_digest` of its script,
which changes with every module of this package that the script reaches by import, and with nothing else: comments,
docstrings and layout do not count.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from peierls.sources import cache_folder, source, with_packages

PACKAGE = Path(__file__).resolve().parent

_PIECE, _PIECES = 2**20, 100
"""Length in bytes and number of the pieces by which a large file is known."""

WITHOUT_EFFECT = frozenset({"peierls.errors", "peierls.job", "peierls.provenance", "peierls.sources"})
"""Modules that decide how a job reports, never what it computes: changing them makes no result out of date."""


def code_digest(roots: Iterable[str | Path], package_root: Path = PACKAGE) -> str:
    """Digest of the modules of the package that `roots` reach by import, sixteen hexadecimal digits.

    A root is the name of a module ("peierls.mesh"), which counts itself, or the path of a script, of which only the
    imports count. Imports inside functions count; a module that is imported under a computed name does not, so it must
    be named as a root.
    """
    waiting = [name for root in roots for name in _names_of_root(root, package_root)]
    seen: set[str] = set(WITHOUT_EFFECT)
    digests: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _module_path(name, package_root)
        if path is not None:
            digests[name], imports = source(path, name)
            waiting.extend(imports)
    return _digest(sorted(digests.items()))


def package_digest(package_root: Path = PACKAGE) -> str:
    """Digest of every module of the package, sixteen hexadecimal digits."""
    paths = sorted(package_root.rglob("*.py"))
    return _digest(
        (str(path.relative_to(package_root)), source(path, _module_name(path, package_root)).digest) for path in paths
    )


def data_digest(folder: str, package_root: Path = PACKAGE) -> str:
    """Digest of the files of a folder of the package that are no modules, such as templates."""
    paths = sorted(path for path in (package_root / folder).iterdir() if path.is_file())
    return _digest((path.name, path.read_text(encoding="utf-8")) for path in paths)


def file_checksum(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digests(paths: Iterable[str | Path]) -> dict[str, str]:
    """A digest of what each file holds, sixteen hexadecimal digits, by its path; its time does not count.

    Of a large file its length and pieces spread over all of it count, so that a start stays short.
    """
    status = {Path(path): Path(path).stat() for path in paths}
    return {str(path): _content(path, one.st_mtime_ns, one.st_size) for path, one in status.items()}


def record(settings: Mapping[str, Any], code: str, inputs: Iterable[str | Path] = ()) -> dict[str, str]:
    """The provenance of a stage file: its settings, the digest of its code, and the checksums of its inputs by name."""
    checksums = {Path(path).name: file_checksum(path) for path in inputs}
    return {
        "settings": json.dumps(settings, sort_keys=True, ensure_ascii=False),
        "code": code,
        "inputs": json.dumps(checksums, sort_keys=True),
    }


def set_numba_cache() -> str:
    """Give numba's compiled kernels a folder that carries the package's digest, unless $NUMBA_CACHE_DIR names one.

    Numba keeps a compiled kernel as long as the file that holds it is the same, even where a function that it calls
    from another file has changed: without the digest, a warm cache computes with yesterday's code.
    """
    return os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "numba" / package_digest()))


@cache
def _content(path: Path, mtime_ns: int, size: int) -> str:
    """Digest of the length of a file and of all its bytes, or of pieces from its first to its last."""
    found = hashlib.sha256(str(size).encode())
    whole = size <= _PIECES * _PIECE
    starts = range(0, size, _PIECE) if whole else (n * (size - _PIECE) // (_PIECES - 1) for n in range(_PIECES))
    with open(path, "rb") as stream:
        for start in starts:
            stream.seek(start)
            found.update(stream.read(_PIECE))
    return found.hexdigest()[:16]


def _digest(parts: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:16]


def _names_of_root(root: str | Path, package_root: Path) -> list[str]:
    if isinstance(root, Path) or root.endswith(".py"):
        return source(Path(root), "").imports
    if _module_path(root, package_root) is None:
        raise ValueError(f"{root} is no module of {package_root}")
    return list(with_packages(root))


def _module_path(name: str, package_root: Path) -> Path | None:
    """The file of a module, or None for a name that is no module of the package (a function, another library)."""
    first, *rest = name.split(".")
    if first != package_root.name:
        return None
    path = package_root.joinpath(*rest)
    candidates = (path.with_suffix(".py"), path / "__init__.py") if rest else (path / "__init__.py",)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _module_name(path: Path, package_root: Path) -> str:
    """The full name of the module in a file of the package."""
    parts = path.relative_to(package_root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
