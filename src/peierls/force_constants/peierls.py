"""Read crystal.h5, this program's own file of a crystal and its force constants."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.errors import DamagedFile, InputError
from peierls.force_constants import elements
from peierls.force_constants.files import locate
from peierls.supercell import Cell


def input_files(folder: Path, names: Mapping[str, Any]) -> list[Path]:
    """The file that `read` will read, crystal.h5; `names` may hold another name for it under `crystal`."""
    return [locate(folder, names, "crystal", "crystal.h5")]


def read_cell(folder: Path, names: Mapping[str, Any]) -> Cell:
    """The primitive cell, of crystal.h5."""
    crystal = read(folder, names)
    return Cell(crystal.lattice, crystal.positions, crystal.species, crystal.masses)


def read(folder: Path, names: Mapping[str, Any]) -> Crystal:
    """Read a crystal as a run of this program left it, with its isotopes and whatever was imposed on it."""
    (path,) = input_files(folder, names)
    try:
        crystal = stage_files.read(path, Crystal)
    except DamagedFile as error:
        raise InputError(str(error)) from None  # the user's own file, which stays where it is
    n_atoms = len(crystal.species)
    for name, holds, expected in [
        ("lattice", crystal.volume > 1e-6, "vectors that span a volume"),
        ("species", n_atoms > 0, "at least one atom"),
        ("masses", (crystal.masses > 0).all(), "positive masses"),
        ("mass_variances", (crystal.mass_variances >= 0).all(), "values of zero or more"),
        ("fc2", crystal.fc2.any(), "force constants other than zero"),
        ("fc2_vectors", (~crystal.fc2_vectors.any(axis=1)).sum() == 1, "the home cell, once"),
        ("fc3", crystal.fc3.any(), "force constants other than zero"),
        ("fc3_atoms", np.isin(crystal.fc3_atoms, np.arange(n_atoms)).all(), f"atoms from 0 to {n_atoms - 1}"),
        (
            "born_charges",
            (crystal.born_charges is None) == (crystal.dielectric is None),
            "both or no dielectric tensor",
        ),
    ]:
        if not holds:
            raise InputError(f"{path}: dataset '{name}' cannot be used, expected {expected}")
    elements.refuse_exchanged_masses(crystal.species, crystal.masses, lambda atom: f"{path}: dataset 'masses'")
    return crystal
