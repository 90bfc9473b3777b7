"""Force constants in the files of other programs: the way back from `peierls.crystal.Crystal`.

One module per format, with a function `written(crystal)`. What a format cannot hold is said, in a sentence each, and
where the physics would change nothing is written: the files are read back and compared before they get their names.

No stage imports this package, so a change here computes nothing again.
"""

from collections.abc import Callable
from pathlib import Path

from peierls import force_constants
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants.writers import fidelity, peierls, phono3py, qe, shengbte, tdep
from peierls.force_constants.writers.files import Written, draft, refuse_existing
from peierls.force_constants.writers.grids import ACCEPTED
from peierls.force_constants.writers.isotopes import OWN_FILE

FORMATS: dict[str, Callable[[Crystal], Written]] = {
    "phono3py": phono3py.written,
    "tdep": tdep.written,
    "shengbte": shengbte.written,
    "qe": qe.written,
    "peierls": peierls.written,
}
"""By the name of a format, what gives the files of a crystal in it."""


def write(crystal: Crystal, format: str, folder: Path) -> list[str]:
    """Write `crystal` to `folder` as files of a format, and say what these hold otherwise than the crystal.

    All files appear, or none. Raises InputError where the format cannot hold the physics of the crystal, and where one
    of the files is there already.
    """
    if format not in FORMATS:
        raise InputError(f"format '{format}' is not known, expected {', '.join(FORMATS)}")
    temporary = folder
    try:
        written = FORMATS[format](crystal)
        refuse_existing(folder, written.files)
        with draft(folder) as temporary:
            for name, write_file in written.files.items():
                write_file(temporary / name)
            _compare(crystal, format, temporary)
    except InputError as error:
        raise InputError(f"cannot write {format}: {str(error).replace(str(temporary), str(folder))}") from error
    return written.notes


def _compare(crystal: Crystal, format: str, folder: Path) -> None:
    """Raises InputError unless the files in `folder` give the physics of `crystal`."""
    isotopes = {"isotopes": {"file": folder / OWN_FILE}} if (folder / OWN_FILE).is_file() else {}
    copy = force_constants.read({"format": format, "path": folder, **isotopes})
    lost = fidelity.losses(copy, crystal)
    if not lost.largest <= ACCEPTED:
        raise InputError(
            f"{folder}: what is read back differs by {lost.second_order:.1e} in the dynamical matrix, by "
            f"{lost.third_order:.1e} in the third order, by {lost.cell:.1e} in lattice or masses and by "
            f"{lost.isotopes:.1e} in g, expected at most {ACCEPTED:g}"
        )
