"""What must come out at very high and very low temperatures."""

import numpy as np
import pytest
from chain import compute, face_centred, triclinic
from numpy.testing import assert_allclose

from peierls.occupation import heat_capacities
from peierls.on_shell import DECAY, unpack_bands
from peierls.units import BOLTZMANN, HBAR, JOULE


@pytest.fixture(scope="module", params=["triclinic", "rock salt"])
def chain(request):
    return compute(triclinic(2) if request.param == "triclinic" else face_centred((28.0, 12.0)), [4, 4, 4])


def test_hot_linewidths_are_proportional_to_temperature(chain):
    """n → k_B T/ħω: Γ ∝ T, the next term being smaller by (ħω/k_B T)²/12."""
    temperatures = 1e6, 2e6
    cold, hot = chain.linewidths(*temperatures).linewidth
    x = HBAR * chain.phonons.frequencies.max() / (BOLTZMANN * temperatures[0])
    scattered = cold > 0
    assert_allclose(hot[scattered], 2 * cold[scattered], rtol=x**2)
    assert x**2 < 1e-5


def test_hot_conductivity_is_inversely_proportional_to_temperature(chain):
    one, two = chain.rta(1e6, 2e6).kappa
    assert_allclose(two, one / 2, rtol=1e-5, atol=1e-6 * one.max())


def test_cold_linewidths_are_those_of_spontaneous_decay(chain):
    """At 3 K nothing is occupied: what is left are the decays, with n' + n'' + 1 = 1."""
    elements, n = chain.elements, chain.phonons.n_bands
    decays = np.where(elements.processes == DECAY, elements.strengths, 0)
    sums = np.zeros((chain.mesh.n_irreducible, n))
    for position, point in enumerate(elements.points):
        triplets, _ = elements.of_point(position)
        for t in range(triplets.start, triplets.stop):
            entries = slice(elements.entry_starts[t], elements.entry_starts[t + 1])
            first_bands = unpack_bands(elements.bands[entries])[0]
            np.add.at(sums[point], first_bands, elements.triplet_weights[t] * decays[entries])
    expected = HBAR * np.pi / (16 * chain.mesh.n_points) * sums / (2 * np.pi)
    found = chain.linewidths(2.0).linewidth[0]
    assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())
    assert (expected == 0).any()  # the lowest modes have nothing to decay into


def test_every_mode_has_the_heat_capacity_of_boltzmann_when_hot(chain):
    """Dulong and Petit: 3 k_B per atom, 24.94 J/mol/K, short by (ħω/k_B T)²/12 and by the modes excluded at Γ."""
    frequencies = chain.phonons.frequencies
    capacity = heat_capacities(frequencies, 1e6).sum() / ((frequencies > 0).sum() / 3)
    assert capacity / JOULE * 6.02214076e23 == pytest.approx(24.9434, rel=1e-5)


def test_heat_capacity_vanishes_at_absolute_zero_and_never_falls_when_heated(chain):
    frequencies = chain.phonons.frequencies
    capacities = [heat_capacities(frequencies, temperature).sum() for temperature in np.geomspace(1, 3000, 40)]
    assert capacities[0] < 1e-10 * capacities[-1]
    assert (np.diff(capacities) > 0).all()
