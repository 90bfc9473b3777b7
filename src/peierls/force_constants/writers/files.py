"""What a writer hands over, and how files appear: all of them whole, or none."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peierls.errors import InputError

Files = dict[str, Callable[[Path], None]]
"""By file name, what writes the file to a path."""


@dataclass(frozen=True)
class Written:
    """The files of a crystal in a format, and a sentence on each thing that they do not hold as it was."""

    files: Files
    notes: list[str]


def text(lines: Iterable[str]) -> Callable[[Path], None]:
    """A text file of these lines."""

    def write(path: Path) -> None:
        with open(path, "w", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)

    return write


def refuse_existing(folder: Path, names: Iterable[str]) -> None:
    """Raises InputError where one of the files is there already."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write to")
    for name in names:
        if (folder / name).exists():
            raise InputError(f"{folder / name}: is there already and is not overwritten, expected another folder")


@contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, whose files move there at the end if all went well."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
    try:
        yield temporary
        paths = sorted(temporary.iterdir())
        refuse_existing(folder, (path.name for path in paths))
        for path in paths:
            with open(path, "rb+") as stream:
                os.fsync(stream.fileno())
        folder.mkdir(exist_ok=True)
        for path in paths:
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
