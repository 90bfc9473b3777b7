"""Write what ShengBTE reads: CONTROL, FORCE_CONSTANTS_2ND or espresso.ifc2, and FORCE_CONSTANTS_3RD."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from peierls import units
from peierls.crystal import Crystal
from peierls.force_constants.sum_rules import measure
from peierls.force_constants.writers import dipoles, grids, q2r, third_order_text
from peierls.force_constants.writers.files import Files, Written, text
from peierls.force_constants.writers.grids import Held
from peierls.force_constants.writers.numbers import line

_MOST_ATOMS = 512
"""Atoms of the largest supercell that is written as FORCE_CONSTANTS_2ND, which has a block for each pair of them."""
_SAME = 1e-12
"""Relative difference of range parameters that is rounding."""


def written(crystal: Crystal) -> Written:
    """The files of `crystal`, and what they say otherwise than it."""
    notes = ["CONTROL asks for a mesh of 11 × 11 × 11 and 300 K, which are to be changed there"]
    held, from_espresso = _held(crystal)
    if dipoles.is_polar(crystal) and not from_espresso:
        notes.append(
            "ShengBTE itself interpolates the non-analytic term (nac.method wang) where this program takes gonze-lee "
            "unless told otherwise"
        )
    if dipoles.is_polar(crystal) and from_espresso:
        if crystal.ewald_parameter is None:
            notes.append(
                "constants of espresso.ifc2 lack the dipoles: those that the supercell holds are taken out as "
                "nac.method gonze-lee does it; wang is no longer possible"
            )
        notes.append(
            "the Ewald sum that the constants lack is the one at 2π/|a1|, a1 the first lattice vector, as ShengBTE has "
            f"it; the dynamical matrix changed by {held.loss:.0e}"
        )
    rule = measure(crystal).fc2_translation
    if from_espresso and rule > 1e-9:
        notes.append(
            "ShengBTE imposes the translation sum rule on espresso.ifc2, which these constants break by "
            f"{rule:.1e} of the largest; this program does so with force_constants.sum_rules: impose"
        )
    files: Files = {"CONTROL": text(_control(held, from_espresso))}
    if from_espresso:
        files["espresso.ifc2"] = text(q2r.lines(held, float(np.linalg.norm(crystal.lattice[0]))))
    else:
        files["FORCE_CONSTANTS_2ND"] = text(_force_constants_2nd(held))
    files["FORCE_CONSTANTS_3RD"] = text(third_order_text.lines(crystal))
    return Written(files, notes)


def _held(crystal: Crystal) -> tuple[Held, bool]:
    """The grid of cells that holds the second order, and whether it has to be in the form of q2r.x."""
    if not dipoles.is_polar(crystal):
        held = grids.held(crystal)
        return held, len(crystal.species) * int(np.prod(held.sizes)) > _MOST_ATOMS
    own = crystal.fc2_supercell
    if crystal.ewald_parameter is None and own is not None and not (own - np.diag(np.diag(own))).any():
        return Held(crystal, abs(own)), False
    short_ranged = dipoles.taken_out(crystal)
    assert short_ranged.ewald_parameter is not None
    range_parameter = 2 * np.pi / float(np.linalg.norm(crystal.lattice[0]))
    if abs(short_ranged.ewald_parameter / range_parameter - 1) < _SAME:
        return grids.held(short_ranged), True
    return grids.at_range_parameter(short_ranged, range_parameter), True


def _control(held: Held, from_espresso: bool) -> Iterator[str]:
    crystal = held.crystal
    sites = crystal.sites
    kinds = list(dict.fromkeys(sites))
    yield "&allocations"
    yield f"  nelements={len(kinds)}, natoms={len(sites)}, ngrid(:)=11 11 11"
    yield "&end"
    yield "&crystal"
    yield f"  lfactor={line(units.ANGSTROM / units.NANOMETRE)},"
    for axis, vector in enumerate(crystal.lattice, start=1):
        yield f"  lattvec(:,{axis})={line(vector)},"
    yield "  elements=" + " ".join(f'"{symbol}"' for symbol, _, _ in kinds)
    yield "  types=" + " ".join(str(kinds.index(site) + 1) for site in sites)
    for atom, position in enumerate(crystal.positions, start=1):
        yield f"  positions(:,{atom})={line(position)},"
    yield f"  masses={line([mass for _, mass, _ in kinds])}"
    yield f"  gfactors={line([variance for _, _, variance in kinds])}"
    if dipoles.is_polar(crystal):
        assert crystal.born_charges is not None and crystal.dielectric is not None
        for axis, column in enumerate(crystal.dielectric.T, start=1):
            yield f"  epsilon(:,{axis})={line(column)},"
        for atom, charge in enumerate(crystal.born_charges, start=1):
            for axis, column in enumerate(charge.T, start=1):
                yield f"  born(:,{axis},{atom})={line(column)},"
    yield f"  scell(:)={' '.join(map(str, held.sizes))}"
    yield from ("&end", "&parameters", "  T=300, scalebroad=1.0", "&end", "&flags")
    yield f"  espresso={_flag(from_espresso)}, nonanalytic={_flag(dipoles.is_polar(crystal))}, autoisotopes=.FALSE."
    yield "&end"


def _flag(value: bool) -> str:
    return f".{str(value).upper()}."


def _force_constants_2nd(held: Held) -> Iterator[str]:
    """All pairs of atoms of the supercell; the cell along the first axis runs fastest, the atom slowest."""
    sizes = held.sizes
    constants = grids.constants(held) / units.EV_PER_ANGSTROM2
    n_atoms = len(constants)
    rows = np.empty(constants.shape[:5], dtype=object)
    for place in np.ndindex(rows.shape):
        rows[place] = "\n".join(map(line, constants[place]))
    cells = [cell[::-1] for cell in product(*(range(size) for size in reversed(sizes)))]
    sites = [(atom, cell) for atom in range(n_atoms) for cell in cells]
    yield f"{len(sites)}"
    for first, (atom, cell) in enumerate(sites, start=1):
        for second, (other, beyond) in enumerate(sites, start=1):
            yield f"{first} {second}"
            yield rows[atom, other, *((b - a) % size for a, b, size in zip(cell, beyond, sizes, strict=True))]
