"""Silicon's coherences against phono3py 4.8.2 (smm19), 11³, isotopes: every part of the difference has a name.

phono3py's κ_inter is 13.635, 2.631, 0.743, 0.526 and 0.431 W/m/K at 50, 100, 200, 300, 600 K; κ_C here, from the same
linewidths, is 27.270, 5.243, 1.379, 0.869 and 0.578. The mean velocity of a degenerate set, which both programs give
to the populations, leaves out what the velocities of its members differ by. That is part of the coherences; of it
phono3py keeps the pairs s ≠ s' of one basis, in silicon half, and drops the squares s = s'. Where no modes are
degenerate the two agree but for the velocity operator, ω+ω' or 2 sqrt(ωω'), which is worth 0.001 W/m/K at 300 K and
0.002 at 600 K.
"""

import numpy as np
import phono3py_results as phono3py
import pytest
from chain import harmonic
from numpy.testing import assert_allclose

from peierls import wigner
from peierls.units import THZ, WATT_PER_METRE_KELVIN

pytestmark = pytest.mark.reference

TEMPERATURES = np.array(phono3py.TEMPERATURES)


@pytest.fixture(scope="module")
def case(silicon, reference):
    """Mesh and phonons, and phono3py's results."""
    mesh, phonons = harmonic(silicon, [11, 11, 11])
    return mesh, phonons, phono3py.read(reference / "si-pbesol/ref-wigner-11-iso/kappa-m111111.hdf5", mesh)


def test_its_definition_gives_its_numbers(silicon, case):
    """Within 2e-4 at every temperature, with its linewidths."""
    mesh, phonons, data = case
    linewidths = data["gamma"] + data["gamma_isotope"]
    found = phono3py.inter_band(silicon, mesh, phonons, linewidths, TEMPERATURES)
    assert_allclose(found, data["kappa_inter"][:, 0], rtol=2e-4)
    assert_allclose(found, [13.635, 2.631, 0.743, 0.526, 0.431], rtol=1e-3)


def test_what_its_definition_leaves_out(silicon, case):
    """κ_C is larger by the squares s = s' within degenerate sets: half of the degenerate part."""
    mesh, phonons, data = case
    sets = phonons.degenerate_sets[mesh.irreducible]
    omega = phonons.frequencies[mesh.irreducible]
    rates = 2 * THZ * (data["gamma"] + data["gamma_isotope"])
    velocities = phonons.group_velocities
    scale = 3 * mesh.n_points * silicon.volume * WATT_PER_METRE_KELVIN

    def kappa(operator, mean):
        modes = wigner.Modes(omega, rates, operator, mean, sets, mesh.weights)
        return np.einsum("q,tqsaa->t", mesh.weights, wigner.coherences(modes, TEMPERATURES).by_mode) / scale

    whole = kappa(phonons.velocity_operator, velocities)
    assert_allclose(whole, [27.270, 5.2425, 1.3794, 0.86915, 0.57774], rtol=1e-4)
    same = (sets[:, :, None] == sets[:, None, :])[:, None]
    between = np.where(same, 0.0, phonons.velocity_operator)
    apart, theirs = (
        kappa(between * factor, np.zeros_like(velocities)) for factor in (1, phono3py.sum_over_roots(omega))
    )
    assert_allclose(data["kappa_inter"][:, 0], theirs + (whole - apart) / 2, rtol=2e-4)
    assert_allclose(theirs[3:] - apart[3:], [0.0010, 0.0020], atol=1e-4)
