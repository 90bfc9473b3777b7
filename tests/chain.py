"""Whole calculations in one call, and crystals that are cheap to compute, for the tests of the physics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from peierls import commensurate, schema, wigner
from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.linewidths import Linewidths, compute_linewidths
from peierls.matrix_elements import MatrixElements, compute_matrix_elements
from peierls.mesh import Mesh, build_mesh
from peierls.phonons import Phonons, compute_phonons
from peierls.solvers import Transport, rta
from peierls.solvers.heat_conduction import HeatConduction
from peierls.units import EV_PER_ANGSTROM2, EV_PER_ANGSTROM3, THZ

SCHEMA = schema.load(Path(__file__).parents[1] / "workflow/schemas/config.schema.yaml")
DEFAULTS = schema.fill({}, schema.subschema(schema.subschema(SCHEMA, "runs"), "any name"))
NO_LONG_RANGE_PART = {**DEFAULTS["nac"], "method": "none"}


def integration(**changes: Any) -> dict[str, Any]:
    """The section `integration` with its defaults, weighting `mode`, and `changes`."""
    return {**DEFAULTS["integration"], "weights": "mode", **changes}


def scattering(**changes: Any) -> dict[str, Any]:
    """The section `scattering` without isotopes, with `changes`."""
    return {**DEFAULTS["scattering"], "isotopes": "none", **changes}


def long_range(**changes: Any) -> dict[str, Any]:
    """The section `nac` with its defaults and `changes`."""
    return {**DEFAULTS["nac"], **changes}


def harmonic(
    crystal: Crystal, sizes: Sequence[int], nac: Mapping[str, Any] = NO_LONG_RANGE_PART
) -> tuple[Mesh, Phonons]:
    """Mesh and phonons of a crystal."""
    mesh = build_mesh(crystal, list(sizes))
    return mesh, compute_phonons(crystal, mesh, nac)


@dataclass(frozen=True)
class Chain:
    """The stages of one calculation and what they were computed with."""

    crystal: Crystal
    mesh: Mesh
    phonons: Phonons
    elements: MatrixElements
    integration: dict[str, Any]

    def linewidths(self, *temperatures: float, **changes: Any) -> Linewidths:
        """Linewidths at some temperatures, in K, with `changes` to the section `scattering`."""
        return self.linewidths_of([self.elements], *temperatures, **changes)

    def linewidths_of(self, shards: Iterable[MatrixElements], *temperatures: float, **changes: Any) -> Linewidths:
        """The same from other matrix elements."""
        settings = {"temperatures": temperatures, "scattering": scattering(**changes), "integration": self.integration}
        return compute_linewidths(self.crystal, self.mesh, self.phonons, shards, settings)

    def rta(self, *temperatures: float, **changes: Any) -> Transport:
        """The thermal conductivity in the relaxation-time approximation."""
        return rta.solve(self.problem(*temperatures, **changes))

    def wigner(self, *temperatures: float, **changes: Any) -> Transport:
        """The Wigner equation with the populations of the relaxation-time approximation."""
        return wigner_of(self.problem(*temperatures, **changes))

    def problem(
        self, *temperatures: float, geometry: Mapping[str, Any] | None = None, **changes: Any
    ) -> HeatConduction:
        """What the solvers take, with `changes` to the section `scattering`."""
        settings = {
            "integration": self.integration,
            "scattering": scattering(**changes),
            "solver_options": DEFAULTS["solver_options"],
            "geometry": geometry or DEFAULTS["geometry"],
            "nac": NO_LONG_RANGE_PART,
        }
        linewidths = self.linewidths(*temperatures, **changes)
        return HeatConduction(self.crystal, self.mesh, self.phonons, linewidths, [self.elements], settings)


def compute(
    crystal: Crystal, sizes: Sequence[int], nac: Mapping[str, Any] = NO_LONG_RANGE_PART, **changes: Any
) -> Chain:
    """All stages down to the matrix elements of every irreducible point, with `changes` to the section
    `integration`."""
    mesh, phonons = harmonic(crystal, sizes, nac)
    settings = integration(**changes)
    elements = compute_matrix_elements(crystal, mesh, phonons, settings, np.arange(mesh.n_irreducible))
    return Chain(crystal, mesh, phonons, elements, settings)


def prescribed_linewidths(
    mesh: Mesh, phonons: Phonons, temperatures: Sequence[float], linewidth: Callable[[Floats], Floats]
) -> Linewidths:
    """Linewidths Γ/2π in THz that are a function of the frequency ω/2π in THz, the same at all temperatures."""
    frequency = phonons.frequencies[mesh.irreducible] / THZ
    total = np.broadcast_to(np.where(frequency > 0, linewidth(frequency), 0.0), (len(temperatures), *frequency.shape))
    return Linewidths(
        temperature=np.array(temperatures, dtype=float),
        qpoint=mesh.fractional[mesh.irreducible],
        weight=mesh.weights,
        frequency=frequency,
        linewidth=total,
        linewidth_normal=0.5 * total,
        linewidth_umklapp=0.5 * total,
        linewidth_decay=0.5 * total,
        linewidth_isotope=np.zeros_like(total),
        linewidth_boundary=np.zeros_like(frequency),
        n_unscattered=((total == 0) & (frequency > 0)).sum(axis=(1, 2)),
    )


def wigner_of(problem: HeatConduction) -> Transport:
    """The Wigner equation with the populations of the relaxation-time approximation."""
    parts = problem.crystal, problem.mesh, problem.phonons, problem.linewidths
    return wigner.solve(*parts, rta.solve(problem), problem.settings["geometry"])


def prescribed_wigner(
    crystal: Crystal,
    sizes: Sequence[int],
    *temperatures: float,
    linewidth: Callable[[Floats], Floats] = lambda frequency: 0.01 + 0.002 * frequency**2,
    nac: Mapping[str, Any] = NO_LONG_RANGE_PART,
) -> Transport:
    """The same with linewidths that are prescribed."""
    mesh, phonons = harmonic(crystal, sizes, nac)
    linewidths = prescribed_linewidths(mesh, phonons, temperatures, linewidth)
    settings = {"integration": integration(), "scattering": scattering()}
    settings |= {section: DEFAULTS[section] for section in ("solver_options", "geometry")}
    return wigner_of(HeatConduction(crystal, mesh, phonons, linewidths, [], settings))


def spring_crystal(
    lattice: Any, positions: Any, species: Sequence[str], masses: Any, reach: float, stiffness: float = 5.0
) -> Crystal:
    """Atoms joined by springs to all neighbours nearer than `reach`, Å, each 2.5 times softer per Å.

    The energy of a bond is a function of its length, so the force constants have every symmetry of the atoms, obey
    the sum rules, and do not depend on the order of the derivatives. `stiffness` is that of a bond of 3 Å, eV/Å².
    """
    lattice, positions, masses = (np.asarray(array, dtype=float) for array in (lattice, positions, masses))
    cells = np.array(list(product(range(-4, 5), repeat=3)))
    unit = np.eye(3)
    blocks: dict[tuple[int, ...], Floats] = {}
    fc2 = np.zeros((len(cells), len(species), len(species), 3, 3))
    home = len(cells) // 2
    for i, j in product(range(len(species)), repeat=2):
        bonds = (cells + positions[j] - positions[i]) @ lattice
        lengths = np.linalg.norm(bonds, axis=1)
        for r in np.flatnonzero((lengths < reach) & (lengths > 1e-6)):
            n = bonds[r] / lengths[r]
            along = np.multiply.outer(n, n)
            softening = 2.5 ** (3.0 - lengths[r])
            # A little stiffness across the bond, so that no mode is free.
            spring = stiffness * EV_PER_ANGSTROM2 * softening * (along + 0.1 * unit)
            fc2[r, i, j] -= spring
            fc2[home, i, i] += spring
            mixed = sum(np.einsum(order, n, unit) for order in ("a,bc->abc", "b,ac->abc", "c,ab->abc"))
            cubic = stiffness * EV_PER_ANGSTROM3 * softening * (-4.0 * np.multiply.outer(along, n) + 0.5 * mixed)
            # The bond's energy is a function of u_j - u_i; atom i is called first.
            ends = ((i, (0, 0, 0), -1.0), (j, tuple(map(int, cells[r])), 1.0))
            for (second, second_cell, s), (third, third_cell, t) in product(ends, repeat=2):
                key = (i, second, third, *second_cell, *third_cell)
                blocks[key] = blocks.get(key, 0.0) - s * t * cubic
    kept = fc2.any(axis=(1, 2, 3, 4))
    labels = np.array(list(blocks))
    return Crystal(
        lattice=lattice,
        positions=positions,
        species=tuple(species),
        masses=masses,
        mass_variances=np.full(len(species), 1e-3),
        isotope_source="test",
        fc2_vectors=cells[kept],
        fc2=fc2[kept],
        fc3_atoms=labels[:, :3],
        fc3_vectors=labels[:, 3:].reshape(-1, 2, 3),
        fc3=np.array(list(blocks.values())),
        sources=(),
    )


def triclinic(n_atoms: int = 2) -> Crystal:
    """A crystal without any symmetry but time reversal (and inversion, where it has one atom)."""
    lattice = [[3.0, 0.1, 0.0], [0.4, 3.2, 0.2], [-0.3, 0.5, 3.4]]
    positions = [[0.0, 0.0, 0.0], [0.48, 0.53, 0.41]][:n_atoms]
    return spring_crystal(lattice, positions, ["Si", "Ge"][:n_atoms], [28.0, 73.0][:n_atoms], reach=4.5)


def face_centred(masses: Sequence[float] = (28.0,)) -> Crystal:
    """A cubic face-centred crystal, or for two masses one with the structure of rock salt."""
    positions = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]][: len(masses)]
    return spring_crystal(3.0 * (1 - np.eye(3)), positions, ["Si", "C"][: len(masses)], masses, reach=4.5)


def hexagonal() -> Crystal:
    """A simple hexagonal crystal, one atom to a cell."""
    root = np.sqrt(3)
    return spring_crystal([[3, 0, 0], [-1.5, 1.5 * root, 0], [0, 0, 3.4]], [[0, 0, 0]], ["Mg"], [24.3], reach=4.8)


def polar_triclinic() -> Crystal:
    """`triclinic` with charges and a dielectric tensor without symmetry. Its springs lack the dipoles' Ewald sum, as
    those of the other polar crystals here do."""
    charge = np.array([[1.1, 0.2, -0.1], [0.05, 0.9, 0.15], [-0.2, 0.1, 1.3]])
    dielectric = np.array([[2.5, 0.3, 0.1], [0.3, 3.1, -0.2], [0.1, -0.2, 2.0]])
    return replace(triclinic(2), born_charges=np.stack([charge, -charge]), dielectric=dielectric, ewald_parameter=1.1)


def polar_rock_salt() -> Crystal:
    """Rock salt of unit charges."""
    charges = np.array([1.0, -1.0])[:, None, None] * np.eye(3)
    return replace(face_centred((28.0, 12.0)), born_charges=charges, dielectric=2.5 * np.eye(3), ewald_parameter=1.3)


def polar_hexagonal() -> Crystal:
    """Charged layers that alternate along c."""
    lattice = [[3, 0, 0], [-1.5, 1.5 * np.sqrt(3), 0], [0, 0, 5.2]]
    springs = spring_crystal(lattice, [[0, 0, 0], [1 / 3, 2 / 3, 0.5]], ["Zn", "O"], [65.4, 16.0], reach=4.8)
    charge = np.diag([1.0, 1.0, 1.4])
    return replace(
        springs, born_charges=np.stack([charge, -charge]), dielectric=np.diag([3.0, 3.0, 4.0]), ewald_parameter=1.0
    )


def supercell_of(crystal: Crystal, period: Integers) -> Crystal:
    """What a calculation of a polar crystal in a supercell gives: second-order force constants that hold everything,
    each known up to the period of the supercell."""
    points = commensurate.wave_vectors(period)
    short_ranged, dipoles = separate(crystal, long_range())
    n_atoms = len(crystal.species)
    matrices = dynamical_matrices(short_ranged, points, dipoles).reshape(-1, n_atoms, 3, n_atoms, 3)
    masses = np.sqrt(np.multiply.outer(crystal.masses, crystal.masses))
    constants = matrices.transpose(0, 1, 3, 2, 4) * masses[:, :, None, None]
    vectors, shares = commensurate.shares(crystal.lattice, crystal.positions, crystal.species, period)
    periodic = np.tensordot(np.exp(-2j * np.pi * vectors @ points.T), constants, axes=1).real / len(points)
    fc2 = shares[..., None, None] * periodic
    return replace(crystal, fc2_vectors=vectors, fc2=fc2, fc2_supercell=period, ewald_parameter=None)
