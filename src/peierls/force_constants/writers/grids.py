"""Second-order constants on n1 × n2 × n3 cells, as Quantum ESPRESSO and ShengBTE hold them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.force_constants.diagonal import TIE
from peierls.force_constants.writers import dipoles, fidelity, supercells
from peierls.force_constants.writers.supercells import Blocks
from peierls.supercell import copies

_MOST_ATOMS = 20_000
"""Atoms of a supercell beyond which the search for one ends."""

ACCEPTED, WANTED = 1e-9, 1e-12
"""Relative change of the dynamical matrix at which dipoles may be moved, and at which no larger supercell is tried."""


@dataclass(frozen=True)
class Held:
    """A crystal whose second-order constants the supercell `period` holds, and what was lost on the way."""

    crystal: Crystal
    period: Integers
    loss: float = 0.0

    @property
    def sizes(self) -> tuple[int, int, int]:
        """n1, n2, n3."""
        first, second, third = np.diag(self.period).tolist()
        return first, second, third


def held(crystal: Crystal, tolerance: float = TIE, diagonal: bool = True) -> Held:
    """`crystal` and the smallest supercell that holds its constants as they are."""
    blocks = Blocks.second(crystal)
    for period in candidates(crystal, blocks, diagonal, "second"):
        if supercells.holds(crystal, blocks, period, tolerance):
            return Held(crystal, period)
    raise AssertionError("candidates do not end")


def at_range_parameter(crystal: Crystal, range_parameter: float) -> Held:
    """`crystal`, whose constants lack an Ewald sum, with constants that lack the one at another Λ, 1/Å.

    The difference of the two sums is short-ranged: in a supercell that is large enough nothing of it is lost.
    """

    def moved(period: Integers) -> Crystal:
        return dipoles.taken_out(dipoles.put_in(crystal, period), range_parameter)

    return _moved(crystal, moved, TIE, diagonal=True)


def with_dipoles(crystal: Crystal, tolerance: float) -> Held:
    """`crystal`, whose constants lack an Ewald sum, with constants that hold the dipoles of a supercell so large that
    the method of Gonze and Lee gives the same dynamical matrix."""
    return _moved(crystal, lambda period: dipoles.put_in(crystal, period), tolerance, diagonal=False)


def candidates(crystal: Crystal, blocks: Blocks, diagonal: bool, order: str) -> Iterator[Integers]:
    """Supercells to try, smallest first; InputError where they become too large to be written."""
    for period in supercells.periods(crystal, blocks.reach(crystal), crystal.fc2_supercell, diagonal):
        n_atoms = copies(period) * len(crystal.species)
        if n_atoms > _MOST_ATOMS:
            raise InputError(
                f"the {order}-order force constants, which reach {blocks.reach(crystal):.1f} Å far, need a supercell "
                f"of more than {_MOST_ATOMS} atoms; expected a format without supercells: tdep or peierls"
            )
        yield period


def _moved(crystal: Crystal, move: Callable[[Integers], Crystal], tolerance: float, diagonal: bool) -> Held:
    blocks = Blocks.second(crystal)
    best: Held | None = None
    try:
        for period in candidates(crystal, blocks, diagonal, "second"):
            if not supercells.holds(crystal, blocks, period, tolerance):
                continue
            changed = move(period)
            if not supercells.holds(changed, Blocks.second(changed), period, tolerance):
                continue
            loss = fidelity.second_order(changed, crystal)
            if best is None or loss < best.loss:
                best = Held(replace(changed, fc2_supercell=period), period, loss)
            if loss < WANTED:
                break
    except InputError:
        if best is None:
            raise
    assert best is not None
    if best.loss > ACCEPTED:
        raise InputError(
            "the dipoles of these force constants cannot be moved without loss: in supercells of up to "
            f"{_MOST_ATOMS} atoms the dynamical matrix changes by {best.loss:.1e}, expected at most {ACCEPTED:g}"
        )
    return best


def constants(held: Held) -> Floats:
    """The constants between home and every cell of the grid, shape (atom, atom, n1, n2, n3, 3, 3), amu/ps²."""
    n_atoms = len(held.crystal.species)
    result = np.zeros((n_atoms, n_atoms, *held.sizes, 3, 3))
    blocks = Blocks.second(held.crystal)
    cells = blocks.vectors[:, 0] % held.sizes
    np.add.at(result, (*blocks.atoms.T, *cells.T), blocks.tensors)
    return result
