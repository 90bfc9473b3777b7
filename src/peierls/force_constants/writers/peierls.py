"""Write crystal.h5, this program's own file, which holds everything."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.force_constants.writers.files import Written


def written(crystal: Crystal) -> Written:
    """The file of `crystal`."""
    return Written({"crystal.h5": lambda path: stage_files.write(path, crystal)}, [])
