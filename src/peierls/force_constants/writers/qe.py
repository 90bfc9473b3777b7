"""Write what Quantum ESPRESSO's q2r.x writes, crystal.fc, with FORCE_CONSTANTS_3RD beside it."""

import numpy as np

from peierls.crystal import Crystal
from peierls.force_constants.writers import dipoles, grids, isotopes, q2r, third_order_text
from peierls.force_constants.writers.files import Files, Written, text


def written(crystal: Crystal) -> Written:
    """The files of `crystal`, and what they say otherwise than it."""
    notes = []
    if dipoles.is_polar(crystal) and crystal.ewald_parameter is None:
        notes.append(
            "constants of q2r.x lack the dipoles: those that the supercell holds are taken out as nac.method gonze-lee "
            "does it, so that the Ewald sum gives them back; wang is no longer possible"
        )
    held = grids.held(dipoles.taken_out(crystal))
    if dipoles.is_polar(crystal):
        assert held.crystal.ewald_parameter is not None
        unit = 2 * np.pi / held.crystal.ewald_parameter
        notes.append(
            "celldm(1) is no lattice constant: it is 2π/Λ, which makes the Ewald sum of matdyn.x the one that the "
            "constants lack"
        )
    else:
        unit = float(np.linalg.norm(crystal.lattice[0]))
    files: Files = {
        "crystal.fc": text(q2r.lines(held, unit)),
        "FORCE_CONSTANTS_3RD": text(third_order_text.lines(crystal)),
    }
    if not isotopes.natural_variances(crystal):
        files[isotopes.OWN_FILE] = text(isotopes.own_file(crystal))
        notes.append(isotopes.note("Quantum ESPRESSO"))
    return Written(files, notes)
