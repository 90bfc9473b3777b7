"""The conductivity has the symmetry of the crystal without being symmetrised."""

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, long_range, polar_hexagonal, polar_rock_salt, supercell_of
from numpy.testing import assert_allclose

METHODS = {
    "tetrahedron": {},
    "gaussian": {"method": "gaussian", "sigma": 0.3},
    "invariant": {"method": "adaptive", "kind": "invariant"},
    "tdep": {"method": "adaptive", "kind": "tdep"},
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["silicon", "rock salt"])
@pytest.mark.parametrize("n", [4, 5])
def test_a_cubic_crystal_conducts_alike_in_all_directions(request, name, n, method):
    """The three diagonal elements are equal and the others vanish, to 1e-8, on even and odd meshes."""
    crystal = request.getfixturevalue("silicon") if name == "silicon" else face_centred((28.0, 12.0))
    chain = compute(crystal, [n, n, n], **METHODS[method])
    for kappa in chain.rta(100.0, 300.0, isotopes="natural", boundary_length=1e-6).kappa:
        assert_allclose(kappa, kappa[0, 0] * np.eye(3), atol=1e-8 * kappa[0, 0])
        assert kappa[0, 0] > 0


@pytest.mark.parametrize("method", METHODS)
def test_a_hexagonal_crystal_has_an_axis(method):
    kappa = compute(hexagonal(), [5, 5, 4], **METHODS[method]).rta(300.0).kappa[0]
    xx, zz = kappa[0, 0], kappa[2, 2]
    assert_allclose(kappa, np.diag([xx, xx, zz]), atol=1e-8 * xx)
    assert abs(xx - zz) > 0.01 * xx


@pytest.mark.parametrize("method", ["gonze-lee", "wang"])
def test_the_long_range_part_of_a_polar_crystal_has_its_symmetry(method):
    """Also where it is interpolated from a supercell, and with a wave vector on the boundary of the zone."""
    crystal = supercell_of(polar_rock_salt(), 3 * np.eye(3, dtype=int))
    for n in (4, 5):
        kappa = compute(crystal, [n, n, n], long_range(method=method)).rta(300.0).kappa[0]
        assert_allclose(kappa, kappa[0, 0] * np.eye(3), atol=1e-8 * kappa[0, 0])
    crystal = supercell_of(polar_hexagonal(), np.diag([3, 3, 2]))
    kappa = compute(crystal, [5, 5, 4], long_range(method=method)).rta(300.0).kappa[0]
    assert_allclose(kappa, np.diag([kappa[0, 0], kappa[0, 0], kappa[2, 2]]), atol=1e-8 * kappa[0, 0])
