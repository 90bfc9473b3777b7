"""Read what ShengBTE and FourPhonon read: CONTROL, second-order constants in one of two forms, FORCE_CONSTANTS_3RD.

Of CONTROL only the crystal and what belongs to the force constants is taken; mesh, temperatures and scattering are keys
of this program's own configuration.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from peierls import units
from peierls.crystal import Crystal, Floats
from peierls.errors import InputError
from peierls.force_constants import born, cells, diagonal, elements, namelist, q2r, space_group, third_order_text
from peierls.force_constants.files import locate
from peierls.force_constants.namelist import Namelists
from peierls.force_constants.text import Lines
from peierls.supercell import SITE_TOLERANCE, Cell

_CRYSTAL_KEYS = (
    *("lfactor", "lattvec", "elements", "types", "positions", "masses", "gfactors"),
    *("epsilon", "born", "scell", "orientations"),
)
_FLAGS = (
    *("nonanalytic", "convergence", "isotopes", "autoisotopes", "nanowires", "onlyharmonic", "espresso", "tdep"),
    *("four_phonon", "four_phonon_iteration", "nanolength"),
)
_DIELECTRIC_TOLERANCE, _CHARGE_TOLERANCE = 0.01, 0.05
"""How far, relative and in e, espresso.ifc2 may be from the dielectric tensor and the charges of CONTROL."""
_APART = 0.1
"""By how much, in Å, the shortest distance of two atoms in espresso.ifc2 may differ from that in CONTROL."""

_log = logging.getLogger("peierls")


@dataclass(frozen=True)
class Control:
    """What CONTROL says of the crystal: `cell` with masses, g of each atom, the grid of cells `sizes` of the
    second-order constants, and whether these come from Quantum ESPRESSO."""

    path: Path
    cell: Cell
    mass_variances: Floats
    isotope_source: str
    sizes: tuple[int, int, int]
    from_espresso: bool
    born_charges: Floats | None
    dielectric: Floats | None


def input_files(folder: Path, names: Mapping[str, Any]) -> list[Path]:
    """The files that `read` will read: CONTROL, second order as its flag `espresso` says, and FORCE_CONSTANTS_3RD.

    `names` may hold other names for them under `control`, `fc2` and `fc3`.
    """
    control = locate(folder, names, "control", "CONTROL")
    from_espresso = namelist.read(control).flag("flags", "espresso", default=False)
    return [
        control,
        locate(folder, names, "fc2", "espresso.ifc2" if from_espresso else "FORCE_CONSTANTS_2ND"),
        locate(folder, names, "fc3", "FORCE_CONSTANTS_3RD"),
    ]


def read_cell(folder: Path, names: Mapping[str, Any]) -> Cell:
    """The primitive cell, of CONTROL."""
    return _control(locate(folder, names, "control", "CONTROL")).cell


def read(folder: Path, names: Mapping[str, Any]) -> Crystal:
    """Read a calculation of ShengBTE. Third order: first atom at home, as the file gives it."""
    control_path, fc2_path, fc3_path = input_files(folder, names)
    control = _control(control_path)
    cell = control.cell
    assert cell.masses is not None
    ewald_parameter, positions = None, cell.positions
    if control.from_espresso:
        second = q2r.read(fc2_path)
        _compare(control, second, fc2_path)
        constants, positions = second.constants, second.cell.positions
        if control.born_charges is not None:
            # The file's own, which q2r.x has left out; ShengBTE adds the sum at 2π over its first lattice vector.
            ewald_parameter = second.range_parameter
    else:
        constants = _force_constants_2nd(fc2_path, len(cell.species), control.sizes)
    fc2_vectors, fc2 = diagonal.second_order(cell, constants, fc2_path)
    fc3_atoms, fc3_vectors, fc3 = third_order_text.read(fc3_path, cell.lattice, len(cell.species))
    crystal = Crystal(
        lattice=cell.lattice,
        positions=cell.positions,
        species=cell.species,
        masses=cell.masses,
        mass_variances=control.mass_variances,
        isotope_source=control.isotope_source,
        fc2_vectors=fc2_vectors,
        fc2=fc2,
        fc3_atoms=fc3_atoms,
        fc3_vectors=fc3_vectors,
        fc3=fc3,
        sources=(),
        born_charges=control.born_charges,
        dielectric=control.dielectric,
        fc2_supercell=np.diag(control.sizes),
        ewald_parameter=ewald_parameter,
    )
    own = crystal
    if (positions != cell.positions).any():
        # Atoms that the two files have in different cells: constants have the symmetry of the atoms of their own file.
        vectors, tensors = diagonal.second_order(replace(cell, positions=positions), constants, fc2_path)
        own = replace(crystal, positions=positions, fc2_vectors=vectors, fc2=tensors)
    space_group.refuse_foreign(own, fc2_path, fc3_path, control_path)
    return crystal


def _control(path: Path) -> Control:
    """Read CONTROL."""
    lists = namelist.read(path)
    lists.refuse_others("crystal", _CRYSTAL_KEYS)
    for flag, (assignment, *_) in lists.groups.get("flags", {}).items():
        if flag not in _FLAGS:
            _log.warning("%s: '%s' is no flag that is known here, and has no effect", assignment.where, flag)
    if lists.flag("flags", "tdep", default=False):
        raise InputError(f"{path}: flag 'tdep' asks for the force constants of TDEP, expected format 'tdep' for them")
    n_kinds = int(lists.whole("allocations", "nelements", ()))
    n_atoms = int(lists.whole("allocations", "natoms", ()))
    if not 1 <= n_kinds <= n_atoms < 10_000:
        raise InputError(f"{path}: there are {n_kinds} elements and {n_atoms} atoms, expected at least one of each")
    lfactor = float(lists.numbers("crystal", "lfactor", (), default=1.0)) * units.NANOMETRE
    lattice = lists.numbers("crystal", "lattvec", (3, 3)).T * lfactor
    kinds = lists.strings("crystal", "elements", n_kinds)
    types = lists.whole("crystal", "types", (n_atoms,))
    if types.min() < 1 or types.max() > n_kinds:
        raise InputError(f"{path}: 'types' of &crystal is {types.tolist()}, expected numbers from 1 to {n_kinds}")
    positions = lists.numbers("crystal", "positions", (3, n_atoms)).T
    sizes = lists.whole("crystal", "scell", (3,))
    if sizes.min() < 1:
        raise InputError(f"{path}: 'scell' of &crystal is {sizes.tolist()}, expected positive numbers of cells")
    masses, variances, source = _masses(lists, kinds)
    cell = Cell(lattice, positions, tuple(kinds[kind - 1] for kind in types), masses[types - 1])
    cells.check_lattice(lattice, f"{path}: 'lfactor' and 'lattvec'")
    cells.check_sites(cell, lambda atom: f"{path}: 'positions(:,{atom + 1})'")
    if not lists.flag("flags", "isotopes", default=True):
        _log.info("%s: flag 'isotopes' is false; here key 'scattering.isotopes' decides", path)
    born_charges, dielectric = None, None
    if lists.has("crystal", "epsilon") and lists.flag("flags", "nonanalytic", default=True):
        dielectric = lists.numbers("crystal", "epsilon", (3, 3))
        # First index the field, second the displacement.
        born_charges = lists.numbers("crystal", "born", (3, 3, n_atoms)).transpose(2, 0, 1)
        born_charges, dielectric = born.checked(born_charges, dielectric, cell.species, path)
    return Control(
        path=path,
        cell=cell,
        mass_variances=variances[types - 1],
        isotope_source=source,
        sizes=(int(sizes[0]), int(sizes[1]), int(sizes[2])),
        from_espresso=lists.flag("flags", "espresso", default=False),
        born_charges=born_charges,
        dielectric=dielectric,
    )


def _masses(lists: Namelists, kinds: list[str]) -> tuple[Floats, Floats, str]:
    """Masses and g of the elements: natural ones with the flag `autoisotopes`, else those of CONTROL."""
    if lists.flag("flags", "autoisotopes", default=True):
        where = str(lists.path)
        if lists.has("crystal", "masses") or lists.has("crystal", "gfactors"):
            _log.warning("%s: 'masses' and 'gfactors' are not used, for the flag 'autoisotopes' is true", where)
        return elements.natural_masses(kinds, where), elements.natural_mass_variances(kinds, where), elements.SOURCE
    masses, variances = (lists.numbers("crystal", key, (len(kinds),)) for key in ("masses", "gfactors"))
    if masses.min() <= 0 or variances.min() < 0:
        raise InputError(
            f"{lists.path}: 'masses' and 'gfactors' of &crystal go down to {masses.min():g} and {variances.min():g}, "
            "expected masses above zero and g of zero or more"
        )
    where = lists.groups["crystal"]["masses"][-1].where
    elements.refuse_exchanged_masses(kinds, masses, lambda kind: f"{where}: 'masses'")
    return masses, variances, f"file {lists.path.name}"


def _compare(control: Control, second: q2r.Q2R, path: Path) -> None:
    """Raises InputError where espresso.ifc2 is not for the crystal of CONTROL; ShengBTE itself would not notice."""
    for name, here, there in [
        ("species", control.cell.species, second.cell.species),
        ("n1 n2 n3 ('scell')", control.sizes, second.constants.shape[2:5]),
        ("Born charges or none", control.born_charges is not None, second.born_charges is not None),
    ]:
        if here != there:
            raise InputError(f"{path}: {name}: {_show(there)}, expected those of {control.path}: {_show(here)}")
    off = abs(control.cell.lattice - second.cell.lattice).max()
    if off > SITE_TOLERANCE:
        raise InputError(f"{path}: its lattice vectors are {off:.4f} Å off those of {control.path}")
    here, there = _distances(control.cell), _distances(second.cell)
    for one, other in np.argwhere(abs(here - there) > _APART)[:1]:
        raise InputError(
            f"{path}: atoms {one + 1} and {other + 1} are {there[one, other]:.4f} Å apart, expected "
            f"{here[one, other]:.4f} Å as in {control.path}"
        )
    away = np.linalg.norm((control.cell.positions - second.cell.positions) @ control.cell.lattice, axis=1)
    # Also by a lattice vector: the cells of the constants are counted from the atoms' own. A warning and no error, for
    # ShengBTE's own example of silicon is like that (its atom 2 is on the other side of atom 1).
    for atom in np.flatnonzero(away > SITE_TOLERANCE):
        _log.warning(
            "%s: atom %d is %.4f Å away from where %s has it, which is followed, as ShengBTE does: constants at the "
            "border of the supercell go to wrong images, frequencies may be off by per cents; correct 'positions'",
            *(path, atom + 1, away[atom], control.path),
        )
    if control.dielectric is None or control.born_charges is None:
        return
    assert second.dielectric is not None and second.born_charges is not None
    neutral = second.born_charges - second.born_charges.mean(axis=0)
    largest = abs(control.dielectric).max()
    off = abs(control.dielectric - second.dielectric).max() / largest, abs(control.born_charges - neutral).max()
    if off[0] > _DIELECTRIC_TOLERANCE or off[1] > _CHARGE_TOLERANCE:
        raise InputError(
            f"{path}: dielectric tensor and Born charges are not those of {control.path}, but {100 * off[0]:.2g} % and "
            f"{off[1]:.2g} e off them"
        )


def _distances(cell: Cell) -> Floats:
    """Shortest distance between each two atoms and their images, shape (atom, atom), Å."""
    single = diagonal.repeated(cell, (1, 1, 1))
    distances = np.zeros((len(single), len(single)))
    for home in range(len(single)):
        images = single.images(home, diagonal.TIE)
        separations = images.vector + cell.positions[images.atom] - cell.positions[home]
        distances[home, images.atom] = np.linalg.norm(separations @ cell.lattice, axis=1)
    return distances


def _force_constants_2nd(path: Path, n_atoms: int, sizes: tuple[int, int, int]) -> Floats:
    """phonopy's FORCE_CONSTANTS as (atom, atom, n1, n2, n3, 3, 3), amu/ps².

    One or two counts, of rows and of atoms of the supercell; then for each pair of atoms, counted from 1 with the cell
    along the first axis fastest and the primitive atom slowest, a line with the pair and three lines of constants in
    eV/Å². Rows may be for all atoms or for those of the first cell.
    """
    lines = Lines(path)
    n_cells = int(np.prod(sizes))
    n_super = n_atoms * n_cells
    homes = np.arange(n_atoms) * n_cells + 1
    counts = lines.text("the number of atoms of the supercell").split()
    allowed = {(str(n_super),): n_super, (str(n_super),) * 2: n_super, (str(n_atoms), str(n_super)): n_atoms}
    if tuple(counts) not in allowed:
        raise lines.fault(0, f"{n_super}, the number of atoms in the supercell that 'scell' of CONTROL tells")
    n_rows = allowed[tuple(counts)]
    pairs = np.array(list(product(homes if n_rows == n_atoms else range(1, n_super + 1), range(1, n_super + 1))))
    first = lines.position
    blocks = lines.blocks(n_rows * n_super, (2, 3, 3, 3), "a pair of atoms and three rows of three constants")
    lines.finish(f"{len(pairs)} pairs of atoms")
    for index in np.flatnonzero((blocks[:, :2] != pairs).any(axis=1))[:1]:
        raise lines.fault(first + 4 * int(index), f"the pair of atoms {pairs[index][0]} {pairs[index][1]}")
    rows = blocks[:, 2:].reshape(n_rows, n_super, 3, 3)[homes - 1 if n_rows == n_super else slice(None)]
    constants = rows.reshape(n_atoms, n_atoms, *reversed(sizes), 3, 3).swapaxes(2, 4)
    return constants * units.EV_PER_ANGSTROM2


def _show(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
