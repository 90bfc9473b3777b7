"""Read what Quantum ESPRESSO's q2r.x writes, with FORCE_CONSTANTS_3RD beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import born, diagonal, elements, q2r, space_group, third_order_text
from peierls.force_constants.files import locate
from peierls.supercell import Cell

_LARGEST_EXCESS = 1.0
"""Total charge of a primitive cell, in e, that the sum rule may take away; on coarse meshes of k it is that large."""


def input_files(folder: Path, names: Mapping[str, Any]) -> list[Path]:
    """The files that `read` will read: the only *.fc of the folder, and FORCE_CONSTANTS_3RD.

    `names` may hold other names for them under `fc2` and `fc3`.
    """
    found = sorted(path.name for path in folder.glob("*.fc"))
    if len(found) > 1 and names.get("fc2") is None:
        raise InputError(f"{folder}: holds {', '.join(found)}; key 'force_constants.fc2' can say which")
    return [locate(folder, names, "fc2", *(found or ["*.fc"])), locate(folder, names, "fc3", "FORCE_CONSTANTS_3RD")]


def read_cell(folder: Path, names: Mapping[str, Any]) -> Cell:
    """The primitive cell, of the *.fc file."""
    return q2r.read_cell(input_files(folder, names)[0])


def read(folder: Path, names: Mapping[str, Any]) -> Crystal:
    """Read a calculation of Quantum ESPRESSO. Third order: first atom at home, as the file gives it.

    Charges that do not add up are an error unless `names` says `sum_rules: impose`: that takes the excess, within
    bounds, from all atoms alike, as matdyn.x does in its simple sum rule.
    """
    fc2_path, fc3_path = input_files(folder, names)
    second = q2r.read(fc2_path)
    cell = second.cell
    assert cell.masses is not None
    variances = elements.natural_mass_variances(cell.species, str(fc2_path))
    born_charges, dielectric = second.born_charges, second.dielectric
    if born_charges is not None and dielectric is not None:
        excess = abs(born_charges.sum(axis=0)).max()
        if names.get("sum_rules") == "impose" and excess <= _LARGEST_EXCESS:
            born_charges = born_charges - born_charges.mean(axis=0)
        elif excess > born.NEUTRALITY:
            raise InputError(
                f"{fc2_path}: Born charges of the primitive cell sum to {excess:.4f} e, expected zero (at most "
                f"{born.NEUTRALITY} e; {_LARGEST_EXCESS} e with 'force_constants.sum_rules: impose', which takes the "
                "excess from all atoms alike)"
            )
        born_charges, dielectric = born.checked(born_charges, dielectric, cell.species, fc2_path)
    fc2_vectors, fc2 = diagonal.second_order(cell, second.constants, fc2_path)
    fc3_atoms, fc3_vectors, fc3 = third_order_text.read(fc3_path, cell.lattice, len(cell.species))
    crystal = Crystal(
        lattice=cell.lattice,
        positions=cell.positions,
        species=cell.species,
        masses=cell.masses,
        mass_variances=variances,
        isotope_source=elements.SOURCE,
        fc2_vectors=fc2_vectors,
        fc2=fc2,
        fc3_atoms=fc3_atoms,
        fc3_vectors=fc3_vectors,
        fc3=fc3,
        sources=(),
        born_charges=born_charges,
        dielectric=dielectric,
        ewald_parameter=None if born_charges is None else second.range_parameter,
    )
    space_group.refuse_foreign(crystal, fc2_path, fc3_path, fc2_path)
    return crystal
