"""What a run needs at least, by counting alone.

A mesh may be so fine that to look at it takes longer than anyone waits, or more memory than there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from peierls.brillouin_zone import BATCH, N_CANDIDATES
from peierls.config import Run
from peierls.crystal import Crystal
from peierls.forecast.sizes import file_bytes, held
from peierls.forecast.stage import JOB_MEMORY
from peierls.matrix_elements import MatrixElements
from peierls.mesh import divisions
from peierls.mesh_file import read_divisions
from peierls.phonons import Phonons
from peierls.symmetry import point_group

MOST_POINTS = 150_000
"""Points of a mesh that is looked at whatever it needs, which takes some seconds."""


@dataclass(frozen=True)
class Least:
    """Numbers of wave vectors and of triplets, the latter at least; bytes at least of the memory of the largest job and
    of the files."""

    n_points: int
    n_triplets: float
    memory: float
    size: float


def needed_at_least(crystal: Crystal, run: Run) -> Least:
    """An orbit under the point group, and under the exchanges of the legs of a triplet, has at most as many members as
    there are operations."""
    n_operations = len(point_group(crystal).rotations)
    setting = run["mesh"]
    if isinstance(setting, Mapping):
        one = "density" in setting
        sizes = divisions(crystal.reciprocal, setting["density"]) if one else read_divisions(setting["file"])
    else:
        sizes = np.array(setting)
    n_points = int(np.prod(np.asarray(sizes, dtype=object)))
    exchanges = 6 if run["integration"]["weights"] == "event" else 2
    n_triplets = float(n_points) ** 2 / (exchanges * n_operations)
    n_bands, n_irreducible = crystal.n_bands, n_points // n_operations
    lengths = {"grid": n_points, "ir_q": n_irreducible, "band": n_bands, "component": n_bands, "entry": 0}
    lengths |= {"point": n_irreducible, "point_bound": n_irreducible, "triplet": int(n_triplets)}
    phonons = file_bytes(Phonons, lengths)
    elements = file_bytes(MatrixElements, {**lengths, "triplet_bound": int(n_triplets)})
    stored = run["integration"]["storage"] == "store"
    of_mesh = mesh_bytes(n_points, n_operations)
    return Least(
        n_points,
        n_triplets,
        memory=JOB_MEMORY + held(crystal) + max(of_mesh, phonons),
        size=phonons + elements * stored,
    )


def mesh_bytes(n_points: int, n_operations: int) -> float:
    """Memory of building a mesh: where each operation leads to, and then either the same again with a comparison of the
    two, or the images in the zone, of which all that may be the shortest are held for a batch, three times, with their
    lengths."""
    stars = (8 + 8 + 1) * n_operations * n_points
    batch = N_CANDIDATES * (3 * 3 * 8 + 8) * min(n_points, BATCH)
    return float(max(stars, (8 * n_operations + 4 * 3 * 8) * n_points + batch))
