"""Write FORCE_CONSTANTS_3RD, the third-order constants of ShengBTE and of whatever reads them."""

from collections.abc import Iterator
from itertools import product

from peierls import units
from peierls.crystal import Crystal
from peierls.force_constants.writers.numbers import line
from peierls.force_constants.writers.supercells import Blocks


def lines(crystal: Crystal) -> Iterator[str]:
    """Its lines; blocks of zeros are left out."""
    blocks = Blocks.third(crystal)
    yield f"{len(blocks.tensors)}"
    for number, (atoms, vectors, tensor) in enumerate(
        zip(blocks.atoms, blocks.vectors @ crystal.lattice, blocks.tensors / units.EV_PER_ANGSTROM3, strict=True),
        start=1,
    ):
        yield ""
        yield f"{number}"
        yield from map(line, vectors)
        yield " ".join(str(atom + 1) for atom in atoms)
        for directions, constant in zip(product("123", repeat=3), tensor.ravel().tolist(), strict=True):
            yield f"{' '.join(directions)} {constant!r}"
