"""Stage files: HDF5 with a unit, dimension names and a description on every dataset.

A stage file is one dataclass of this package, its fields declared with `quantities.quantity`. Files appear whole or not
at all (temporary name, fsync, rename), carry the provenance that the writer was given and no timestamp, so equal work
gives equal bytes. HDF5 in the formats of other programs goes through `open_foreign` and `write_foreign`.

The first 512 bytes of a file, which HDF5 leaves to its user, hold a checksum of all others: whichever byte changes
afterwards, of an array, of an attribute or of HDF5's own tables, the file is refused and nothing wrong is ever read.
"""

import dataclasses
import errno
import hashlib
import io
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import h5py
import numpy as np

from peierls import __version__
from peierls.errors import DamagedFile, InputError, name_aside, was_set_aside

Stage = TypeVar("Stage")
FORMAT = "peierls stage file 1"
_SEAL_SIZE = 512
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class Array(NamedTuple):
    """A dataset of a file in the format of another program: numbers and attributes."""

    values: Any
    attributes: Mapping[str, Any]


class Group(NamedTuple):
    """A group of such a file, or the whole of it: datasets and groups by name, and attributes."""

    members: Mapping[str, Any]
    attributes: Mapping[str, Any]


def write(path: str | Path, stage: Any, provenance: Mapping[str, str] | None = None) -> None:
    """Write the dataclass `stage` to `path`; fields that are None are left out.

    Raises InputError where an array holds a number that is not finite, a dimension name stands for two lengths, or the
    disk takes no more; `path` is then as it was before.
    """
    path = Path(path)
    try:
        with atomic(path) as partial:
            with _Disk(partial) as disk:
                try:
                    with h5py.File(disk, "w", userblock_size=_SEAL_SIZE) as file:
                        disk.reserve(sum(array.nbytes for _, array in _arrays(stage)))
                        _write(file, stage, provenance or {})
                finally:
                    disk.check()  # the cause of what else may have gone wrong
            seal(partial)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be written: {_reason(error)}; mend that and run again") from error


def seal(path: str | Path) -> None:
    """Write the checksum of a stage file into it; for a file that was changed on purpose."""
    with open(path, "rb+") as stream:
        text = _checksum_block(stream)
        stream.seek(0)
        stream.write(text)


def write_foreign(path: str | Path, root: Group) -> None:
    """Write HDF5 in the format of another program, as `root` describes it and with nothing else in it.

    Attributes that are text are of fixed length, as programs in Fortran write and read them.
    """
    with atomic(Path(path)) as partial, h5py.File(partial, "w") as file:
        _fill(file, root)


@contextmanager
def open_foreign(path: str | Path) -> Iterator[h5py.File]:
    """An HDF5 file of another program, to be read; where h5py cannot, then or later in the block, that is an
    InputError."""
    with _legible(path), h5py.File(path, "r") as file:
        yield file


@contextmanager
def _legible(path: str | Path) -> Iterator[None]:
    """Make one sentence of whatever h5py stumbles over in a file."""
    try:
        yield
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not a readable HDF5 file ({reason}); it may be truncated") from error


def _fill(place: h5py.Group, group: Group) -> None:
    _set_attributes(place, group.attributes)
    for name, member in group.members.items():
        if isinstance(member, Group):
            _fill(place.create_group(name), member)
        else:
            _set_attributes(place.create_dataset(name, data=np.ascontiguousarray(member.values)), member.attributes)


def _set_attributes(place: Any, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        place.attrs[name] = np.bytes_(value.encode()) if isinstance(value, str) else value


def read(path: str | Path, kind: type[Stage]) -> Stage:
    """Read a stage file back as the dataclass `kind`.

    Raises InputError, naming the file and the dataset, where it is missing, of another stage, or where a unit or a
    shape is not the declared one; of these DamagedFile where it is not as it was written, to the last bit.
    """
    path = Path(path)
    if not path.is_file():
        if name_aside(path).is_file():
            raise InputError(was_set_aside(path))
        raise InputError(f"{path}: no such file; a {kind.__name__} stage file is expected here")
    with _legible(path):
        _check_seal(path)
        with h5py.File(path, "r") as file:
            return _read(file, path, kind)


def provenance(path: str | Path) -> dict[str, str]:
    """The attributes of a stage file: stage, version, and what its writer recorded."""
    with _opened(Path(path)) as file:
        return {key: str(value) for key, value in file.attrs.items()}


@dataclass(frozen=True)
class Dataset:
    """A dataset of a stage file with what is written beside it; `values` are numbers, a text, or a list of texts."""

    name: str
    unit: str
    dims: tuple[str, ...]
    description: str
    values: Any


def datasets(path: str | Path) -> list[Dataset]:
    """All datasets of a stage file of whatever stage, by name.

    Raises InputError where the file is missing, damaged, or no stage file.
    """
    with _opened(Path(path)) as file:
        return [
            Dataset(
                name=name,
                unit=str(dataset.attrs["unit"]),
                dims=tuple(str(dataset.attrs["dims"]).split()),
                description=str(dataset.attrs["description"]),
                values=_from_dataset(dataset, dataset[()]),
            )
            for name, dataset in file.items()
        ]


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """A stage file of whatever stage."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "no such file"
        raise InputError(f"{path}: {found}; a stage file is expected here")
    try:
        _check_seal(path)
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise InputError(f"{path}: holds no stage of this program")
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"{path}: not a readable stage file ({str(error).splitlines()[0]})") from error


class _Disk(io.FileIO):
    """A file that keeps its first failure to itself until it is asked: HDF5 crashes the process if it cannot close what
    it has opened."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.failure: OSError | None = None

    def reserve(self, size: int) -> None:
        """Take so many bytes of the disk, or raise OSError now, while HDF5 has nothing at stake. What is not used is
        given back when it closes the file. Systems that cannot do so find out later."""
        if hasattr(os, "posix_fallocate") and size:
            try:
                os.posix_fallocate(self.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        while len(rest) and not self.failure:
            try:
                rest = rest[super().write(rest) or 0 :]
            except OSError as error:
                self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0

    def check(self) -> None:
        """Raise the first failure."""
        if self.failure:
            raise self.failure


def _write(file: h5py.File, stage: Any, provenance: Mapping[str, str]) -> None:
    sizes: dict[str, int] = {}
    file.attrs["format"] = FORMAT
    file.attrs["stage"] = type(stage).__name__
    file.attrs["peierls_version"] = __version__
    for key, text in sorted(provenance.items()):
        file.attrs[key] = text
    for field, array in _arrays(stage):
        _check(field, array, sizes, where=field.name)
        dataset = file.create_dataset(field.name, data=array)
        dataset.attrs["unit"] = field.metadata["unit"]
        dataset.attrs["dims"] = " ".join(field.metadata["dims"])
        dataset.attrs["description"] = field.metadata["description"]


def _read(file: h5py.File, path: Path, kind: type[Stage]) -> Stage:
    found, format = file.attrs.get("stage"), file.attrs.get("format")
    if found and format != FORMAT:
        raise InputError(f"{path}: its format is '{format}', expected '{FORMAT}': another version has written it")
    if found != kind.__name__:
        raise InputError(f"{path}: holds {found or 'no stage of this program'}, expected a {kind.__name__} stage file")
    values: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # every stage is a dataclass
        if field.name not in file:
            if field.default is None:
                values[field.name] = None
                continue
            raise InputError(f"{path}: dataset '{field.name}' ({field.metadata['description']}) is missing")
        dataset = file[field.name]
        if dataset.attrs.get("unit") != field.metadata["unit"]:
            raise InputError(
                f"{path}: dataset '{field.name}' is in '{dataset.attrs.get('unit')}', "
                f"expected '{field.metadata['unit']}'"
            )
        if dataset.dtype.kind == "f" and dataset.dtype.itemsize > 8:
            # A damaged type has other exponents: numbers are then off by factors that contradict nothing.
            raise InputError(f"{path}: dataset '{field.name}' holds {dataset.dtype} numbers, expected float64")
        array = dataset[()]
        _check(field, np.asarray(array), sizes, where=f"{path}: dataset '{field.name}'")
        values[field.name] = _from_dataset(dataset, array)
    return kind(**values)


def _arrays(stage: Any) -> Iterator[tuple[dataclasses.Field[Any], Any]]:
    """The fields of a stage that are written, one at a time."""
    for field in dataclasses.fields(stage):
        if (value := getattr(stage, field.name)) is not None:
            yield field, _to_array(value)


def _to_array(value: Any) -> Any:
    if isinstance(value, str | tuple):
        return np.array(value, dtype=h5py.string_dtype())
    return np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)


def _from_dataset(dataset: h5py.Dataset, array: Any) -> Any:
    if h5py.check_string_dtype(dataset.dtype) is None:
        return array if dataset.shape else array.item()
    if dataset.shape == ():
        return dataset.asstr()[()]
    return tuple(dataset.asstr()[()])


def _check(field: dataclasses.Field[Any], array: np.ndarray, sizes: dict[str, int], where: str) -> None:
    """Compare a shape with its declared dimensions, and ask for finite numbers."""
    dims = field.metadata["dims"]
    if array.ndim != len(dims):
        raise InputError(f"{where} has {array.ndim} dimensions, expected {len(dims)} ({' '.join(dims)})")
    for name, size in zip(dims, array.shape, strict=True):
        expected = int(name) if name.isdigit() else sizes.setdefault(name, size)
        if size != expected:
            raise InputError(f"{where} has shape {array.shape}: '{name}' is {size}, expected {expected}")
    if array.dtype.kind in "fc" and not field.metadata["may_be_nan"] and not np.isfinite(array).all():
        raise InputError(f"{where} holds numbers that are not finite")


def _checksum_block(stream: io.BufferedReader | io.BufferedRandom) -> bytes:
    """The first bytes of a stage file: the SHA-256 of all bytes after them."""
    stream.seek(_SEAL_SIZE)
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    text = f"{FORMAT}: HDF5 from byte {_SEAL_SIZE}, of which the SHA-256 is {digest}\n"
    return text.encode().ljust(_SEAL_SIZE, b"\0")


def _check_seal(path: Path) -> None:
    """Raise DamagedFile unless a file is as it was when it was sealed.

    A file that starts as HDF5 was made by another hand and never sealed: no change of one byte makes that of a sealed
    one.
    """
    with open(path, "rb") as stream:
        found = stream.read(_SEAL_SIZE)
        if not found.startswith(_HDF5_SIGNATURE) and found != _checksum_block(stream):
            raise DamagedFile(
                f"{path}: is no stage file as it was written: its checksum differs, so it is truncated or changed",
                path,
            )


def _reason(error: Exception) -> str:
    """Why a file could not be written: the system's words, which HDF5 wraps in its own."""
    number = getattr(error, "errno", None) or next(iter(re.findall(r"errno = (\d+)", str(error))), None)
    return os.strerror(int(number)) if number else str(error).partition("\n")[0]


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its name only when it is complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}.{socket.gethostname()}"
    for left_over in path.parent.glob(f"{prefix}.*.part"):
        if not _is_running(int(left_over.suffixes[-2][1:])):
            left_over.unlink(missing_ok=True)
    partial = path.with_name(f"{prefix}.{os.getpid()}.part")
    try:
        yield partial
        with open(partial, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
