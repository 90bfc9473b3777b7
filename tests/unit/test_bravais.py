"""Quantum ESPRESSO's lattices: each spans the conventional cell it is named for."""

import numpy as np
import pytest

from peierls.force_constants import bravais

CELLDM = [10.0, 1.3, 1.7, 0.2, -0.1, 0.3]
SQUARE = {"b": 1.0, "c": 1.7}
RECTANGULAR = {"b": 1.3, "c": 1.7}


@pytest.mark.parametrize(
    ("ibrav", "centring", "cell"),
    [
        (1, 1, {}),
        (2, 4, {}),
        (3, 2, {}),
        (-3, 2, {}),
        (4, 1, {"c": 1.7, "ab": -0.5}),
        (6, 1, SQUARE),
        (7, 2, SQUARE),
        (8, 1, RECTANGULAR),
        (9, 2, RECTANGULAR),
        (-9, 2, RECTANGULAR),
        (91, 2, RECTANGULAR),
        (10, 4, RECTANGULAR),
        (11, 2, RECTANGULAR),
        (12, 1, {**RECTANGULAR, "ab": 0.2}),
        (-12, 1, {**RECTANGULAR, "ac": -0.1}),
        (13, 2, {**RECTANGULAR, "ab": 0.2}),
        (-13, 2, {**RECTANGULAR, "ac": -0.1}),
        (14, 1, {**RECTANGULAR, "bc": 0.2, "ac": -0.1, "ab": 0.3}),
    ],
)
def test_conventional_cell(ibrav, centring, cell):
    """Its vectors, given by lengths and cosines, are lattice vectors, and as many primitive cells fill it."""
    b, c, bc, ac, ab = (
        cell.get(key, default) for key, default in zip(("b", "c", "bc", "ac", "ab"), (1, 1, 0, 0, 0), strict=True)
    )
    metric = np.array([[1, b * ab, c * ac], [b * ab, b * b, b * c * bc], [c * ac, b * c * bc, c * c]])
    primitive = bravais.lattice(ibrav, CELLDM)
    # a along x, b in the plane of x and y, as Quantum ESPRESSO has them.
    conventional = np.linalg.cholesky(metric)
    steps = conventional @ np.linalg.inv(primitive)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-12)
    assert np.linalg.det(steps) == pytest.approx(centring)
    assert np.linalg.det(primitive) > 0


@pytest.mark.parametrize("ibrav", [5, -5])
@pytest.mark.parametrize("cosine", [-0.3, 0.0, 0.6])
def test_trigonal(ibrav, cosine):
    lattice = bravais.lattice(ibrav, [10.0, 0.0, 0.0, cosine, 0.0, 0.0])
    np.testing.assert_allclose(lattice @ lattice.T, cosine + (1 - cosine) * np.eye(3), atol=1e-14)
    axis = lattice.sum(axis=0)
    expected = np.array([0, 0, 1]) if ibrav == 5 else np.ones(3) / np.sqrt(3)
    np.testing.assert_allclose(axis / np.linalg.norm(axis), expected, atol=1e-14)


def test_every_index_is_known():
    for ibrav in bravais.INDICES:
        assert abs(np.linalg.det(bravais.lattice(ibrav, CELLDM))) > 0.1


@pytest.mark.parametrize(
    ("ibrav", "celldm", "sentence"),
    [
        (4, [10, 0, 0, 0, 0, 0], "celldm.3. is not positive"),
        (8, [10, 0, 1, 0, 0, 0], "celldm.2. and celldm.3. are not both positive"),
        (12, [10, 1, 1, 1.5, 0, 0], "are not all cosines"),
        (5, [10, 0, 0, -0.6, 0, 0], "celldm.4. is below -1/2"),
        (14, [10, 1, 1, 0.9, 0.9, -0.9], "make no lattice"),
        (15, [10, 1, 1, 0, 0, 0], "there is no lattice 15"),
    ],
)
def test_what_is_no_lattice(ibrav, celldm, sentence):
    with pytest.raises(ValueError, match=sentence):
        bravais.lattice(ibrav, celldm)
