"""Meshes in the form of TDEP's infile.qgrid.hdf5."""

from itertools import product

import h5py
import numpy as np
import pytest
from chain import face_centred
from numpy.testing import assert_array_equal

from peierls.errors import InputError
from peierls.mesh import build_mesh
from peierls.mesh_file import read_divisions


def write(path, sizes, points, names=("1", "2", "3")):
    """A file with the attributes and the dataset that matter, points with a weight and a radius behind them."""
    with h5py.File(path, "w") as file:
        for name, size in zip(names, sizes, strict=True):
            file.attrs[f"number_of_gridpoints_dimension_{name}"] = np.array([size], dtype=np.int32)
        file["points"] = np.column_stack([points, np.full((len(points), 2), 0.1)])
    return path


def grid(sizes):
    return np.array(list(product(*map(range, sizes)))) / sizes


def test_grid_in_any_order_and_in_any_zone(tmp_path):
    sizes = (4, 4, 4)
    points = np.random.default_rng(1).permutation(grid(sizes))
    points[points > 0.5] -= 1.0
    path = write(tmp_path / "infile.qgrid.hdf5", sizes, points)
    assert_array_equal(read_divisions(path), sizes)
    from_file, from_numbers = (build_mesh(face_centred(), setting) for setting in ({"file": str(path)}, sizes))
    for name, value in vars(from_numbers).items():
        assert_array_equal(getattr(from_file, name), value)


FAULTS = {
    "half a step away from Gamma": ((2, 2, 2), grid((2, 2, 2)) + 0.25, "row 1 of 'points' is [0.25, 0.25, 0.25]"),
    "a point twice": ((2, 2, 1), np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [1, 0, 0]]), "repeats points"),
    "a point missing": ((2, 2, 2), grid((2, 2, 2))[1:], "has the shape (7, 5), expected a row for each of the 8"),
    "not a number": ((1, 1, 1), np.array([[np.nan, 0, 0]]), "row 1 of 'points' is [nan, 0.0, 0.0]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_regular_grid_is_refused(fault, tmp_path):
    sizes, points, sentence = FAULTS[fault]
    path = write(tmp_path / "q.hdf5", sizes, points)
    with pytest.raises(InputError) as caught:
        read_divisions(path)
    assert str(path) in str(caught.value) and sentence in str(caught.value)


def test_wedge_and_other_files_are_refused(tmp_path):
    wedge = write(tmp_path / "wedge.hdf5", (2, 2, 2), grid((2, 2, 2)), names=("a", "b", "c"))
    with pytest.raises(InputError) as caught:
        read_divisions(wedge)
    assert str(caught.value).startswith(f"{wedge}: has no 'number_of_gridpoints_dimension_1', expected a regular grid")
    text = tmp_path / "text.hdf5"
    text.write_text("26 26 26\n")
    with pytest.raises(InputError, match="not a readable HDF5 file"):
        read_divisions(text)
