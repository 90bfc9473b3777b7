"""Write what phono3py reads: phono3py.yaml, fc2.hdf5 and fc3.hdf5, with Born charges in the yaml file.

The unit cell of these files is the primitive cell, and the rows of the arrays are those of its atoms ("compact").
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import yaml

from peierls import units
from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.force_constants import elements
from peierls.force_constants.writers import dipoles, grids, isotopes, supercells
from peierls.force_constants.writers.files import Files, Written, text
from peierls.force_constants.writers.grids import Held
from peierls.force_constants.writers.supercells import Blocks
from peierls.supercell import Supercell, copies

_TOLERANCES = (1e-5, 1e-4)
"""Distances, Å, within which images count as equally short: phono3py's own, and what text files need."""
_MOST_NUMBERS = 2**30
"""Numbers of the largest array of third order that is written, 8 GB."""
_VERSION = "4.8.2"
"""The version of phono3py whose files these are like."""
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def written(crystal: Crystal) -> Written:
    """The files of `crystal`, and what they say otherwise than it."""
    for symbol in crystal.species:
        if not elements.is_element(symbol):
            raise InputError(f"'{symbol}' is not an element, and the files of phono3py hold no other sites")
    notes = []
    tolerance, third_period = min(
        ((tolerance, _third_period(crystal, tolerance)) for tolerance in _TOLERANCES), key=lambda one: copies(one[1])
    )
    held = _second_held(crystal, third_period, tolerance)
    second, third = (supercells.repeated(held.crystal, period) for period in (held.period, third_period))
    if dipoles.is_polar(crystal) and crystal.ewald_parameter is not None:
        notes.append(
            f"the dipoles that the second-order constants lack are put into a supercell of {len(second)} atoms, as "
            f"phono3py has it; with gonze-lee the dynamical matrix changed by {held.loss:.0e}"
        )
    if not _is_from_every_atom(crystal, third_period, tolerance):
        notes.append(
            "third-order constants couple second and third atoms that the supercell has nearer together: phono3py, "
            "which takes each of the three for the origin, then has other numbers than this program"
        )
    document = _document(held.crystal, second, third, tolerance)
    lines = yaml.dump(document, Dumper=_DUMPER, default_flow_style=None, sort_keys=False, width=200).splitlines()
    files: Files = {
        "phono3py.yaml": text(lines),
        "fc2.hdf5": lambda path: _write_second_order(path, held.crystal, second),
        "fc3.hdf5": lambda path: _write_third_order(path, crystal, third),
    }
    if not isotopes.natural_variances(crystal):
        files[isotopes.OWN_FILE] = text(isotopes.own_file(crystal))
        notes.append(isotopes.note("phono3py"))
    return Written(files, notes)


def _third_period(crystal: Crystal, tolerance: float) -> Integers:
    """The smallest supercell that holds the third order."""
    blocks = Blocks.third(crystal)
    for period in grids.candidates(crystal, blocks, diagonal=False, order="third"):
        n_atoms = copies(period) * len(crystal.species)
        if 27 * len(crystal.species) * n_atoms**2 > _MOST_NUMBERS:
            raise InputError(
                f"the third-order force constants, which reach {blocks.reach(crystal):.1f} Å far, need a supercell "
                f"of {n_atoms} atoms, whose array is too large; expected a format without supercells: tdep, shengbte, "
                "qe or peierls"
            )
        if supercells.holds(crystal, blocks, period, tolerance):
            return period
    raise AssertionError("candidates do not end")


def _second_held(crystal: Crystal, third_period: Integers, tolerance: float) -> Held:
    """The second order with all dipoles that belong to it, and its supercell: that of the third order if it can be."""
    own = crystal.fc2_supercell
    blocks = Blocks.second(crystal)
    if not dipoles.is_polar(crystal):
        if supercells.holds(crystal, blocks, third_period, tolerance):
            return Held(crystal, third_period)
        return grids.held(crystal, tolerance, diagonal=False)
    if crystal.ewald_parameter is not None:
        return grids.with_dipoles(crystal, tolerance)
    if own is None or not supercells.holds(crystal, blocks, own, tolerance):
        raise InputError(
            "the second-order force constants hold the dipoles of a supercell, but are not those of the shortest "
            "images in it; expected a format without supercells: peierls"
        )
    return Held(crystal, supercells.right_handed(own))


def _is_from_every_atom(crystal: Crystal, period: Integers, tolerance: float) -> bool:
    """Whether the third atom of every block is at the image nearest to the second one, too."""
    blocks = Blocks.third(crystal)
    seen = Blocks(blocks.atoms[:, 1:], (blocks.vectors[:, 1] - blocks.vectors[:, 0])[:, None], blocks.tensors)
    return supercells.are_shortest(crystal, seen, period, tolerance)


def _document(crystal: Crystal, second: Supercell, third: Supercell, tolerance: float) -> dict[str, Any]:
    document: dict[str, Any] = {
        "phono3py": {"version": _VERSION, "symmetry_tolerance": tolerance},
        "physical_unit": {"atomic_mass": "AMU", "length": "angstrom", "force_constants": "eV/angstrom^2"},
        "primitive_matrix": np.eye(3).tolist(),
        "supercell_matrix": third.period.T.tolist(),
    }
    is_one = np.array_equal(second.period, third.period)
    if not is_one:
        document["phonon_supercell_matrix"] = second.period.T.tolist()
    if dipoles.is_polar(crystal):
        assert crystal.born_charges is not None and crystal.dielectric is not None
        document["nac"] = {
            "born_effective_charge": crystal.born_charges.tolist(),
            "dielectric_constant": crystal.dielectric.tolist(),
            "unit_conversion_factor": units.COULOMB / units.EV,
        }
    for key in ("primitive_cell", "unit_cell"):
        document[key] = _cell(crystal.lattice, crystal.positions, crystal, range(len(crystal.species)))
    document["supercell"] = _supercell(crystal, third)
    if not is_one:
        document["phonon_supercell"] = _supercell(crystal, second)
    return document


def _supercell(crystal: Crystal, supercell: Supercell) -> dict[str, Any]:
    fractional = (supercell.cells + crystal.positions[supercell.atoms]) @ np.linalg.inv(supercell.period)
    return _cell(supercell.period @ crystal.lattice, fractional, crystal, supercell.atoms)


def _cell(lattice: Floats, positions: Floats, crystal: Crystal, atoms: Iterable[int]) -> dict[str, Any]:
    masses = crystal.masses.tolist()
    points = [
        {"symbol": crystal.species[atom], "coordinates": position, "mass": masses[atom], "reduced_to": int(atom) + 1}
        for atom, position in zip(atoms, positions.tolist(), strict=True)
    ]
    return {"lattice": lattice.tolist(), "points": points}


def _write_second_order(path: Path, crystal: Crystal, supercell: Supercell) -> None:
    with h5py.File(path, "w") as file:
        constants = supercells.second_order(crystal, supercell) / units.EV_PER_ANGSTROM2
        file.create_dataset("force_constants", data=constants, compression="gzip")
        _describe(file, supercell, "eV/angstrom^2")


def _write_third_order(path: Path, crystal: Crystal, supercell: Supercell) -> None:
    n_home, n_atoms = len(crystal.species), len(supercell)
    with h5py.File(path, "w") as file:
        shape, chunks = (n_home, n_atoms, n_atoms, 3, 3, 3), (1, 1, n_atoms, 3, 3, 3)
        dataset = file.create_dataset("fc3", shape, np.float64, chunks=chunks, compression="gzip", compression_opts=1)
        for home in range(n_home):
            dataset[home] = supercells.third_order(crystal, supercell, home) / units.EV_PER_ANGSTROM3
        _describe(file, supercell, "eV/angstrom^3")


def _describe(file: h5py.File, supercell: Supercell, unit: str) -> None:
    file["p2s_map"] = supercell.homes
    file["physical_unit"] = np.array([unit.encode()])
    file["version"] = np.bytes_(_VERSION.encode())
