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
    """The matrix elements behind `files`, their index and then its shards, one shard after the other; computed point by
    point where there are no files. Progress is shown, and said with `say` (`job.progress`)."""
    if files:
        return progress(open_shards(files[0]), "shards of matrix elements", total=len(files) - 1, say=say)
    show = partial(progress, description="irreducible points", say=say)
    return Recomputed(crystal, mesh, phonons, integration, show)


def complete(settings: Mapping[str, Any], crystal: Crystal, max_memory: float) -> dict[str, Any]:
    """Settings with what they leave out, `integration.max_memory` in GB, and with the variance g of each atom in place
    of the file of isotopes, if one is named."""
    scattering = dict(settings["scattering"])
    if isinstance(scattering["isotopes"], Mapping):
        scattering["isotopes"] = read_isotopes(Path(scattering["isotopes"]["file"]), crystal.species)[1]
    return {**settings, "scattering": scattering, "integration": {**settings["integration"], "max_memory": max_memory}}
