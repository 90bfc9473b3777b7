"""Into how many jobs the work is divided changes no digit of the result."""

import numpy as np
from chain import compute
from numpy.testing import assert_allclose

from peierls.matrix_elements import Recomputed, compute_matrix_elements


def test_kappa_of_any_division_is_the_same_to_1e_12(silicon):
    chain = compute(silicon, [5, 5, 5])
    expected = chain.linewidths(100.0, 300.0, isotopes="natural").linewidth
    points = np.arange(chain.mesh.n_irreducible)
    arguments = chain.crystal, chain.mesh, chain.phonons, chain.integration
    for n in (2, 3, 7, 10):
        shards = [compute_matrix_elements(*arguments, points[start::n]) for start in range(n)]
        found = chain.linewidths_of(shards, 100.0, 300.0, isotopes="natural").linewidth
        assert_allclose(found, expected, rtol=1e-12)
    recomputed = chain.linewidths_of(Recomputed(*arguments), 100.0, 300.0, isotopes="natural").linewidth
    assert_allclose(recomputed, expected, rtol=1e-12)
