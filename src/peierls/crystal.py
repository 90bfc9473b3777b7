"""The crystal: primitive cell, atoms, isotopes, and the force constants in lattice-vector form."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peierls.quantities import quantity

Floats = NDArray[np.float64]
Integers = NDArray[Any]
"""Whole numbers of any width: the indices and counts in large arrays are short ones."""


@dataclass(frozen=True)
class Crystal:
    """A crystal and its interatomic force constants, whatever program they came from.

    Force constants are per lattice vector: `fc2[r, i, j]` couples atom i of the home cell with atom j of the cell at
    `fc2_vectors[r]`; `fc3[b]` couples atom `fc3_atoms[b, 0]` of the home cell with `fc3_atoms[b, 1]` of the cell at
    `fc3_vectors[b, 0]` and `fc3_atoms[b, 2]` of the cell at `fc3_vectors[b, 1]`. Where a supercell knows a neighbour
    only up to its period, the equally short images share the constant equally, so that no weight is left to be applied.
    The third order is as its source gives it (first atom at home); `orderings` averages over the orderings.

    In a polar crystal, one with `born_charges` and `dielectric`, `ewald_parameter` says what `fc2` holds. Where it is
    None, `fc2` holds the whole interaction within `fc2_supercell`, that of the dipoles included; where it is a number,
    `fc2` is short-ranged and lacks exactly the reciprocal-space Ewald sum over dipoles at that number
    (`electrostatics`).
    """

    lattice: Floats = quantity("angstrom", "3 3", "primitive lattice vectors, a row each")
    positions: Floats = quantity("1", "atom 3", "fractional coordinates of the atoms in the primitive cell")
    species: tuple[str, ...] = quantity("", "atom", "chemical symbols")
    masses: Floats = quantity("amu", "atom", "mean atomic masses")
    mass_variances: Floats = quantity("1", "atom", "g = sum_j c_j (1 - m_j/m)^2 over the isotopes of the site")
    isotope_source: str = quantity("", "", "where the isotopes come from")
    fc2_vectors: Integers = quantity("1", "vector 3", "lattice vectors R of the second-order force constants")
    fc2: Floats = quantity(
        "amu/ps^2", "vector atom atom 3 3", "second-order force constants, atom 1 at home, atom 2 at R"
    )
    fc3_atoms: Integers = quantity("1", "block 3", "the three atoms of each third-order block")
    fc3_vectors: Integers = quantity(
        "1", "block 2 3", "lattice vectors R', R'' of the second and third atom of each block"
    )
    fc3: Floats = quantity("amu/(angstrom ps^2)", "block 3 3 3", "third-order force constants")
    sources: tuple[str, ...] = quantity("", "source", "files read: name and SHA-256")
    born_charges: Floats | None = quantity(
        "e", "atom 3 3", "Born effective charges, first index the field", default=None
    )
    dielectric: Floats | None = quantity("1", "3 3", "high-frequency dielectric tensor", default=None)
    fc2_supercell: Integers | None = quantity(
        "1",
        "3 3",
        "supercell that the second-order force constants come from, in primitive lattice vectors, a row each",
        default=None,
    )
    ewald_parameter: float | None = quantity(
        "1/angstrom",
        "",
        "range parameter of the Ewald sum that the second-order force constants leave out; absent if they do not",
        default=None,
    )
    rule_violations: Floats | None = quantity(
        "1",
        "rule",
        "violations of translation and permutation, second order, then third, and of the space group, over the largest "
        "force constant",
        default=None,
    )

    @property
    def reciprocal(self) -> Floats:
        """Reciprocal lattice vectors with the 2π, a row each, shape (3, 3), 1/Å."""
        return np.asarray(2 * np.pi * np.linalg.inv(self.lattice).T, dtype=float)

    @property
    def volume(self) -> float:
        """Volume of the primitive cell, Å³."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def sites(self) -> list[tuple[str, float, float]]:
        """Species, mass and g of each atom: atoms are alike where all three are."""
        return list(zip(self.species, self.masses.tolist(), self.mass_variances.tolist(), strict=True))

    @property
    def n_bands(self) -> int:
        """Number of phonon branches, three per atom."""
        return 3 * len(self.species)
