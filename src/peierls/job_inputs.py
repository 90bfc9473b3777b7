"""What more than one job reads in the same way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from peierls.crystal import Crystal
from peierls.force_constants.elements import read_isotopes
from peierls.job import progress
from peierls.matrix_elements import MatrixElements, Recomputed
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.shards import open_shards


def matrix_elements(
    files: Sequence[str],
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    integration: Mapping[str, Any],
    say: Callable[[str], None] | None = None,
) -> Iterable[MatrixElements]:
    """Those that the index, the first of `files`, stands for, shard by shard, which are the others; computed where
    there are no files. How far one is is shown, and said with `say`, as `job.progress` does."""
    if files:
        return progress(open_shards(files[0]), "shards of matrix elements", total=len(files) - 1, say=say)
    show = partial(progress, description="irreducible points", say=say)
    return Recomputed(crystal, mesh, phonons, integration, show)


def with_isotopes(settings: Mapping[str, Any], crystal: Crystal) -> dict[str, Any]:
    """Settings in which the file of the isotopes, if one is named, is replaced by what it holds: g of each atom."""
    scattering = dict(settings["scattering"])
    if isinstance(scattering["isotopes"], Mapping):
        scattering["isotopes"] = read_isotopes(Path(scattering["isotopes"]["file"]), crystal.species)[1]
    return {**settings, "scattering": scattering}
