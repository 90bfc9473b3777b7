"""Write what TDEP reads: infile.ucposcar, infile.forceconstant, infile.forceconstant_thirdorder, infile.isotopes."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np

from peierls import units
from peierls.crystal import Crystal, Integers
from peierls.errors import InputError
from peierls.force_constants import elements
from peierls.force_constants.writers import dipoles, isotopes
from peierls.force_constants.writers.files import Files, Written, text
from peierls.force_constants.writers.numbers import line
from peierls.force_constants.writers.supercells import Blocks

_HOME = 1e-10
"""As the reader has it: a coordinate this little below a whole number stays."""

_MARGIN = 1e-6
"""What the cutoff exceeds the largest distance by, Å."""


def written(crystal: Crystal) -> Written:
    """The files of `crystal`, and what they say otherwise than it."""
    notes = []
    if dipoles.is_polar(crystal) and crystal.ewald_parameter is None:
        notes.append(
            "TDEP's constants lack the dipoles: those that the supercell holds are taken out as nac.method gonze-lee "
            "does it, so that the sum at the λ of the file gives them back; wang is no longer possible"
        )
    crystal = _wrapped(dipoles.taken_out(crystal))
    files: Files = {
        "infile.ucposcar": text(_structure(crystal)),
        "infile.forceconstant": text(_second_order(crystal)),
        "infile.forceconstant_thirdorder": text(_third_order(crystal)),
    }
    is_natural = isotopes.natural_masses(crystal) and isotopes.natural_variances(crystal)
    if not is_natural or {"D", "T"} & set(crystal.species):
        files["infile.isotopes"] = text(_isotopes(crystal))
        notes.append(
            "infile.ucposcar has no masses: they are in infile.isotopes, as one isotope of each atom, or two made-up "
            "ones that have its mean mass and its mass variance g; TDEP reads it with --readiso"
        )
    else:
        notes.append("infile.ucposcar has no masses: TDEP takes natural ones, from a table of its own")
    for heavy in sorted({"D", "T"} & set(crystal.species)):
        notes.append(f"TDEP itself knows no element {heavy}: there it is H, with the mass of infile.isotopes")
    if dipoles.is_polar(crystal):
        notes.append("TDEP takes the limit at Γ along x, this program along nac.direction")
    return Written(files, notes)


def _wrapped(crystal: Crystal) -> Crystal:
    """The same crystal with its atoms in the cell that fractional coordinates from 0 to 1 describe, as TDEP has it."""
    moved = np.floor(crystal.positions + _HOME).astype(np.int64)
    if not moved.any():
        return crystal
    second = Blocks.second(crystal)
    every: Integers = np.vstack([np.zeros((1, 3), np.int64), (second.vectors + _shift(second, moved))[:, 0]])
    vectors, which = np.unique(every, axis=0, return_inverse=True)
    n_atoms = len(crystal.species)
    fc2 = np.zeros((len(vectors), n_atoms, n_atoms, 3, 3))
    fc2[which[1:], second.atoms[:, 0], second.atoms[:, 1]] = second.tensors
    third = Blocks(crystal.fc3_atoms, crystal.fc3_vectors, crystal.fc3)
    return replace(
        crystal,
        positions=crystal.positions - moved,
        fc2_vectors=vectors,
        fc2=fc2,
        fc3_vectors=third.vectors + _shift(third, moved),
    )


def _shift(blocks: Blocks, moved: Integers) -> Integers:
    shift: Integers = moved[blocks.atoms[:, 1:]] - moved[blocks.atoms[:, :1]]
    return shift


def _structure(crystal: Crystal) -> Iterator[str]:
    """Atoms of one symbol that stand together are one group; a mixed site is a group of its own."""
    names = [name if elements.is_element(name) else f"ALLOY{atom + 1}" for atom, name in enumerate(crystal.species)]
    groups = [(name, len(list(atoms))) for name, atoms in groupby(names)]
    yield "force constants from another format"
    yield "1.0"
    yield from map(line, crystal.lattice)
    yield " ".join(name for name, _ in groups)
    yield " ".join(str(count) for _, count in groups)
    yield "Direct"
    for name, species, position in zip(names, crystal.species, crystal.positions, strict=True):
        yield line(position) if name == species else f"{line(position)} {_mixture(species)}"


def _mixture(species: str) -> str:
    """Number, symbols and concentrations of a mixed site from its name, Si0.3Ge0.7."""
    parts = elements.mixture(species)
    if parts is None:
        raise InputError(f"'{species}' is neither an element nor a mixed site, which TDEP could hold")
    return " ".join([str(len(parts)), *(f"{symbol} {part!r}" for symbol, part in parts)])


def _second_order(crystal: Crystal) -> Iterator[str]:
    blocks = Blocks.second(crystal)
    yield f"{len(crystal.species)} atoms in the cell"
    yield f"{line(blocks.reach(crystal) + _MARGIN)} cutoff, angstrom"
    for atom in range(len(crystal.species)):
        own = np.flatnonzero(blocks.atoms[:, 0] == atom)
        on_site = (blocks.atoms[own, 1] == atom) & ~blocks.vectors[own, 0].any(axis=1)
        yield f"{len(own) + (not on_site.any())} pairs of atom {atom + 1}"
        if not on_site.any():
            yield from (f"{atom + 1}", line(np.zeros(3)), *3 * [line(np.zeros(3))])
        for block in own:
            yield f"{blocks.atoms[block, 1] + 1}"
            yield line(blocks.vectors[block].astype(float))
            yield from map(line, blocks.tensors[block] / units.EV_PER_ANGSTROM2)
    if dipoles.is_polar(crystal):
        yield from _polar_tail(crystal)
    else:
        yield "0 not polar"


def _polar_tail(crystal: Crystal) -> Iterator[str]:
    """Components are the different absolute values among the charges, coefficients their signs."""
    assert crystal.born_charges is not None and crystal.dielectric is not None and crystal.ewald_parameter is not None
    components, which = np.unique(abs(crystal.born_charges.ravel()), return_inverse=True)
    yield "3 polar"
    for row in crystal.dielectric:
        yield f"{line(row)} dielectric tensor"
    yield f"{line(crystal.ewald_parameter * units.BOHR)} coupling parameter of the Ewald sum, 1/bohr"
    yield f"{len(components)} independent components of the Born charges"
    yield from map(line, components)
    for component, charge in zip(which, crystal.born_charges.ravel(), strict=True):
        yield line(np.where(np.arange(len(components)) == component, np.copysign(1.0, charge), 0.0))
    for row in crystal.born_charges.reshape(-1, 3):
        yield f"{line(row)} Born charge"


def _third_order(crystal: Crystal) -> Iterator[str]:
    blocks = Blocks.third(crystal)
    yield f"{len(crystal.species)} atoms in the cell"
    yield f"{line(blocks.reach(crystal) + _MARGIN)} cutoff, angstrom"
    for atom in range(len(crystal.species)):
        own = np.flatnonzero(blocks.atoms[:, 0] == atom)
        yield f"{len(own)} triplets of atom {atom + 1}"
        for block in own:
            yield from (f"{number + 1}" for number in blocks.atoms[block])
            yield line(np.zeros(3))
            yield from map(line, blocks.vectors[block].astype(float))
            yield from map(line, blocks.tensors[block].reshape(9, 3) / units.EV_PER_ANGSTROM3)


def _isotopes(crystal: Crystal) -> Iterator[str]:
    for mass, variance in zip(crystal.masses.tolist(), crystal.mass_variances.tolist(), strict=True):
        parts, masses = isotopes.equivalent(mass, variance)
        yield f"{len(parts)} isotopes"
        yield from map(line, np.stack([parts, masses], axis=1))
