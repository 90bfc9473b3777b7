"""Stage files: HDF5 with a unit, dimension names and a description on every dataset.

The only module that knows HDF5, also in the formats of other programs (`write_foreign`). A stage file is one dataclass
of this package, its fields declared with `quantities.quantity`. Files appear whole or not at all (temporary name,
fsync, rename), carry the provenance that the writer was given and no timestamp, so equal work gives equal bytes.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import h5py
import numpy as np

from peierls import __version__
from peierls.errors import InputError

Stage = TypeVar("Stage")
FORMAT = "peierls stage file 1"


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

    Raises ValueError where an array holds a number that is not finite or a dimension name stands for two lengths.
    """
    sizes: dict[str, int] = {}
    with atomic(Path(path)) as partial, h5py.File(partial, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["stage"] = type(stage).__name__
        file.attrs["peierls_version"] = __version__
        for key, text in sorted((provenance or {}).items()):
            file.attrs[key] = text
        for field in dataclasses.fields(stage):
            value = getattr(stage, field.name)
            if value is None:
                continue
            array = _to_array(value)
            _check(field, array, sizes, where=field.name)
            dataset = file.create_dataset(field.name, data=array)
            dataset.attrs["unit"] = field.metadata["unit"]
            dataset.attrs["dims"] = " ".join(field.metadata["dims"])
            dataset.attrs["description"] = field.metadata["description"]


def write_foreign(path: str | Path, root: Group) -> None:
    """Write HDF5 in the format of another program, as `root` describes it and with nothing else in it.

    Attributes that are text are of fixed length, as programs in Fortran write and read them.
    """
    with atomic(Path(path)) as partial, h5py.File(partial, "w") as file:
        _fill(file, root)


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

    Raises InputError, naming the file and the dataset, where it is missing, damaged, of another stage, or where a
    unit or a shape is not the declared one.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; a {kind.__name__} stage file is expected here")
    try:
        with h5py.File(path, "r") as file:
            return _read(file, path, kind)
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
        # Whatever h5py stumbles over.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not a readable HDF5 file ({reason}); it may be truncated") from error


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
        raise InputError(f"{path}: no such file; a stage file is expected here")
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise InputError(f"{path}: holds no stage of this program")
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"{path}: not a readable stage file ({str(error).splitlines()[0]})") from error


def _read(file: h5py.File, path: Path, kind: type[Stage]) -> Stage:
    found = file.attrs.get("stage")
    if file.attrs.get("format") != FORMAT or found != kind.__name__:
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


def _to_array(value: Any) -> Any:
    if isinstance(value, str):
        return np.array(value, dtype=h5py.string_dtype())
    if isinstance(value, tuple):
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


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its name only when it is complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
        with open(partial, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
