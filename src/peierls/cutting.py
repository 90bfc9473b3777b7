"""Into how many shards the third order of a run is cut.

Each shard is a job, which takes time to start. There are as many as make that a tenth of what they compute, and so one
where the whole stage is shorter than twenty starts.
"""

import json
import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from peierls import config, force_constants
from peierls.config import Run
from peierls.crystal import Floats, Integers
from peierls.errors import InputError
from peierls.mesh import divisions, rotated_grid
from peierls.mesh_file import read_divisions
from peierls.symmetry import rotations_of

MOST = 64
"""Shards of a long stage: enough for the cores of a machine, few enough for a person to look at."""
LARGEST_SHARE = 0.1
"""What starting the jobs may take, of what they compute."""
JOB_SECONDS = 1.2
"""Processor time of a shard beside its points: interpreter, libraries, kernels, inputs (measured: 0.7 to 1.5)."""
SECONDS_PER_TRIPLET = 9e-8
"""Processor time of a triplet over n³ (1 + n/40) for n bands: what is on shell is sought among n³ triples of bands, and
of matrix elements there are n⁴ (measured: 0.8e-7 to 1.6e-7 for 6, 24 and 81 bands; the time of a crystal with few
force constants on a fine mesh, for too many shards cost more than too few)."""
OF_TETRAHEDRA = {"tetrahedron": 1.0, "adaptive": 0.7, "gaussian": 0.3}
"""Processor time of the methods of integration, in that of the tetrahedra (measured)."""


def number_of_shards(run: Run) -> int:
    """The number that `chunks` says; for `auto` a function of the settings and of the cell in the files that they name,
    which takes a few ms and never depends on what has been computed."""
    if run["chunks"] != "auto":
        return int(run["chunks"])
    try:
        n_bands, reciprocal, rotations = _cell_of(config.canonical(run["force_constants"]))
        sizes = _sizes(run["mesh"], reciprocal)
    except InputError:
        return 1  # whoever opens the files says what is wrong with them
    integration = run["integration"]
    seconds = OF_TETRAHEDRA[integration["method"]] * seconds_of_stage(int(sizes.prod()), len(rotations), n_bands)
    wanted = math.floor(LARGEST_SHARE * seconds / JOB_SECONDS)
    return max(1, min(wanted, MOST, _irreducible_points(sizes, rotations)))


def seconds_of_stage(n_points: int, n_operations: int, n_bands: int) -> float:
    """Processor time of the third order by tetrahedra, s, estimated from the numbers of points of the mesh, operations
    of the point group with time reversal, and bands: triplets q + q' + q'' = G are alike under the group and under the
    six orders of their three wave vectors."""
    triplets = n_points**2 / (6 * n_operations)
    return SECONDS_PER_TRIPLET * n_bands**3 * (1 + n_bands / 40) * triplets


@cache
def _cell_of(settings: str) -> tuple[int, Floats, Integers]:
    """Number of bands, reciprocal lattice and point group for the section `force_constants` as canonical text."""
    cell = force_constants.read_cell(json.loads(settings))
    _, rotations = rotations_of(cell.lattice, cell.positions, cell.species)
    return 3 * len(cell.species), np.asarray(2 * np.pi * np.linalg.inv(cell.lattice).T, dtype=float), rotations


def _sizes(mesh: object, reciprocal: Floats) -> Integers:
    """Numbers of divisions (3,) of the key `mesh`, before any is raised for the symmetry."""
    if isinstance(mesh, Mapping):
        return divisions(reciprocal, mesh["density"]) if "density" in mesh else read_divisions(mesh["file"])
    return np.array(mesh)


def _irreducible_points(sizes: Integers, rotations: Integers) -> int:
    """Number of irreducible points; of a mesh on which there are more than `MOST`, only that."""
    if sizes.prod() > MOST * len(rotations):
        return MOST
    return len(np.unique(rotated_grid(sizes, rotations).min(axis=0)))
