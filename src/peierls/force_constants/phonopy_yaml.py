"""What phonopy and phono3py write about a crystal: the cells and the electrostatics in their yaml files.

phono3py.yaml, phono3py_disp.yaml, phono3py_params.yaml, phonopy.yaml and their like, plain or .xz. Keys are those of
version 4.8; what older versions wrote differently is said where it is read.
"""

import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from peierls import units
from peierls.crystal import Floats
from peierls.errors import InputError
from peierls.force_constants import born
from peierls.supercell import SITE_TOLERANCE, Cell, primitive_atoms

_LENGTHS = {"angstrom": units.ANGSTROM, "au": units.BOHR, "bohr": units.BOHR}
_BOHR_CALCULATORS = (
    *("abacus", "abinit", "dftbp", "elk", "exciting", "fleur"),
    *("octopus", "qe", "qlm", "siesta", "turbomole", "wien2k"),
)
"""Programs with whose `calculator` mark lengths are in bohr, where a file older than 'physical_unit' says no more."""
_FORCES = (
    *("displacements", "dataset", "displacement_pairs"),
    *("phonon_displacements", "phonon_dataset", "force_constants"),
)
"""Keys with displacements and forces: most of the file, and not needed here."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Structure:
    """The cells of a calculation, lengths in Å.

    `phonon_supercell` is the one of the second-order force constants, the same as `supercell` unless they have their
    own. `tolerance` is the distance in Å within which the program took positions as equal. `born_charges`
    (atom, 3, 3) and `dielectric` (3, 3) are None where the file has none.
    """

    primitive: Cell
    supercell: Cell
    phonon_supercell: Cell
    tolerance: float
    born_charges: Floats | None
    dielectric: Floats | None


def read(path: Path) -> Structure:
    """Read the cells of the yaml file `path`."""
    document = _load(path)
    unit = _length_unit(document, path)
    supercell = _cell(document, "supercell", unit, path)
    primitive = _primitive(document, supercell, unit, path)
    _check_matrix(document, "supercell", supercell, unit, path)
    phonon_supercell = supercell
    if "phonon_supercell_matrix" in document:
        phonon_supercell = _cell(document, "phonon_supercell", unit, path)
        _check_matrix(document, "phonon_supercell", phonon_supercell, unit, path)
    born_charges, dielectric = _electrostatics(document, primitive.species, path)
    return Structure(primitive, supercell, phonon_supercell, _tolerance(document, path), born_charges, dielectric)


def read_primitive(path: Path) -> Cell:
    """The primitive cell alone, for which the file is read no further than needed: forces can be most of it."""
    kept, inside = [], False
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            for line in file:
                if inside and line[:1] not in b" -#\n":
                    break
                inside = inside or line.startswith(b"primitive_cell:")
                kept.append(line)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise InputError(f"{path}: not readable ({error}); it may be truncated") from error
    if not inside:
        return read(path).primitive
    document = _document(b"".join(kept), path)
    return _cell(document, "primitive_cell", _length_unit(document, path), path)


def _load(path: Path) -> Mapping[str, Any]:
    """The document as plain Python objects."""
    try:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise InputError(f"{path}: not readable ({error}); it may be truncated") from error
    return _document(content, path)


def _document(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.load(_without_forces(content.decode()), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}: {line}not valid YAML ({error.problem or error.context})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(document, Mapping):
        raise InputError(f"{path}: holds no keys, expected a file as phonopy and phono3py write it")
    return document


def _without_forces(text: str) -> str:
    """The text with the blocks of displacements and forces emptied; line numbers stay."""
    lines = text.splitlines()
    skipped = False
    for index, line in enumerate(lines):
        if line and line[0] not in " -#":  # a key at the top; lists of phonopy stand at its left edge
            skipped = line.split(":")[0] in _FORCES
        if skipped:
            lines[index] = ""
    return "\n".join(lines)


def _primitive(document: Mapping[str, Any], supercell: Cell, unit: float, path: Path) -> Cell:
    """The primitive cell, from its own key or, where there is none, from the primitive matrix (none: the unit cell)."""
    lattice = None
    if "unit_cell" in document:
        matrix = _numbers(document.get("primitive_matrix") or np.eye(3), (3, 3), f"{path}: key 'primitive_matrix'")
        lattice = matrix.T @ _cell(document, "unit_cell", unit, path).lattice
    if "primitive_cell" not in document:
        if lattice is None:
            raise InputError(f"{path}: key 'primitive_cell' is missing, and there is no 'unit_cell' to make it from")
        return primitive_atoms(lattice, supercell)
    primitive = _cell(document, "primitive_cell", unit, path)
    if lattice is not None and abs(lattice - primitive.lattice).max() > SITE_TOLERANCE:
        raise InputError(
            f"{path}: the lattice of 'primitive_cell' is not the one of 'unit_cell' times 'primitive_matrix'"
        )
    return primitive


def _cell(document: Mapping[str, Any], key: str, unit: float, path: Path) -> Cell:
    where = f"{path}: key '{key}'"
    if key not in document:
        raise InputError(f"{where} is missing")
    cell = document[key]
    # Files older than version 1.10.9 say 'atoms' and 'position'.
    points = cell.get("points", cell.get("atoms")) if isinstance(cell, Mapping) else None
    if not isinstance(points, list) or not points or not all(isinstance(point, Mapping) for point in points):
        raise InputError(
            f"{where} has no list of 'points', expected 'lattice' and 'points' with symbol and coordinates"
        )
    if any("mixture" in point or point.get("weight", 1.0) != 1.0 for point in points):
        raise InputError(f"{where} has sites shared by several elements, which are not readable in this version")
    lattice = _numbers(cell.get("lattice"), (3, 3), f"{where}, 'lattice'") * unit
    if abs(np.linalg.det(lattice)) < SITE_TOLERANCE:
        raise InputError(f"{where}, 'lattice' has no volume")
    coordinates = [point.get("coordinates", point.get("position")) for point in points]
    symbols = [point.get("symbol") for point in points]
    for index, symbol in enumerate(symbols):
        if not isinstance(symbol, str):
            raise InputError(f"{where}, point {index + 1} has symbol {symbol!r}, expected the symbol of an element")
    positions = _numbers(coordinates, (len(points), 3), f"{where}, 'coordinates'")
    if abs(positions).max() > 100:
        raise InputError(
            f"{where}, 'coordinates' reach {abs(positions).max():g}, expected fractions of the lattice vectors"
        )
    masses = None
    if any("mass" in point for point in points):
        masses = _numbers([point.get("mass") for point in points], (len(points),), f"{where}, 'mass'")
        if not (masses > 0).all():
            raise InputError(
                f"{where}, 'mass' is {masses.min():g} at point {masses.argmin() + 1}, expected a positive mass"
            )
    return Cell(lattice, positions, tuple(symbols), masses)


def _check_matrix(document: Mapping[str, Any], key: str, supercell: Cell, unit: float, path: Path) -> None:
    """A supercell has to be the unit cell times its matrix, where the file gives both."""
    if "unit_cell" not in document or f"{key}_matrix" not in document:
        return
    matrix = _numbers(document[f"{key}_matrix"], (3, 3), f"{path}: key '{key}_matrix'")
    lattice = matrix.T @ _cell(document, "unit_cell", unit, path).lattice
    if abs(lattice - supercell.lattice).max() > SITE_TOLERANCE:
        raise InputError(f"{path}: the lattice of '{key}' is not the one of 'unit_cell' times '{key}_matrix'")


def _length_unit(document: Mapping[str, Any], path: Path) -> float:
    """Å per unit of length of the file. Force constants are in eV and Å all the same."""
    physical = document.get("physical_unit")
    if isinstance(physical, Mapping) and "length" in physical:
        name = str(physical["length"]).lower()
    else:
        name = "bohr" if _header(document).get("calculator") in _BOHR_CALCULATORS else "angstrom"
    if name not in _LENGTHS:
        raise InputError(f"{path}: key 'physical_unit', 'length' is '{name}', expected one of {', '.join(_LENGTHS)}")
    return _LENGTHS[name]


def _tolerance(document: Mapping[str, Any], path: Path) -> float:
    where = f"{path}: key 'symmetry_tolerance'"
    tolerance: float = _numbers(_header(document).get("symmetry_tolerance", 1e-5), (), where).item()
    if not 0 < tolerance < 0.1:
        raise InputError(f"{where} is {tolerance:g}, expected a small distance in Å")
    return tolerance


def _header(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the program says about itself."""
    header = document.get("phono3py", document.get("phonopy"))
    return header if isinstance(header, Mapping) else {}


def _electrostatics(
    document: Mapping[str, Any], species: Sequence[str], path: Path
) -> tuple[Floats | None, Floats | None]:
    """Born charges and dielectric tensor: under 'nac', before version 2.18 at the top."""
    section = document["nac"] if isinstance(document.get("nac"), Mapping) else document
    keys = ("born_effective_charge", "dielectric_constant")
    missing = [key for key in keys if key not in section]
    if len(missing) == 1:
        (there,) = set(keys) - set(missing)
        raise InputError(f"{path}: key '{missing[0]}' is missing beside '{there}'")
    if missing:
        return None, None
    born_charges = _numbers(
        section["born_effective_charge"], (len(species), 3, 3), f"{path}: key 'born_effective_charge'"
    )
    dielectric = _numbers(section["dielectric_constant"], (3, 3), f"{path}: key 'dielectric_constant'")
    return born.checked(born_charges, dielectric, species, path)


def _numbers(value: Any, shape: tuple[int, ...], where: str) -> Floats:
    """`value` as an array of finite numbers of the given shape; `where` opens the sentence if it is not one."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where} is not an array of numbers, expected shape {shape}") from None
    if array.shape != shape:
        raise InputError(f"{where} has shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{where} holds gaps or numbers that are not finite")
    return array
