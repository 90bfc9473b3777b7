"""Squared matrix elements of silicon, on and off the energy shell, against phono3py 4.8.2."""

import h5py
import numpy as np
import phono3py_results as phono3py
import pytest
from chain import harmonic
from naive import mean_over_sets
from numpy.testing import assert_allclose

from peierls import force_constants
from peierls.third_order import fold_third_order
from peierls.units import EV, HBAR

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module", params=[3, 5])
def case(request, reference):
    """Phonons, folded force constants and phono3py's dump for a mesh of n³ points."""
    crystal = force_constants.read({"format": "phono3py", "path": reference / "si-pbesol"})
    n = request.param
    mesh, phonons = harmonic(crystal, [n, n, n])
    with h5py.File(reference / "si-pbesol" / f"stages-Si-{n}{n}{n}.hdf5") as file:
        points = [{name: point[name][()] for name in point} for point in file["pp"].values()]
    return mesh, phonons, fold_third_order(crystal, mesh.sizes, "average"), points


def squared_elements(phonons, mesh, folded, legs):
    """|Φ|² in eV² with the factor ħ³/(36·8·N), as phono3py defines it, shape (s, s', s'')."""
    q1, q2, q3 = legs
    first = folded.at(mesh.fractional[q1], phonons.eigenvectors[q1])
    cartesian = folded.transform(first, mesh.coordinates[[q2]]).reshape((phonons.n_bands,) * 3)
    elements = np.einsum("ajk,jb,kc->abc", cartesian, phonons.eigenvectors[q2], phonons.eigenvectors[q3])
    w1, w2, w3 = (phonons.frequencies[leg] for leg in legs)
    omegas = w1[:, None, None] * w2[None, :, None] * w3[None, None, :]
    squares = np.divide(np.abs(elements) ** 2, omegas, out=np.zeros(omegas.shape), where=omegas > 0)
    return squares * HBAR**3 / (36 * 8 * mesh.n_points) / EV**2


def test_squared_elements_of_every_triplet(case):
    """Summed over degenerate sets: within 1e-6 as they are, within 1e-8 once the constants of nature are phono3py's."""
    mesh, phonons, folded, points = case
    deviations = []
    for point in points:
        for addresses, expected in zip(point["triplet_addresses"], point["interaction_strength_eV2"], strict=True):
            legs = [int(leg) for leg in mesh.index(addresses)]
            sets = [phonons.degenerate_sets[leg] for leg in legs]
            found = mean_over_sets(squared_elements(phonons, mesh, folded, legs), *sets)
            expected = mean_over_sets(expected, *sets)
            # What symmetry forbids is rounding in both.
            allowed = expected > 1e-12 * expected.max()
            assert (found[~allowed] < 1e-11 * expected.max()).all()
            deviations.append(found[allowed] / expected[allowed])
    ratios = np.concatenate(deviations)
    assert len(ratios) > 2000
    assert_allclose(ratios, 1, atol=1e-6)
    assert_allclose(ratios * phono3py.STRENGTHS, 1, atol=1e-8)
