"""In equilibrium each process is as frequent as its reverse."""

import numpy as np
import pytest
from chain import compute, triclinic

from peierls.occupation import occupations
from peierls.on_shell import ABSORBS_SECOND, ABSORBS_THIRD, DECAY, unpack_bands
from peierls.units import BOLTZMANN, HBAR, THZ

SIGMA = 0.05


@pytest.fixture(scope="module")
def chain():
    """A crystal without symmetry, so that every wave vector but for its sign has its own triplets."""
    return compute(triclinic(1), [5, 5, 5], method="gaussian", sigma=SIGMA)


def events(chain):
    """Strength of every process as its modes see it: {(λ, (λ', λ'')): strengths}, λ the mode of the highest energy."""
    mesh, elements = chain.mesh, chain.elements
    opposite = mesh.index(-mesh.coordinates)
    seen: dict[tuple, list[float]] = {}
    for position, point in enumerate(elements.points):
        triplets, _ = elements.of_point(position)
        for t in range(triplets.start, triplets.stop):
            legs = [int(mesh.irreducible[point]), int(elements.second_points[t]), int(elements.third_points[t])]
            for entry in range(elements.entry_starts[t], elements.entry_starts[t + 1]):
                modes = list(zip(legs, unpack_bands(int(elements.bands[entry])), strict=True))
                top = modes.pop({DECAY: 0, ABSORBS_SECOND: 2, ABSORBS_THIRD: 1}[int(elements.processes[entry])])
                reverse = [(int(opposite[q]), s) for q, s in (top, *modes)]
                # A process and the one with all wave vectors reversed are equivalent: one of them stands for both.
                key = min((top, tuple(sorted(modes))), (reverse[0], tuple(sorted(reverse[1:]))))
                seen.setdefault(key, []).append(float(elements.strengths[entry]))
    return seen


def test_a_process_has_the_same_strength_seen_from_each_of_its_modes(chain):
    """|Φ|² δ(ω - ω' - ω'') enters the rates of all three with the same value."""
    groups = list(events(chain).values())
    assert sum(len(group) >= 3 for group in groups) > 50
    scale = max(max(group) for group in groups)
    for group in groups:
        assert max(group) - min(group) < 1e-9 * max(group) + 1e-13 * scale


@pytest.mark.parametrize("temperature", [50.0, 300.0])
def test_forward_and_backward_rates_agree_on_shell(chain, temperature):
    """n (n'+1) (n''+1) = (n+1) n' n'' up to exp(ħ Δω / k_B T), Δω what the delta function lets pass: four widths."""
    occupied = occupations(chain.phonons.frequencies, temperature)
    rates = []
    for (top, (second, third)), group in events(chain).items():
        n, n2, n3 = occupied[top], occupied[second], occupied[third]
        rates.append(np.mean(group) * np.array([n * (n2 + 1) * (n3 + 1), (n + 1) * n2 * n3]))
    forward, backward = np.array(rates).T
    bound = 4 * SIGMA * THZ * HBAR / (BOLTZMANN * temperature)
    assert np.abs(np.log(forward / backward)).max() < bound
    assert abs(np.log(forward.sum() / backward.sum())) < bound / 4
