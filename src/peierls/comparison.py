"""What two runs differ in: their settings, the code and the inputs of each file, the conductivity, the health."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from peierls import stage_files
from peierls.config import STAGES
from peierls.errors import InputError
from peierls.layout import WITHOUT_KAPPA
from peierls.report import COMPONENTS

_ABSENT = "-"


@dataclass(frozen=True)
class Difference:
    """Something that has one value in one run and another in the other, as texts."""

    what: str
    one: str
    other: str


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other.

    `kappa` has a row per temperature and solver of either: `temperature_K`, `solver`, the mean of the diagonal `one`
    and `other` in W/m/K, `difference` of these over the mean of both, and `largest`, the largest difference of a
    component over the largest component; `in_one` and `in_other` say whether a run has such a row. What a run has not
    is nan, and so is what a solver did not find.
    """

    settings: list[Difference]
    code: list[Difference]
    inputs: list[Difference]
    kappa: pd.DataFrame
    health: list[Difference]


def compare(one: str | Path, other: str | Path) -> Comparison:
    """Compare two folders `results/{run}`. Raises InputError where one of them holds no results of a run."""
    folders = Path(one), Path(other)
    files = [_stage_files(folder) for folder in folders]
    tables = [_table(folder) for folder in folders]
    files = [_of_solvers(own, table.index.unique("solver")) for own, table in zip(files, tables, strict=True)]
    provenance = [{name: stage_files.provenance(path) for name, path in own.items()} for own in files]
    solvers = [{"solvers": ", ".join(table.index.unique("solver"))} for table in tables]
    # What only one run has is told by its solvers; the rest is about files that both have.
    common = [{name: path for name, path in own.items() if all(name in each for each in files)} for own in files]
    return Comparison(
        settings=[*_differences(*solvers), *_differences(*map(_settings, provenance))],
        code=_differences(*map(_code, [{name: own[name] for name in common[0]} for own in provenance])),
        inputs=_differences(*map(_inputs, provenance)),
        kappa=_kappa(*tables),
        health=_differences(*map(_health, common)),
    )


def _stage_files(folder: Path) -> dict[str, Path]:
    """The stage files of a run by name: its own, and those it shares."""
    paths = [*folder.glob("stages/*.h5"), *folder.glob("*.h5"), *folder.glob("*/*.h5")]
    # A link leads nowhere once the shared stages are deleted.
    there = [path for path in paths if path.is_file()]
    found = {path.relative_to(folder).with_suffix("").as_posix().removeprefix("stages/"): path for path in there}
    if not found:
        raise InputError(f"{folder}: holds no results, expected the folder of a run, such as results/silicon")
    return dict(sorted(found.items()))


def _of_solvers(files: Mapping[str, Path], solvers: Collection[str]) -> dict[str, Path]:
    """Without the results of solvers that the run had once, and has no longer."""
    known = {*solvers, *WITHOUT_KAPPA}
    return {name: path for name, path in files.items() if not name.startswith("transport/") or path.stem in known}


def _differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[Difference]:
    """Where two mappings differ, in the order of the first, with what only the other has at the end."""
    names = [*one, *(name for name in other if name not in one)]
    pairs = [Difference(name, one.get(name, _ABSENT), other.get(name, _ABSENT)) for name in names]
    return [pair for pair in pairs if pair.one != pair.other]


def _settings(provenance: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Every setting by its dotted key, from all files together."""
    found: dict[str, str] = {}
    for attributes in provenance.values():
        for key, value in _leaves(json.loads(attributes.get("settings", "{}"))):
            found.setdefault(key, json.dumps(value, ensure_ascii=False))
    return dict(sorted(found.items()))


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _code(provenance: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    versions = {attributes.get("peierls_version", _ABSENT) for attributes in provenance.values()}
    digests = {f"code of {name}": attributes.get("code", _ABSENT) for name, attributes in provenance.items()}
    return {"version": ", ".join(sorted(versions)), **digests}


def _inputs(provenance: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Checksums of the files from outside: those that no stage wrote."""
    found: dict[str, str] = {}
    # Files are recorded without their folders: transport/rta.h5 as rta.h5.
    written = {f"{Path(stage).name}.h5" for stage in (*provenance, *STAGES)}
    for stage, attributes in provenance.items():
        for name, checksum in json.loads(attributes.get("inputs", "{}")).items():
            # Nothing is above the crystal, which may be made from a crystal.h5 of somewhere else.
            if stage == "crystal" or name not in written:
                found.setdefault(name, f"sha256:{checksum[:12]}")
    return dict(sorted(found.items()))


def _table(folder: Path) -> pd.DataFrame:
    path = folder / "kappa.csv"
    if not path.is_file():
        raise InputError(f"{path}: no such file, expected the table of a finished run")
    table = pd.read_csv(path)
    missing = {"temperature_K", "solver", *COMPONENTS} - set(table)
    if missing:
        raise InputError(f"{path}: has no column '{min(missing)}', expected a table of conductivities")
    return table.set_index(["temperature_K", "solver"])[list(COMPONENTS)]


def _kappa(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    rows = one.index, other.index
    one, other = one.align(other, join="outer")
    means = [table[["kxx", "kyy", "kzz"]].mean(axis=1, skipna=False) for table in (one, other)]
    scale = pd.concat([one.abs(), other.abs()], axis=1).max(axis=1)
    return pd.DataFrame(
        {
            "one": means[0],
            "other": means[1],
            "difference": 2 * (means[1] - means[0]) / (means[0] + means[1]),
            "in_one": one.index.isin(rows[0]),
            "in_other": one.index.isin(rows[1]),
            "largest": (other - one).abs().max(axis=1, skipna=False) / scale,
        }
    ).reset_index()


def _health(files: Mapping[str, Path]) -> dict[str, str]:
    """The result of every check of every solver: "passed", or the sentence of one that failed."""
    found = {}
    for name, path in files.items():
        arrays = {dataset.name: dataset.values for dataset in stage_files.datasets(path)}
        if not {"health_names", "health_passed", "health_sentences"} <= arrays.keys():
            continue
        columns = (arrays[f"health_{column}"] for column in ("names", "passed", "sentences"))
        for check, passed, sentence in zip(*columns, strict=True):
            found[f"{name.removeprefix('transport/')}: {check}"] = "passed" if passed else str(sentence)
    return found
