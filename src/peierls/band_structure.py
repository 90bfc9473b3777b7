"""Phonon dispersion along the standard path of the Brillouin zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import seekpath

from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.quantities import quantity
from peierls.symmetry import SYMMETRY_TOLERANCE
from peierls.units import THZ

SPACING = 0.02
"""Distance of the points of the path, 1/Å with the 2π."""


@dataclass(frozen=True)
class BandStructure:
    """Frequencies along a path; imaginary ones are negative. Segments that do not touch begin a new `segment`."""

    qpoint: Floats = quantity("1", "path 3", "fractional wave vectors")
    distance: Floats = quantity("1/angstrom", "path", "length along the path, with the 2 pi")
    segment: Integers = quantity("1", "path", "number of the straight piece")
    frequency: Floats = quantity("THz", "path band", "omega/2pi")
    label_distance: Floats = quantity("1/angstrom", "label", "where the special points are")
    labels: tuple[str, ...] = quantity("", "label", "names of the special points")


def compute_band_structure(crystal: Crystal, nac: Mapping[str, Any]) -> BandStructure:
    """Dispersion along the path of Y. Hinuma et al., DOI 10.1016/j.commatsci.2016.10.015, by seekpath, in the
    crystal's own cell.

    In a polar crystal a straight piece of the path that reaches Γ ends in the limit along its own direction, whatever
    limit the mesh takes there.
    """
    short_ranged, long_range = separate(crystal, nac)
    kinds = sorted(set(crystal.species))
    cell = (crystal.lattice, crystal.positions, [kinds.index(symbol) for symbol in crystal.species])
    path = seekpath.get_path_orig_cell(cell, symprec=SYMMETRY_TOLERANCE)
    qpoints, distances, segments, eigenvalues = [], [], [], []
    label_distances: list[float] = []
    labels: list[str] = []
    travelled = 0.0
    for number, (start, end) in enumerate(path["path"]):
        first, last = (np.array(path["point_coords"][name]) for name in (start, end))
        length = float(np.linalg.norm((last - first) @ crystal.reciprocal))
        fractions = np.linspace(0, 1, max(2, round(length / SPACING) + 1))
        qpoints.append(first + fractions[:, None] * (last - first))
        approach = None if long_range is None else long_range.towards((last - first) @ crystal.reciprocal)
        eigenvalues.append(np.linalg.eigvalsh(dynamical_matrices(short_ranged, qpoints[-1], approach)))
        distances.append(travelled + fractions * length)
        segments.append(np.full(len(fractions), number))
        for name, where in ((start, travelled), (end, travelled + length)):
            if label_distances and label_distances[-1] == where:
                labels[-1] = labels[-1] if labels[-1] == name else f"{labels[-1]}|{name}"
            else:
                labels.append(name)
                label_distances.append(where)
        travelled += length
    squares = np.concatenate(eigenvalues)
    return BandStructure(
        qpoint=np.concatenate(qpoints),
        distance=np.concatenate(distances),
        segment=np.concatenate(segments),
        frequency=np.sign(squares) * np.sqrt(np.abs(squares)) / THZ,
        label_distance=np.array(label_distances),
        labels=tuple(labels),
    )
