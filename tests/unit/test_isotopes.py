"""Scattering by mass disorder, against Tamura's formula written out."""

from functools import cache

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, integration, triclinic
from naive import mean_over_sets
from numpy.testing import assert_allclose, assert_array_equal

from peierls.adaptive_widths import adaptive_width
from peierls.delta_functions import corner_weight, tetrahedra_around_a_point
from peierls.occupation import sqrt_n_n_plus_1
from peierls.units import THZ

CASES = {"triclinic": (triclinic(2), [2, 3, 2]), "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4])}
WEIGHTS = ("mode", "event")
DISORDER = np.array([2e-3, 5e-4])


@pytest.fixture(params=CASES)
def chain(request):
    return compute(*CASES[request.param])


def naive_linewidths(chain, disorder, delta):
    """Γ/2π = ½ (π/2N) Σ ω ω' Σ_i g_i |ε_i*·ε'_i|² δ(ω - ω') / 2π, overlaps averaged over degenerate sets."""
    mesh, phonons = chain.mesh, chain.phonons
    n = phonons.n_bands
    result = np.zeros((mesh.n_irreducible, n))
    for number, q1 in enumerate(mesh.irreducible):
        for q2 in range(mesh.n_points):
            overlaps = np.zeros((n, n))
            for atom, g in enumerate(disorder):
                part = slice(3 * atom, 3 * atom + 3)
                products = phonons.eigenvectors[q1, part].conj().T @ phonons.eigenvectors[q2, part]
                overlaps += g * np.abs(products) ** 2
            overlaps = mean_over_sets(overlaps, phonons.degenerate_sets[q1], phonons.degenerate_sets[q2])
            for s1, s2 in np.ndindex(n, n):
                w1, w2 = phonons.frequencies[q1, s1], phonons.frequencies[q2, s2]
                if w1 > 0 and w2 > 0:
                    result[number, s1] += w1 * w2 * overlaps[s1, s2] * delta(q1, s1, q2, s2)
    return np.pi / (4 * mesh.n_points) * result / THZ


def normal_distribution(x, variance):
    return np.exp(-0.5 * x**2 / variance) / np.sqrt(2 * np.pi * variance) if x**2 < 16 * variance else 0.0


def delta_function(chain, method):
    """δ(ω - ω') between two modes, as each method has it, from (q, s, q', s')."""
    mesh, phonons = chain.mesh, chain.phonons
    omega = phonons.frequencies
    if method == "gaussian":
        return lambda q1, s1, q2, s2: normal_distribution(omega[q1, s1] - omega[q2, s2], (0.5 * THZ) ** 2)
    if method == "adaptive":
        model = adaptive_width(mesh, phonons, integration())

        def adaptive(q1, s1, q2, s2):
            variance = max(model.least, (model.own[q1, s1] + model.own[q2, s2]) / 2)
            return normal_distribution(omega[q1, s1] - omega[q2, s2], variance)

        return adaptive
    tetrahedra = tetrahedra_around_a_point(mesh.reciprocal / mesh.sizes[:, None])

    def tetrahedron(q1, s1, q2, s2):
        corners = omega[mesh.index(mesh.coordinates[q2] + tetrahedra), s2]
        return sum(corner_weight(omega[q1, s1], omega[q2, s2], *row) for row in corners) / 6

    return tetrahedron


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
@pytest.mark.parametrize("name", CASES)
def test_tamura_term_by_term(name, method):
    chain = compute(*CASES[name], method=method, sigma=0.5)
    found = chain.linewidths(300.0, isotopes=DISORDER).linewidth_isotope[0]
    expected = naive_linewidths(chain, DISORDER, delta_function(chain, method))
    assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())
    assert (found > 0).sum() > found.size / 2


def test_tetrahedra_that_break_the_symmetry_are_averaged_over_the_star():
    """The delta function between two modes is that of the second at the frequency of the first, the mean over the
    second's star; with `event` what a mode loses is the mean of that and its reverse, with s'/s."""
    chains = {weights: compute(hexagonal(), [4, 4, 3], method="tetrahedron", weights=weights) for weights in WEIGHTS}
    mesh, phonons = chains["mode"].mesh, chains["mode"].phonons
    delta = delta_function(chains["mode"], "tetrahedron")
    of_star = mesh.grid_to_irreducible
    stars = [np.flatnonzero(of_star == row) for row in range(mesh.n_irreducible)]
    s = sqrt_n_n_plus_1(phonons.frequencies, 300.0)

    @cache
    def mean(row1, s1, row2, s2):
        return np.mean([delta(mesh.irreducible[row1], s1, q, s2) for q in stars[row2]])

    def as_mode(q1, s1, q2, s2):
        return mean(of_star[q1], s1, of_star[q2], s2)

    def as_event(q1, s1, q2, s2):
        both = as_mode(q1, s1, q2, s2) + as_mode(q2, s2, q1, s1)
        return 0.5 * both * s[q2, s2] / s[q1, s1]

    differences = []
    for weights, expected in (("mode", as_mode), ("event", as_event)):
        found = chains[weights].linewidths(300.0, isotopes=DISORDER[:1]).linewidth_isotope[0]
        naive = naive_linewidths(chains[weights], DISORDER[:1], expected)
        assert_allclose(found, naive, rtol=1e-9, atol=1e-12 * naive.max())
        differences.append(found)
    alone = naive_linewidths(chains["mode"], DISORDER[:1], delta)
    assert np.abs(differences[0] - alone).max() > 1e-2 * alone.max()


def test_pure_isotopes_do_not_scatter(chain):
    assert not chain.linewidths(300.0, isotopes=np.zeros(2)).linewidth_isotope.any()
    assert not chain.linewidths(300.0, isotopes="none").linewidth_isotope.any()


def test_rates_are_proportional_to_the_disorder(chain):
    one, three, first, second = (
        chain.linewidths(300.0, isotopes=np.array(g)).linewidth_isotope
        for g in ([1e-3, 1e-3], [3e-3, 3e-3], [1e-3, 0.0], [0.0, 1e-3])
    )
    assert_allclose(three, 3 * one, rtol=1e-12)
    assert_allclose(first + second, one, rtol=1e-10, atol=1e-14 * one.max())


def test_natural_disorder_is_that_of_the_crystal(chain):
    natural = chain.linewidths(300.0, isotopes="natural").linewidth_isotope
    assert_array_equal(natural, chain.linewidths(300.0, isotopes=chain.crystal.mass_variances).linewidth_isotope)


def test_isotope_rates_do_not_depend_on_temperature(chain):
    cold, hot = chain.linewidths(50.0, 900.0, isotopes=DISORDER).linewidth_isotope
    assert_array_equal(cold, hot)
