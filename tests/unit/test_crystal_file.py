"""crystal.h5, the file of this program, as input."""

from dataclasses import replace
from pathlib import Path

import chain
import h5py
import numpy as np
import pytest
from format_checks import assert_refused, assert_same

from peierls import force_constants, stage_files
from peierls.crystal import Crystal
from peierls.errors import DamagedFile, InputError

MODEL = replace(chain.triclinic(), sources=("fc2.hdf5 sha256:0",))


def write(folder: Path, **changes) -> Path:
    stage_files.write(folder / "crystal.h5", replace(MODEL, **changes))
    return folder


def test_what_was_written_is_read(tmp_path):
    crystal = force_constants.read({"path": write(tmp_path)})
    assert_same(crystal, MODEL, tolerance=1e-14)
    np.testing.assert_array_equal(crystal.mass_variances, MODEL.mass_variances)
    assert crystal.isotope_source == MODEL.isotope_source
    (source,) = crystal.sources
    assert source.startswith("crystal.h5 sha256:")


def test_another_name(tmp_path):
    (write(tmp_path) / "crystal.h5").rename(tmp_path / "silicon.h5")
    crystal: Crystal = force_constants.read({"format": "peierls", "path": tmp_path, "crystal": "silicon.h5"})
    assert_same(crystal, MODEL)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lattice": np.ones((3, 3))}, "dataset 'lattice' cannot be used, expected vectors that span a volume"),
        ({"masses": np.array([28.0, -1.0])}, "dataset 'masses' cannot be used, expected positive masses"),
        ({"mass_variances": np.array([0.1, -0.1])}, "dataset 'mass_variances' cannot be used, expected values of zero"),
        ({"fc2": np.zeros_like(MODEL.fc2)}, "dataset 'fc2' cannot be used, expected force constants other than zero"),
        ({"fc2_vectors": MODEL.fc2_vectors + 9}, "dataset 'fc2_vectors' cannot be used, expected the home cell, once"),
        ({"fc3": np.zeros_like(MODEL.fc3)}, "dataset 'fc3' cannot be used, expected force constants other than zero"),
        ({"fc3_atoms": MODEL.fc3_atoms + 1}, "dataset 'fc3_atoms' cannot be used, expected atoms from 0 to 1"),
        ({"dielectric": np.eye(3)}, "dataset 'born_charges' cannot be used, expected both or no dielectric tensor"),
    ],
)
def test_what_cannot_be_used(tmp_path, changes, sentence):
    assert_refused(write(tmp_path, **changes), f"crystal.h5: {sentence}")


def test_no_atoms(tmp_path):
    none = {"species": (), "positions": np.zeros((0, 3)), "masses": np.zeros(0), "mass_variances": np.zeros(0)}
    constants = {"fc2": np.zeros((len(MODEL.fc2_vectors), 0, 0, 3, 3))}
    assert_refused(write(tmp_path, **none, **constants), "dataset 'species' cannot be used, expected at least one atom")


def test_truncated(tmp_path):
    path = write(tmp_path) / "crystal.h5"
    path.write_bytes(path.read_bytes()[:3000])
    assert_refused(tmp_path, "crystal.h5: is no stage file as it was written")
    with pytest.raises(InputError) as caught:
        force_constants.read({"path": tmp_path})
    assert not isinstance(caught.value, DamagedFile)  # it is the user's own, which no job sets aside


def test_a_file_of_another_version(tmp_path):
    """A format of files that is not this one's is refused whatever else it holds."""
    with h5py.File(write(tmp_path) / "crystal.h5") as old, h5py.File(tmp_path / "other.h5", "w") as new:
        new.attrs.update({**old.attrs, "format": "peierls 0"})
        for name in old:
            old.copy(name, new)
    (tmp_path / "other.h5").rename(tmp_path / "crystal.h5")
    assert_refused(tmp_path, "crystal.h5: its format is 'peierls 0', expected 'peierls")
