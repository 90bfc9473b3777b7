"""Model crystals written as phono3py writes them: cells of any shape, constants given by formulas of the distances."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import yaml

FACE_CENTRED = [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]


@dataclass
class Atoms:
    """Lattice (3, 3) in Å, fractional positions (n, 3), species, masses."""

    lattice: np.ndarray
    positions: np.ndarray
    species: list[str]
    masses: list[float]


def zincblende() -> Atoms:
    """Conventional cell, 8 atoms, of a made-up SiC: 4 Å, two masses."""
    centring = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    positions = np.concatenate([centring, centring + 0.25])
    return Atoms(4.0 * np.eye(3), positions, ["Si"] * 4 + ["C"] * 4, [28.0] * 4 + [12.0] * 4)


def repeated(unit: Atoms, matrix: np.ndarray) -> Atoms:
    """Supercell with lattice `matrix`ᵀ times the unit cell's: all copies of atom 1, then of atom 2, and so on."""
    matrix = np.array(matrix, dtype=int)
    reach = range(-int(abs(matrix).sum()), int(abs(matrix).sum()) + 1)
    candidates = np.array(list(itertools.product(reach, repeat=3)))
    inside = candidates @ np.linalg.inv(matrix.T)
    copies = candidates[((inside > -1e-9) & (inside < 1 - 1e-9)).all(axis=1)]
    assert len(copies) == abs(round(np.linalg.det(matrix)))
    positions = (unit.positions[:, None] + copies).reshape(-1, 3) @ np.linalg.inv(matrix.T)
    return Atoms(
        matrix.T @ unit.lattice,
        positions,
        np.repeat(unit.species, len(copies)).tolist(),
        np.repeat(unit.masses, len(copies)),
    )


def reduced(unit: Atoms, matrix: np.ndarray) -> Atoms:
    """Primitive cell with lattice `matrix`ᵀ times the unit cell's: the first atom on each site."""
    positions = unit.positions @ np.linalg.inv(np.transpose(matrix))
    kept: list[int] = []
    for index, position in enumerate(positions):
        if not any(np.allclose(position - positions[k], np.rint(position - positions[k]), atol=1e-6) for k in kept):
            kept.append(index)
    return Atoms(
        np.transpose(matrix) @ unit.lattice,
        positions[kept] % 1.0,
        [unit.species[k] for k in kept],
        [unit.masses[k] for k in kept],
    )


def as_yaml(atoms: Atoms) -> dict:
    """The `lattice` and `points` of a cell."""
    points = [
        {"symbol": symbol, "coordinates": position.tolist(), "mass": float(mass)}
        for symbol, position, mass in zip(atoms.species, atoms.positions, atoms.masses, strict=True)
    ]
    return {"lattice": atoms.lattice.tolist(), "points": points}


def document(unit: Atoms, primitive_matrix, supercell_matrix, phonon_supercell_matrix=None) -> dict:
    """What phono3py.yaml says about these cells."""
    content = {
        "phono3py": {"version": "4.8.2", "symmetry_tolerance": 1e-5},
        "physical_unit": {"atomic_mass": "AMU", "length": "angstrom"},
        "primitive_matrix": np.array(primitive_matrix, dtype=float).tolist(),
        "supercell_matrix": np.array(supercell_matrix).tolist(),
        "primitive_cell": as_yaml(reduced(unit, primitive_matrix)),
        "unit_cell": as_yaml(unit),
        "supercell": as_yaml(repeated(unit, supercell_matrix)),
    }
    if phonon_supercell_matrix is not None:
        content["phonon_supercell_matrix"] = np.array(phonon_supercell_matrix).tolist()
        content["phonon_supercell"] = as_yaml(repeated(unit, phonon_supercell_matrix))
    return content


def first_of_each_kind(primitive: Atoms, supercell: Atoms) -> list[int]:
    """Index in the supercell of the first atom on each site of the primitive lattice: p2s_map."""
    homes = []
    for target in primitive.positions @ primitive.lattice:
        for index, position in enumerate(supercell.positions @ supercell.lattice):
            separation = (position - target) @ np.linalg.inv(primitive.lattice)
            if np.allclose(separation, np.rint(separation), atol=1e-6):
                homes.append(index)
                break
    return homes


def write(folder: Path, content: dict, fc2: np.ndarray, fc3: np.ndarray, p2s_maps=(None, None)) -> Path:
    """Write the three files; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "phono3py.yaml").write_text(yaml.safe_dump(content, default_flow_style=None))
    for name, key, array, p2s_map in zip(("fc2", "fc3"), ("force_constants", "fc3"), (fc2, fc3), p2s_maps, strict=True):
        with h5py.File(folder / f"{name}.hdf5", "w") as file:
            file[key] = array
            if p2s_map is not None:
                file["p2s_map"] = np.array(p2s_map)
    return folder


def springs(separation: np.ndarray, pair: str) -> np.ndarray:
    """Second derivative of a pair's energy: longitudinal and transverse springs to first and second neighbours, 3 Å."""
    length = np.linalg.norm(separation)
    if length > 3.0:
        return np.zeros((3, 3))
    along = np.outer(separation, separation) / length**2
    strength = {"CSi": 1.0, "SiC": 1.0, "CC": 0.7, "SiSi": 0.4}[pair] * np.exp(1.5 - length)
    return -strength * (5.0 * along + 0.8 * (np.eye(3) - along))


def triangles(second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """A third-order constant of three atoms, home at the origin, within 3 Å of each other: turned with its atoms, and
    with no other symmetry."""
    sides = [np.linalg.norm(side) for side in (second, third, second - third)]
    if max(sides) > 3.0:
        return np.zeros((3, 3, 3))
    shape = np.einsum("a,b,c->abc", second, third, second - 2 * third)
    shape += np.einsum("ab,c->abc", np.eye(3), third - 0.3 * second)
    shape += np.einsum("bc,a->abc", np.eye(3), 0.4 * second + 0.1 * third)
    shape += np.einsum("ac,b->abc", np.eye(3), second - 0.7 * third)
    return np.exp(-sum(sides)) * shape


def constants_in(supercell: Atoms, homes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Both orders for atoms `homes` of a supercell wider than 6 Å, pairs and triangles at their shortest separation."""
    n_atoms = len(supercell.species)
    near = np.array(list(itertools.product(range(-2, 3), repeat=3))) @ supercell.lattice
    fc2 = np.zeros((len(homes), n_atoms, 3, 3))
    fc3 = np.zeros((len(homes), n_atoms, n_atoms, 3, 3, 3))
    for row, home in enumerate(homes):
        away = (supercell.positions - supercell.positions[home]) @ supercell.lattice
        images = away[:, None] + near
        shortest = images[np.arange(n_atoms), np.linalg.norm(images, axis=-1).argmin(axis=1)]
        close = np.flatnonzero(np.linalg.norm(shortest, axis=-1) < 3.0)
        for other in close[close != home]:
            fc2[row, other] = springs(shortest[other], supercell.species[home] + supercell.species[other])
        fc2[row, home] = -fc2[row].sum(axis=0)
        for second, third in itertools.product(close, repeat=2):
            fc3[row, second, third] = triangles(shortest[second], shortest[third])
    return fc2, fc3


def model(folder: Path, supercell_matrix, phonon_supercell_matrix=None, primitive_matrix=FACE_CENTRED) -> Path:
    """The zincblende model in a supercell, FC2 perhaps in one of its own, as a phono3py folder."""
    unit = zincblende()
    content = document(unit, primitive_matrix, supercell_matrix, phonon_supercell_matrix)
    primitive = reduced(unit, primitive_matrix)
    supercell = repeated(unit, supercell_matrix)
    homes = first_of_each_kind(primitive, supercell)
    fc2, fc3 = constants_in(supercell, homes)
    fc2_homes = homes
    if phonon_supercell_matrix is not None:
        phonon_supercell = repeated(unit, phonon_supercell_matrix)
        fc2_homes = first_of_each_kind(primitive, phonon_supercell)
        fc2, _ = constants_in(phonon_supercell, fc2_homes)
    return write(folder, content, fc2, fc3, (fc2_homes, homes))
