"""What the heat current of a sheet or a chain is divided by.

A mesh with one division along a lattice vector samples a crystal that does not repeat along it: a sheet for N×N×1, a
chain for N×1×1. What such a crystal conducts is known per width (κ·thickness, W/K) or as it is (κ·cross-section,
W m/K); κ itself assumes a thickness or a cross-section, which is a convention: that of the configuration, or else the
cell's own, vacuum included.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.units import METRE

SHEET, CHAIN = "thickness", "cross_section"
"""Keys of the section `geometry`, one for each kind of crystal."""


def assumed_extent(crystal: Crystal, sizes: Integers, geometry: Mapping[str, Any]) -> tuple[str, float] | None:
    """("thickness", m) of a sheet or ("cross_section", m²) of a chain that κ assumes; None for a bulk crystal.

    `sizes` are the divisions of the mesh. Where the section `geometry` gives none, the cell's own: its volume over the
    area of the sheet's two lattice vectors, or over the length of the chain's one. Raises InputError for a thickness of
    what is no sheet, a cross-section of what is no chain, and a mesh of one point.
    """
    repeated = np.flatnonzero(np.asarray(sizes) > 1)
    kind = {1: CHAIN, 2: SHEET}.get(len(repeated))
    shown = list(map(int, sizes))
    if not len(repeated):
        raise InputError(f"mesh: is {shown}, expected more than one division along at least one lattice vector")
    for key, form in ((SHEET, "N×N×1"), (CHAIN, "N×1×1")):
        if geometry[key] is not None and key != kind:
            raise InputError(
                f"geometry.{key}: is {geometry[key]:g} on a mesh of {shown}, expected null or a mesh {form}"
            )
    if kind is None:
        return None
    given = geometry[kind]
    if given is not None:
        return kind, float(given)
    power = 1 if kind == SHEET else 2
    return kind, crystal.volume / _sampled_measure(crystal, repeated) / METRE**power


def conducting_volume(crystal: Crystal, sizes: Integers, geometry: Mapping[str, Any]) -> float:
    """Volume of a cell by which currents are divided, Å³: the cell's own, or with the extent that is assumed for it."""
    extent = assumed_extent(crystal, sizes, geometry)
    if extent is None:
        return crystal.volume
    kind, value = extent
    power = 1 if kind == SHEET else 2
    return _sampled_measure(crystal, np.flatnonzero(np.asarray(sizes) > 1)) * value * METRE**power


def within(crystal: Crystal, sizes: Integers) -> Floats:
    """Projector (3, 3) on the directions along which the crystal repeats: in no other can a current be stationary."""
    repeated = np.flatnonzero(np.asarray(sizes) > 1)
    if len(repeated) == 3:
        return np.eye(3)
    axes, _ = np.linalg.qr(crystal.lattice[repeated].T)
    return np.asarray(axes @ axes.T)


def _sampled_measure(crystal: Crystal, repeated: Integers) -> float:
    """Area or length spanned by the lattice vectors along which the crystal repeats, Å² or Å: sqrt det(a·aᵀ)."""
    vectors = crystal.lattice[repeated]
    return float(np.sqrt(np.linalg.det(vectors @ vectors.T)))
