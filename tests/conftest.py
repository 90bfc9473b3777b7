"""Crystals and reference data that many tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from peierls import force_constants
from peierls.crystal import Crystal

ROOT = Path(__file__).parents[1]

# The first example of a property may compile a kernel; how long one takes says nothing.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def silicon_folder() -> Path:
    """The folder of silicon's force constants that ship with the workflow."""
    return ROOT / "resources" / "si-pbesol"


@pytest.fixture(scope="session")
def silicon(silicon_folder: Path) -> Crystal:
    """Silicon: 2 atoms, force constants of a 64-atom supercell."""
    return force_constants.read({"format": "phono3py", "path": silicon_folder})


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder with inputs and results of other programs ($PEIERLS_REFERENCE); the test is skipped where it is absent."""
    folder = Path(os.environ.get("PEIERLS_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder} (set PEIERLS_REFERENCE)")
    return folder
