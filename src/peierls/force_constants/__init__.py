"""Force constants from the files of other programs, in one canonical form (`peierls.crystal.Crystal`).

One module per format, with three functions of (folder, names): `input_files`, `read_cell` and `read`. Whatever is wrong
with a file is an InputError, from every function of this package: the file, the line, dataset or key, and what was
found there.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import elements, peierls, phono3py, qe, shengbte, space_group, sum_rules, tdep
from peierls.supercell import Cell

_SIGNATURES = {
    "phono3py": ("fc3.hdf5", "phono3py*.yaml", "phono3py*.yaml.xz"),
    "tdep": ("infile.ucposcar",),
    "shengbte": ("CONTROL",),
    "qe": ("*.fc",),
    "peierls": ("crystal.h5",),
}
"""Files by which a folder's format is told, patterns as for `Path.glob`."""


class Reader(Protocol):
    """What the module of a format offers.

    `names` is the config section `force_constants`: the user's own file names, by the keys of that format, and
    `sum_rules`, for formats where it bears on how charges are read.
    """

    def input_files(self, folder: Path, names: Mapping[str, Any]) -> list[Path]:
        """The files that `read` will read, in order."""

    def read_cell(self, folder: Path, names: Mapping[str, Any]) -> Cell:
        """The primitive cell alone, in a small part of the time that `read` takes."""

    def read(self, folder: Path, names: Mapping[str, Any]) -> Crystal:
        """The crystal, with natural isotopes unless the format has its own, and no `sources`."""


_READERS: dict[str, Reader] = {
    "phono3py": phono3py,
    "tdep": tdep,
    "shengbte": shengbte,
    "qe": qe,
    "peierls": peierls,
}


def read(settings: Mapping[str, Any]) -> Crystal:
    """Read the force constants that the config section `force_constants` describes.

    Keys: `format` (auto, or a name of a format), `path` (folder), `sum_rules` (none, impose), `symmetrize`, `isotopes`
    (None, or {"file": path}: see `elements.read_isotopes`), and a key per file of the format in place of its usual
    name (`files.locate`).
    """
    paths = input_files(settings)
    reader, folder = _reader(settings)
    crystal = reader.read(folder, settings)
    elements.warn_of_foreign_masses(crystal, str(folder))
    if settings.get("isotopes"):
        path = paths[-1]
        masses, variances = elements.read_isotopes(path, crystal.species)
        crystal = replace(crystal, masses=masses, mass_variances=variances, isotope_source=f"file {path.name}")
    if settings.get("symmetrize"):
        crystal = space_group.symmetrize(crystal)
    if settings.get("sum_rules", "none") not in ("none", "impose"):
        raise InputError(f"key 'force_constants.sum_rules' is '{settings['sum_rules']}', expected none or impose")
    if settings.get("sum_rules") == "impose":
        crystal = sum_rules.impose(crystal)
    digests = tuple(f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths)
    sum_rules.warn_of_turning(crystal, str(folder))
    violations = sum_rules.measure(crystal)
    sum_rules.report(violations)
    return replace(crystal, sources=digests, rule_violations=np.array(astuple(violations)))


def read_cell(settings: Mapping[str, Any]) -> Cell:
    """The primitive cell of the force constants that `read` would read, with nothing said of what else is there."""
    reader, folder = _reader(settings)
    logger = logging.getLogger("peierls")
    before, logger.disabled = logger.disabled, True
    try:
        return reader.read_cell(folder, settings)
    finally:
        logger.disabled = before


def input_files(settings: Mapping[str, Any]) -> list[Path]:
    """The files that `read` will read, in order, the isotope file last. Raises InputError where one is missing."""
    reader, folder = _reader(settings)
    paths = reader.input_files(folder, settings)
    isotopes = settings.get("isotopes")
    if isotopes:
        path = Path(isotopes["file"])
        if not path.is_file():
            raise InputError(f"{path}: no such file, named by key 'force_constants.isotopes.file'")
        paths.append(path)
    return paths


def recognise(folder: Path) -> str:
    """The format of the files in `folder`."""
    _check_folder(folder)
    found = [name for name, patterns in _SIGNATURES.items() if any(any(folder.glob(pattern)) for pattern in patterns)]
    if len(found) != 1:
        what = f"files of {' and '.join(found)}" if found else "no files of a known program"
        raise InputError(f"{folder}: holds {what}; key 'force_constants.format' can say {', '.join(_SIGNATURES)}")
    return found[0]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        start = "" if folder.is_absolute() else f" and looked for from {Path.cwd()}"
        raise InputError(f"{folder}: no such folder, named by key 'force_constants.path'{start}")


def _reader(settings: Mapping[str, Any]) -> tuple[Reader, Path]:
    """The reader of a section's format, and its folder."""
    folder = Path(settings["path"])
    _check_folder(folder)
    name = settings.get("format", "auto")
    if name == "auto":
        name = recognise(folder)
    if name not in _READERS:
        raise InputError(f"{folder}: format '{name}' is not known, expected {', '.join(_READERS)}")
    return _READERS[name], folder
