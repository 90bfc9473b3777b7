"""Model crystals written as Quantum ESPRESSO, ShengBTE and TDEP write them."""

from itertools import product
from pathlib import Path

import numpy as np

from peierls import units
from peierls.crystal import Crystal

RYDBERG_PER_BOHR2 = 13.605693122994 / 0.529177210903**2
"""In eV/Å²."""
RYDBERG_MASSES = 911.44424310
"""Units of mass of q2r.x, twice the electron's, to the atomic mass unit."""

BORN = np.array([[[1.9, 0.1, 0.0], [0.2, 2.1, 0.0], [0.0, 0.0, 2.3]], [[-1.9, -0.1, 0.0], [-0.2, -2.1, 0], [0, 0, -2.3]]])
"""Charges of two atoms, first index the field; not symmetric, so that a transposition shows."""
DIELECTRIC = np.array([[3.0, 0.2, 0.0], [0.2, 3.5, 0.0], [0.0, 0.0, 4.0]])


def folded(crystal: Crystal, sizes: tuple[int, int, int]) -> np.ndarray:
    """Second-order constants of a periodic grid of cells, eV/Å², shape (atom, atom, n1, n2, n3, 3, 3)."""
    n_atoms = len(crystal.species)
    result = np.zeros((n_atoms, n_atoms, *sizes, 3, 3))
    for vector, blocks in zip(crystal.fc2_vectors, crystal.fc2, strict=True):
        result[:, :, *(vector % sizes)] += blocks / units.EV_PER_ANGSTROM2
    return result


def third(path: Path, crystal: Crystal) -> None:
    """FORCE_CONSTANTS_3RD."""
    blocks = [f"{len(crystal.fc3)}"]
    for number, (atoms, vectors, tensor) in enumerate(
        zip(crystal.fc3_atoms, crystal.fc3_vectors @ crystal.lattice, crystal.fc3, strict=True), start=1
    ):
        rows = [f"\n{number}", *(" ".join(f"{x:.10e}" for x in vector) for vector in vectors)]
        rows.append(" ".join(str(atom + 1) for atom in atoms))
        rows += [
            f"{a + 1} {b + 1} {c + 1} {tensor[a, b, c] / units.EV_PER_ANGSTROM3:.12e}"
            for a, b, c in product(range(3), repeat=3)
        ]
        blocks.append("\n".join(rows))
    path.write_text("\n".join(blocks) + "\n")


def q2r(
    path: Path,
    crystal: Crystal,
    sizes: tuple[int, int, int],
    lattice: str | None = None,
    celldm: float = 6.0,
    charges: np.ndarray | None = None,
) -> None:
    """A .fc file; `lattice` is ibrav and celldm of the first line, by default 0 with vectors."""
    unit = celldm * units.BOHR
    kinds = list(dict.fromkeys(crystal.species))
    rows = [f"{len(kinds)} {len(crystal.species)} {lattice or f'0 {celldm} 0.0 0.0 0.0 0.0 0.0'}"]
    if lattice is None:
        rows += [" ".join(f"{x:.12f}" for x in vector / unit) for vector in crystal.lattice]
    masses = dict(zip(crystal.species, crystal.masses, strict=True))
    rows += [f"  {k}  '{kind} '    {masses[kind] * RYDBERG_MASSES:.8f}" for k, kind in enumerate(kinds, start=1)]
    for k, (kind, place) in enumerate(zip(crystal.species, crystal.positions @ crystal.lattice / unit, strict=True)):
        rows.append(f"{k + 1} {kinds.index(kind) + 1} " + " ".join(f"{x:.10f}" for x in place))
    rows.append(" F" if charges is None else " T")
    if charges is not None:
        rows += [" ".join(map(str, row)) for row in DIELECTRIC]
        for k, charge in enumerate(charges, start=1):
            rows += [str(k), *(" ".join(map(str, row)) for row in charge)]
    rows.append(" ".join(map(str, sizes)))
    # The file has the second atom at home and the first in the cell.
    constants = folded(crystal, sizes) / RYDBERG_PER_BOHR2
    for a, b, i, j in product(range(3), range(3), *2 * [range(len(crystal.species))]):
        rows.append(f"{a + 1} {b + 1} {i + 1} {j + 1}")
        for m3, m2, m1 in product(*map(range, reversed(sizes))):
            value = constants[i, j, -m1 % sizes[0], -m2 % sizes[1], -m3 % sizes[2], a, b]
            rows.append(f"{m1 + 1} {m2 + 1} {m3 + 1}  {value:.12E}")
    path.write_text("\n".join(rows) + "\n")


def qe(folder: Path, crystal: Crystal, sizes: tuple[int, int, int], **header) -> Path:
    """A folder of Quantum ESPRESSO."""
    folder.mkdir(exist_ok=True)
    q2r(folder / "model.fc", crystal, sizes, **header)
    third(folder / "FORCE_CONSTANTS_3RD", crystal)
    return folder


def control(crystal: Crystal, sizes: tuple[int, int, int], espresso: bool, charges: np.ndarray | None = None) -> str:
    """The text of CONTROL, masses and g its own."""
    kinds = list(dict.fromkeys(crystal.species))
    first = [crystal.species.index(kind) for kind in kinds]
    rows = ["&allocations", f"  nelements={len(kinds)}, natoms={len(crystal.species)}", "  ngrid(:)=5 5 5", "&end"]
    rows += ["&crystal", "  lfactor=0.1,"]
    rows += [f"  lattvec(:,{k})= {' '.join(f'{x:.12f}' for x in v)}," for k, v in enumerate(crystal.lattice, start=1)]
    rows.append("  elements=" + " ".join(f'"{kind}"' for kind in kinds))
    rows.append("  types=" + " ".join(str(kinds.index(kind) + 1) for kind in crystal.species))
    rows += [f"  positions(:,{k})={' '.join(f'{x:.12f}' for x in p)}" for k, p in enumerate(crystal.positions, start=1)]
    rows.append("  masses=" + " ".join(f"{crystal.masses[k]}" for k in first))
    rows.append("  gfactors=" + " ".join(f"{crystal.mass_variances[k]}" for k in first))
    rows.append(f"  scell(:)={' '.join(map(str, sizes))}")
    if charges is not None:
        rows += [f"  epsilon(:,{k + 1})={' '.join(map(str, DIELECTRIC[:, k]))}" for k in range(3)]
        for atom, charge in enumerate(charges, start=1):
            rows += [f"  born(:,{k + 1},{atom})={' '.join(map(str, charge[:, k]))}" for k in range(3)]
    rows += ["&end", "&parameters", "  T=300, scalebroad=0.1 ! of no interest here", "&end"]
    rows += ["&flags", f"  espresso=.{str(espresso).upper()}.", "  autoisotopes=.FALSE.", "&end"]
    return "\n".join(rows) + "\n"


def phonopy_full(path: Path, crystal: Crystal, sizes: tuple[int, int, int], compact: bool = False) -> None:
    """FORCE_CONSTANTS_2ND: the cell runs along the first axis fastest, the atom slowest."""
    constants = folded(crystal, sizes)
    cells = [cell[::-1] for cell in product(*map(range, reversed(sizes)))]
    sites = [(atom, cell) for atom in range(len(crystal.species)) for cell in cells]
    rows = [f"{len(crystal.species)} {len(sites)}" if compact else f"{len(sites)}"]
    for i, (atom, cell) in enumerate(sites, start=1):
        if compact and any(cell):
            continue
        for j, (other, beyond) in enumerate(sites, start=1):
            rows.append(f"{i} {j}")
            block = constants[atom, other, *(np.subtract(beyond, cell) % sizes)]
            rows += [" ".join(f"{x:.12f}" for x in row) for row in block]
    path.write_text("\n".join(rows) + "\n")


def shengbte(
    folder: Path, crystal: Crystal, sizes: tuple[int, int, int], espresso: bool = True, charges: np.ndarray | None = None
) -> Path:
    """A folder of ShengBTE."""
    folder.mkdir(exist_ok=True)
    (folder / "CONTROL").write_text(control(crystal, sizes, espresso, charges))
    if espresso:
        q2r(folder / "espresso.ifc2", crystal, sizes, charges=charges)
    else:
        phonopy_full(folder / "FORCE_CONSTANTS_2ND", crystal, sizes)
    third(folder / "FORCE_CONSTANTS_3RD", crystal)
    return folder


def tdep(folder: Path, crystal: Crystal, charges: np.ndarray | None = None) -> Path:
    """A folder of TDEP, with the isotopes of the crystal in infile.isotopes."""
    folder.mkdir(exist_ok=True)
    n_atoms = len(crystal.species)
    kinds = list(dict.fromkeys(crystal.species))
    assert list(crystal.species) == sorted(crystal.species, key=kinds.index)
    rows = ["a model", "1.0", *(" ".join(f"{x:.12f}" for x in vector) for vector in crystal.lattice)]
    rows += [" ".join(kinds), " ".join(str(crystal.species.count(kind)) for kind in kinds), "Direct coordinates"]
    rows += [" ".join(f"{x:.12f}" for x in position) + " site" for position in crystal.positions]
    (folder / "infile.ucposcar").write_text("\n".join(rows) + "\n")

    reach = 0.0
    rows = []
    for i in range(n_atoms):
        pairs = [(r, j) for r in range(len(crystal.fc2)) for j in range(n_atoms) if crystal.fc2[r, i, j].any()]
        rows.append(f"{len(pairs)}   How many neighbours does atom {i + 1} have")
        for r, j in pairs:
            separation = (crystal.fc2_vectors[r] + crystal.positions[j] - crystal.positions[i]) @ crystal.lattice
            reach = max(reach, float(np.linalg.norm(separation)))
            rows.append(f"{j + 1}    In the unit cell, what is the index of the neighbour")
            rows.append(" ".join(f"{x:.15E}" for x in crystal.fc2_vectors[r]))
            rows += [" ".join(f"{x / units.EV_PER_ANGSTROM2:.15E}" for x in row) for row in crystal.fc2[r, i, j]]
    rows = [f"{n_atoms}  How many atoms per unit cell", f"{reach + 1e-10}  Realspace cutoff (A)", *rows]
    rows += ["0 # no charges"] if charges is None else _tail(charges)
    (folder / "infile.forceconstant").write_text("\n".join(rows) + "\n")

    rows = [f"{n_atoms}  How many atoms per unit cell", f"{reach + 1e-10}  Realspace cutoff (A)"]
    for i in range(n_atoms):
        own = np.flatnonzero(crystal.fc3_atoms[:, 0] == i)
        rows.append(f"{len(own)}   How many triplets are atom {i + 1} part of")
        for block in own:
            rows += [f"{atom + 1}   atom in triplet" for atom in crystal.fc3_atoms[block]]
            rows += [" ".join(f"{x:.15E}" for x in v) for v in [np.zeros(3), *crystal.fc3_vectors[block]]]
            rows += [
                " ".join(f"{x / units.EV_PER_ANGSTROM3:.15E}" for x in row) for row in crystal.fc3[block].reshape(9, 3)
            ]
    (folder / "infile.forceconstant_thirdorder").write_text("\n".join(rows) + "\n")

    rows = []
    for mass, variance in zip(crystal.masses, crystal.mass_variances, strict=True):
        # Two isotopes of equal share, so far apart that they have this g; concentrations are not normalised.
        step = mass * np.sqrt(variance)
        rows += ["2  isotopes", f"3.0 {mass - step:.14f}", f"3.0 {mass + step:.14f}"]
    (folder / "infile.isotopes").write_text("\n".join(rows) + "\n")
    return folder


def _tail(charges: np.ndarray, coupling: float = 0.7) -> list[str]:
    """The polar tail, each charge as a combination of two made-up components."""
    rows = ["3  polar", *(" ".join(map(str, row)) + " Dielectric tensor" for row in DIELECTRIC)]
    rows += [f"{coupling} # Coupling parameter in Ewald summation", "2", "1.5", "-0.5"]
    rows += [f"{(charge + 0.5) / 1.5:.14f} 1.0" for charge in charges.ravel()]
    rows += [" ".join(map(str, row)) for row in charges.reshape(-1, 3)]
    return [*rows, "1 2 3 shells of no use", "0.5"]
