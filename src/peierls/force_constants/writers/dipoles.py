"""What second-order force constants hold of a polar crystal's dipoles, changed to what a format asks for.

Programs differ in it: constants of a supercell hold the dipoles up to its period, those of TDEP and Quantum ESPRESSO
lack an Ewald sum at a Λ of their own (`electrostatics`). What is taken out or put in here is that same sum, so the
dynamical matrix of this program stays what it was.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from peierls import commensurate
from peierls.blocks import add_up
from peierls.crystal import Crystal, Integers
from peierls.electrostatics import EwaldSum, in_supercell, separate
from peierls.errors import InputError

AUTO: dict[str, Any] = {"method": "auto", "direction": "none", "lambda": None}
"""The section `nac` of a configuration that says nothing."""


def is_polar(crystal: Crystal) -> bool:
    """Whether there are charges other than zero."""
    return crystal.born_charges is not None and bool(crystal.born_charges.any())


def taken_out(crystal: Crystal, range_parameter: float | None = None) -> Crystal:
    """`crystal` with force constants that lack the Ewald sum at Λ, 1/Å; by default the one that `nac: auto` takes.

    Only for constants that hold the dipoles of their supercell; others are returned as they are.
    """
    if not is_polar(crystal) or crystal.ewald_parameter is not None:
        return crystal
    if crystal.fc2_supercell is None:
        raise InputError(
            "the supercell of the second-order force constants is not known, so the dipoles that they hold cannot be "
            "taken out of them; expected a format that holds them as they are: peierls"
        )
    short_ranged, ewald = separate(crystal, {**AUTO, "lambda": range_parameter})
    assert isinstance(ewald, EwaldSum)
    # The sum is over charges with the symmetry of the crystal, so these belong to what is left.
    return replace(
        short_ranged,
        born_charges=ewald.dipoles.charges,
        dielectric=ewald.dipoles.dielectric,
        ewald_parameter=ewald.range_parameter,
        fc2_supercell=None,
    )


def put_in(crystal: Crystal, period: Integers) -> Crystal:
    """`crystal` with force constants that hold the dipoles as the supercell `period` knows them.

    Only for constants that lack an Ewald sum. Exact at the wave vectors of the supercell; between them as good as the
    supercell is large, so the caller compares.
    """
    _, ewald = separate(crystal, AUTO)
    assert isinstance(ewald, EwaldSum)
    vectors, shares = commensurate.shares(crystal.lattice, crystal.positions, crystal.species, period)
    contained = in_supercell(ewald, period, vectors, shares)
    labels, fc2 = add_up(np.concatenate([crystal.fc2_vectors, vectors]), np.concatenate([crystal.fc2, contained]))
    return replace(
        crystal,
        fc2_vectors=labels,
        fc2=fc2,
        born_charges=ewald.dipoles.charges,
        dielectric=ewald.dipoles.dielectric,
        ewald_parameter=None,
        fc2_supercell=period,
    )
