"""Write the .fc file of Quantum ESPRESSO's q2r.x, which ShengBTE knows as espresso.ifc2."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from peierls import units
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import elements
from peierls.force_constants.writers import dipoles, grids
from peierls.force_constants.writers.grids import Held
from peierls.force_constants.writers.numbers import line


def lines(held: Held, unit: float) -> Iterator[str]:
    """Its lines; `unit` is the unit of length celldm(1), Å, to which the Ewald sum left out belongs: Λ = 2π/unit.

    Masses are those of the atoms: a kind is a symbol and a mass.
    """
    crystal = held.crystal
    kinds = _kinds(crystal)
    n_atoms = len(crystal.species)
    yield f"{len(set(kinds.values()))} {n_atoms} 0 {line(unit / units.BOHR)} 0.0 0.0 0.0 0.0 0.0"
    # As the reader has it: rounding in this number is rounding in the lattice.
    unit = unit / units.BOHR * units.BOHR
    yield from map(line, crystal.lattice / unit)
    for (symbol, mass), number in kinds.items():
        mark = str(number) if [other for other, _ in kinds].count(symbol) > 1 else ""
        yield f"{number} '{symbol}{mark}' {line(mass / units.RYDBERG_MASS)}"
    for atom, place in enumerate(crystal.positions @ crystal.lattice / unit):
        yield f"{atom + 1} {kinds[crystal.species[atom], float(crystal.masses[atom])]} {line(place)}"
    if dipoles.is_polar(crystal):
        assert crystal.born_charges is not None and crystal.dielectric is not None
        yield "T"
        yield from map(line, crystal.dielectric)
        for atom, charge in enumerate(crystal.born_charges, start=1):
            yield f"{atom}"
            yield from map(line, charge)
    else:
        yield "F"
    yield " ".join(map(str, held.sizes))
    # The file has the first atom in cell (m1, m2, m3) and the second at home; m1 runs fastest.
    constants = grids.constants(held) / units.RYDBERG_PER_BOHR2
    constants = np.roll(constants[:, :, ::-1, ::-1, ::-1], (1, 1, 1), axis=(2, 3, 4)).transpose(5, 6, 0, 1, 4, 3, 2)
    cells = [f"{c + 1} {b + 1} {a + 1}" for a, b, c in product(*(range(size) for size in reversed(held.sizes)))]
    for a, b, i, j in product(range(3), range(3), range(n_atoms), range(n_atoms)):
        yield f"{a + 1} {b + 1} {i + 1} {j + 1}"
        for cell, constant in zip(cells, constants[a, b, i, j].ravel().tolist(), strict=True):
            yield f"{cell} {constant!r}"


def _kinds(crystal: Crystal) -> dict[tuple[str, float], int]:
    """Number of each kind of atom, a symbol and a mass, counted from 1."""
    for symbol in crystal.species:
        if not elements.is_element(symbol):
            raise InputError(f"'{symbol}' is not an element, and the files of Quantum ESPRESSO hold no other sites")
    kinds = dict.fromkeys(zip(crystal.species, crystal.masses.tolist(), strict=True))
    return {kind: number for number, kind in enumerate(kinds, start=1)}
