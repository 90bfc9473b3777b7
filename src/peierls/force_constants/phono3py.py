"""Read what phono3py writes: a yaml file with the cells, fc2.hdf5 and fc3.hdf5.

Force constants are in eV/Å² and eV/Å³ whatever program computed the forces: phono3py converts. An array has a row for
every atom of the supercell ("full") or only for the atoms of the primitive cell ("compact").
"""

import logging
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import h5py
import numpy as np

from peierls import supercell, units
from peierls.crystal import Crystal, Floats
from peierls.errors import InputError
from peierls.force_constants import born, elements, phonopy_yaml, space_group
from peierls.force_constants.files import locate
from peierls.stage_files import open_foreign
from peierls.supercell import Cell, Supercell

_YAML_NAMES = tuple(
    f"{program}{part}.yaml{suffix}"
    for program in ("phono3py", "phonopy")
    for part in ("", "_params", "_disp")
    for suffix in ("", ".xz")
)

_UNITS = {2: "ev/angstrom^2", 3: "ev/angstrom^3"}
"""Units of force constants by their order, where a file names them at all."""

_log = logging.getLogger("peierls")


def input_files(folder: Path, names: Mapping[str, str]) -> list[Path]:
    """The files that `read` will read: the yaml file, second and third order, and BORN where there is one.

    `names` may hold other names for them under `yaml`, `fc2`, `fc3` and `born`.
    """
    paths = [
        locate(folder, names, "yaml", *_YAML_NAMES),
        locate(folder, names, "fc2", "fc2.hdf5"),
        locate(folder, names, "fc3", "fc3.hdf5"),
    ]
    if names.get("born") is not None or (folder / "BORN").is_file():
        paths.append(locate(folder, names, "born", "BORN"))
    return paths


def read_cell(folder: Path, names: Mapping[str, str]) -> Cell:
    """The primitive cell, of the yaml file."""
    return phonopy_yaml.read_primitive(locate(folder, names, "yaml", *_YAML_NAMES))


def read(folder: Path, names: Mapping[str, str]) -> Crystal:
    """Read a phono3py calculation. Third order: first atom at home, as the file gives it."""
    yaml_path, fc2_path, fc3_path, *born_path = input_files(folder, names)
    structure = phonopy_yaml.read(yaml_path)
    primitive = structure.primitive
    tolerance = max(structure.tolerance, supercell.SITE_TOLERANCE)
    cells = supercell.match(primitive, structure.supercell, f"{yaml_path}: key 'supercell'", tolerance)
    phonon_cells = cells
    if structure.phonon_supercell is not structure.supercell:
        where = f"{yaml_path}: key 'phonon_supercell'"
        phonon_cells = supercell.match(primitive, structure.phonon_supercell, where, tolerance)

    masses = primitive.masses
    if masses is None:
        masses = elements.natural_masses(primitive.species, str(yaml_path))
        _log.info("%s gives no masses: taken from periodictable", yaml_path)
    elements.refuse_exchanged_masses(primitive.species, masses, lambda atom: f"{yaml_path}: key 'primitive_cell'")
    born_charges, dielectric = structure.born_charges, structure.dielectric
    # phono3py's own order: BORN when it is asked for, else the yaml file's charges, else BORN.
    for path in born_path:
        if names.get("born") is not None or born_charges is None:
            born_charges, dielectric = born.read(path, primitive)
        else:
            _log.info("%s is not used: %s has Born charges", path, yaml_path)

    constants = _force_constants(fc2_path, ("force_constants", "fc2"), 2, phonon_cells, yaml_path)
    fc2_vectors, fc2 = supercell.second_order(phonon_cells, constants, structure.tolerance)
    constants = _force_constants(fc3_path, ("fc3",), 3, cells, yaml_path)
    fc3_atoms, fc3_vectors, fc3 = supercell.third_order(cells, constants, structure.tolerance)
    fc3 *= units.EV_PER_ANGSTROM3
    crystal = Crystal(
        lattice=primitive.lattice,
        positions=primitive.positions,
        species=primitive.species,
        masses=masses,
        mass_variances=elements.natural_mass_variances(primitive.species, str(yaml_path)),
        isotope_source=elements.SOURCE,
        fc2_vectors=fc2_vectors,
        fc2=fc2 * units.EV_PER_ANGSTROM2,
        fc3_atoms=fc3_atoms,
        fc3_vectors=fc3_vectors,
        fc3=fc3,
        sources=(),
        born_charges=born_charges,
        dielectric=dielectric,
        fc2_supercell=phonon_cells.period,
    )
    space_group.refuse_foreign(crystal, fc2_path, fc3_path, yaml_path)
    return crystal


def _force_constants(path: Path, keys: tuple[str, ...], order: int, cells: Supercell, yaml_path: Path) -> Floats:
    """Rows of the primitive atoms, shape (atom,) + (n,) * (order - 1) + (3,) * order, n atoms in the supercell."""
    homes = cells.homes
    with open_foreign(path) as file:
        dataset = next((file[key] for key in keys if isinstance(file.get(key), h5py.Dataset)), None)
        if dataset is None:
            raise InputError(f"{path}: dataset '{keys[0]}' is missing")
        where = f"{path}: dataset '{dataset.name[1:]}'"
        compact, full = ((rows, *[len(cells)] * (order - 1), *[3] * order) for rows in (len(homes), len(cells)))
        if dataset.shape not in (compact, full):
            raise InputError(
                f"{where} has shape {dataset.shape}, expected {compact} or {full} for the supercell of {yaml_path}"
            )
        if dataset.dtype.kind not in "fiu":
            raise InputError(f"{where} holds no numbers")
        if not _is_whole(dataset):
            raise InputError(f"{where} has lost a part of its numbers; the file is damaged")
        unit = file["physical_unit"].asstr()[0] if "physical_unit" in file else _UNITS[order]
        if unit.lower() != _UNITS[order]:
            raise InputError(f"{path}: physical_unit is '{unit}', expected '{_UNITS[order]}'")
        p2s_map = file["p2s_map"][()] if "p2s_map" in file else homes
        if not np.array_equal(p2s_map, homes):
            raise InputError(
                f"{path}: p2s_map is {np.asarray(p2s_map).tolist()}, the supercell of {yaml_path} has its primitive "
                f"atoms at {homes.tolist()}: the two belong to different calculations"
            )
        rows = homes if dataset.shape == full else range(len(homes))
        constants = np.stack([dataset[row] for row in rows]).astype(np.float64, copy=False)
    if not np.isfinite(constants).all():
        raise InputError(f"{where} holds numbers that are not finite")
    if not constants.any():
        raise InputError(f"{where} is zero throughout")
    asymmetry = supercell.asymmetry(cells, constants)
    if asymmetry > supercell.SUSPICIOUS:
        _log.warning(
            "%s: constants depend on the order of atoms by %.1e of the largest one; are they for the supercell of %s?",
            *(path, asymmetry, yaml_path),
        )
    return constants


def _is_whole(dataset: h5py.Dataset) -> bool:
    """Whether every chunk of the dataset is stored: HDF5 reads zeros where one is lost."""
    if dataset.chunks is None:
        return True
    stored: set[tuple[int, ...]] = set()
    dataset.id.chunk_iter(lambda chunk: stored.add(chunk.chunk_offset))
    starts = (range(0, length, step) for length, step in zip(dataset.shape, dataset.chunks, strict=True))
    return stored == set(product(*starts))
