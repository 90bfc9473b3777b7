"""The mesh of a file in the form of TDEP's infile.qgrid.hdf5.

Of what such a file holds, two things matter here: the attributes number_of_gridpoints_dimension_1 to 3, and the dataset
`points`, a row for each point of the full grid that begins with its fractional coordinates. Symmetry and tetrahedra are
found anew.
"""

from pathlib import Path

import numpy as np

from peierls.crystal import Integers
from peierls.errors import InputError
from peierls.stage_files import open_foreign

_ATTRIBUTES = tuple(f"number_of_gridpoints_dimension_{axis}" for axis in (1, 2, 3))
_TOLERANCE = 1e-6


def read_divisions(path: str | Path) -> Integers:
    """Numbers of divisions (3,) of the regular Γ-centred grid in a file.

    Raises InputError where the file cannot be read, where its points are no such grid (a wedge, or a grid without Γ),
    or where they are not complete.
    """
    with open_foreign(path) as file:
        missing = [name for name in _ATTRIBUTES if name not in file.attrs]
        if missing or "points" not in file:
            raise InputError(
                f"{path}: has no {(*missing, 'points')[0]!r}, expected a regular grid as TDEP writes it to "
                "infile.qgrid.hdf5 (not a wedge)"
            )
        sizes = np.array([int(np.ravel(file.attrs[name])[0]) for name in _ATTRIBUTES])
        points = np.asarray(file["points"][()], dtype=float)
    if points.ndim != 2 or points.shape[1] < 3 or (sizes < 1).any() or len(points) != sizes.prod():
        raise InputError(
            f"{path}: 'points' has the shape {points.shape}, expected a row for each of the {sizes.prod()} points of "
            f"a grid of {sizes.tolist()} divisions"
        )
    scaled = points[:, :3] * sizes
    coordinates = np.rint(scaled)
    away = np.abs(scaled - coordinates).max(axis=1)
    if not (away < _TOLERANCE).all():
        worst = int(np.argmax(np.where(np.isnan(away), np.inf, away)))
        raise InputError(
            f"{path}: row {worst + 1} of 'points' is {points[worst, :3].tolist()}, expected a point of the grid with "
            f"Gamma of {sizes.tolist()} divisions"
        )
    if len({tuple(one) for one in np.mod(coordinates, sizes).astype(int)}) != len(points):
        raise InputError(
            f"{path}: 'points' repeats points of the grid of {sizes.tolist()} divisions, expected each once"
        )
    return sizes
