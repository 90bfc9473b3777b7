"""The coherences of the Wigner equation: the formula term by term, its limits, and what belongs to which part."""

from dataclasses import replace

import numpy as np
import pytest
from chain import (
    compute,
    face_centred,
    harmonic,
    hexagonal,
    prescribed_linewidths,
    prescribed_wigner,
    triclinic,
    wigner_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from less_symmetry import without_symmetry
from numpy.testing import assert_allclose, assert_array_equal

from peierls import wigner
from peierls.figures import wigner as figure_of_coherences
from peierls.figures.style import save
from peierls.occupation import heat_capacities, occupations
from peierls.phonons import compute_phonons
from peierls.report import kappa_table
from peierls.units import BOLTZMANN, HBAR, THZ, WATT_PER_METRE_KELVIN
from peierls.verdict import fault
from peierls.wigner import Modes, coherences, pair_weights

CRYSTALS = {
    "triclinic": (triclinic(2), [3, 4, 2]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}


def some_rates(frequency):
    """A linewidth Γ/2π in THz for a frequency in THz."""
    return 0.01 + 0.002 * frequency**2


@pytest.fixture(params=CRYSTALS)
def case(request):
    return CRYSTALS[request.param]


@pytest.fixture(scope="module")
def salt():
    """Rock salt with its own linewidths."""
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


def modes_of(crystal, sizes, rates=some_rates):
    mesh, phonons = harmonic(crystal, sizes)
    omega = phonons.frequencies[mesh.irreducible]
    gamma = 2 * THZ * np.where(omega > 0, rates(omega / THZ), 0.0)[None]
    sets = phonons.degenerate_sets[mesh.irreducible]
    return Modes(omega, gamma, phonons.velocity_operator, phonons.group_velocities, sets, mesh.weights)


def slope(omega, temperature):
    """∂n/∂T by differences."""
    step = 1e-4 * temperature
    return (occupations(omega, temperature + step) - occupations(omega, temperature - step)) / (2 * step)


def test_kappa_is_the_formula_summed_over_the_full_mesh_without_symmetry(case):
    """docs/wigner.md, pair by pair, and v v c τ with s = s': together κ_P + κ_C in RTA, as tensors."""
    crystal, sizes = case
    found = prescribed_wigner(crystal, sizes, 150.0)
    mesh = without_symmetry(harmonic(crystal, sizes)[0])
    phonons = compute_phonons(crystal, mesh, {"method": "none"})
    omega = phonons.frequencies
    gamma = 2 * THZ * np.where(omega > 0, some_rates(omega / THZ), 0.0)
    dn = slope(omega, 150.0)
    total = np.zeros((3, 3), dtype=complex)
    for q in range(mesh.n_points):
        v = phonons.velocity_operator[q]
        for s in range(omega.shape[1]):
            for t in range(omega.shape[1]):
                if omega[q, s] > 0 and omega[q, t] > 0:
                    width, detuning = gamma[q, s] + gamma[q, t], omega[q, s] - omega[q, t]
                    weight = (omega[q, s] + omega[q, t]) / 2 * (dn[q, s] + dn[q, t]) * width
                    weight /= 4 * detuning**2 + width**2
                    total += HBAR * weight * np.outer(v[:, s, t], v[:, t, s])
    total /= mesh.n_points * crystal.volume * WATT_PER_METRE_KELVIN
    assert np.abs(total.imag).max() < 1e-12 * np.abs(total).max()
    assert_allclose(found.kappa[0], total.real, atol=1e-6 * np.abs(total).max())
    assert_allclose(found.kappa, found.kappa_populations + found.kappa_coherences, rtol=1e-14)
    assert np.trace(found.kappa_coherences[0]) > 1e-3 * np.trace(found.kappa[0])


def test_a_pair_of_a_mode_with_itself_has_the_weight_of_a_population():
    """s = s' gives c τ, whatever the mode, and the weights are symmetric."""
    omega, rates = np.array([[2.0, 5.0, 5.1]]), np.array([[0.3, 0.01, 2.0]])
    capacities = heat_capacities(omega, 30.0)
    weights = pair_weights(omega, rates, capacities)
    assert_allclose(np.einsum("qss->qs", weights), capacities / rates, rtol=1e-14)
    assert_array_equal(weights, weights.swapaxes(1, 2))


def test_coherences_vanish_with_the_rates():
    """For modes that are all of different frequencies: as their first power; populations grow as its inverse."""
    crystal, sizes = CRYSTALS["triclinic"]
    mesh, phonons = harmonic(crystal, sizes)
    assert (np.diff(phonons.frequencies[1:], axis=1) > 0.01 * THZ).all()
    small, smaller = (
        prescribed_wigner(crystal, sizes, 300.0, linewidth=lambda f, width=width: np.full_like(f, width))
        for width in (1e-6, 1e-8)
    )
    assert_allclose(smaller.kappa_coherences, 1e-2 * small.kappa_coherences, rtol=1e-6)
    assert_allclose(smaller.kappa_populations, 1e2 * small.kappa_populations, rtol=1e-12)
    assert np.trace(smaller.kappa_coherences[0]) < 1e-9 * np.trace(smaller.kappa_populations[0])
    assert phonons.degenerate_sets[1:].tolist() == [list(range(6))] * (mesh.n_points - 1)


def test_the_degenerate_part_is_what_the_mean_velocity_leaves_out():
    """With rates that are small, all that is left of κ_C is (1/V) Σ c τ (Tr V V/d - v̄ v̄) over the modes."""
    crystal, sizes = CRYSTALS["rock salt"]
    mesh, phonons = harmonic(crystal, sizes)
    found = prescribed_wigner(crystal, sizes, 300.0, linewidth=lambda frequency: np.full_like(frequency, 1e-7))
    velocities = phonons.group_velocities
    rest = phonons.velocity_squares - np.einsum("qsa,qsb->qsab", velocities, velocities)
    capacities = heat_capacities(phonons.frequencies[mesh.irreducible], 300.0)
    trace = np.einsum("q,qs,qsaa->", mesh.weights, capacities, rest) / (2 * THZ * 1e-7)
    trace /= mesh.n_points * crystal.volume * WATT_PER_METRE_KELVIN
    assert np.trace(found.kappa_coherences[0]) == pytest.approx(trace, rel=1e-6)
    assert trace > 0.01 * np.trace(found.kappa_populations[0])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), unequal=st.booleans())
def test_no_basis_of_a_degenerate_set_is_better_than_another(seed, unequal):
    """Any unitary mixture of the members of each set leaves the heat of the set and the map of the coherences as they
    are, with rates that differ within a set, too."""
    random = np.random.default_rng(seed)
    factors = random.uniform(0.5, 2.0, (2, *_SALT.frequencies.shape)) if unequal else np.ones((2, 1, 1))
    modes = replace(_SALT, rates=_SALT.rates * factors)
    operator = modes.operator.copy()
    for q, sets in enumerate(modes.sets):
        mixture = np.zeros((len(sets), len(sets)), dtype=complex)
        for first in np.unique(sets):
            members = sets == first
            size = members.sum()
            block, _ = np.linalg.qr(random.normal(size=(size, size)) + 1j * random.normal(size=(size, size)))
            mixture[np.ix_(members, members)] = block
        operator[q] = mixture.conj().T @ operator[q] @ mixture
    assert np.abs(operator - modes.operator).max() > 0.1 * np.abs(operator).max()
    temperatures = np.array([20.0, 300.0])
    before, after = coherences(modes, temperatures), coherences(replace(modes, operator=operator), temperatures)
    of_sets = [
        [result.by_mode[:, q, modes.sets[q] == first].sum(axis=1) for q in range(len(modes.sets)) for first in range(6)]
        for result in (before, after)
    ]
    scale = np.abs(of_sets[0]).max()
    assert_allclose(of_sets[1], of_sets[0], atol=1e-9 * scale)
    assert_allclose(after.by_frequencies, before.by_frequencies, atol=1e-9 * before.by_frequencies.max())


_SALT = modes_of(face_centred((28.0, 12.0)), [4, 4, 4])


def test_without_scattering_everything_is_finite_and_what_is_left_out_is_counted():
    """A pair that nothing scatters carries nothing if its frequencies differ, the limit, and infinity if not."""
    still = coherences(replace(_SALT, rates=np.zeros_like(_SALT.rates)), np.array([300.0]))
    assert_array_equal(still.by_mode, 0.0)
    same = (_SALT.sets[:, :, None] == _SALT.sets[:, None, :]) & (_SALT.frequencies[:, :, None] > 0)
    sizes = same.sum(axis=2)
    assert still.n_left_out[0] == (same & (sizes > 1)[:, :, None]).sum() > 0
    one = _SALT.rates.copy()
    one[0, 5] = 0.0
    partly = coherences(replace(_SALT, rates=one), np.array([300.0]))
    assert np.isfinite(partly.by_mode).all()
    assert coherences(_SALT, np.array([300.0])).n_left_out.tolist() == [0]


def test_unscattered_pairs_and_overdamped_modes_fail_a_check():
    crystal, sizes = CRYSTALS["rock salt"]
    silent, ordinary, loud = (
        prescribed_wigner(crystal, sizes, 300.0, linewidth=lambda f, width=width: np.full_like(f, width))
        for width in (0.0, 0.01, 10.0)
    )
    assert {"unscattered pairs", "unscattered modes"} <= {check.name for check in silent.health if not check.passed}
    assert np.isfinite(silent.mode_coherences).all()
    passed = {check.name: check.passed for check in ordinary.health}
    assert passed["unscattered pairs"] and passed["well-defined phonons"] and passed["symmetry of kappa"]
    assert len(passed) == len(ordinary.health_names)
    (failed,) = [check for check in loud.health if check.name == "well-defined phonons"]
    assert not failed.passed
    assert "300 K" in failed.sentence


def test_the_map_holds_all_coherences(salt):
    """Its integral is their trace/3 at every temperature; it is symmetric and has nothing where there are no modes."""
    found = salt.wigner(30.0, 300.0)
    widths = np.diff(found.coherence_map_edges)
    integral = np.einsum("tij,i,j->t", found.coherence_map, widths, widths)
    assert_allclose(integral, np.einsum("taa->t", found.kappa_coherences) / 3, rtol=1e-12)
    assert_allclose(found.coherence_map, found.coherence_map.swapaxes(1, 2), atol=1e-14 * found.coherence_map.max())
    frequencies = salt.phonons.frequencies[salt.phonons.frequencies > 0] / THZ
    assert found.coherence_map_edges[-1] == pytest.approx(frequencies.max())
    empty = np.histogram(frequencies, found.coherence_map_edges)[0] == 0
    assert not found.coherence_map[:, empty].any()


def test_modes_add_up_and_both_modes_of_a_pair_have_their_share():
    crystal, sizes = CRYSTALS["triclinic"]
    found = prescribed_wigner(crystal, sizes, 5.0, 300.0)
    assert_allclose(found.mode_kappa.sum(axis=(1, 2)), found.kappa, rtol=1e-12)
    assert_allclose(found.mode_coherences.sum(axis=(1, 2)), found.kappa_coherences, rtol=1e-12)
    by_hand = np.zeros_like(found.mode_coherences[1])
    mesh, phonons = harmonic(crystal, sizes)
    omega = phonons.frequencies[mesh.irreducible]
    rates = 2 * THZ * np.where(omega > 0, some_rates(omega / THZ), 0.0)
    capacities = heat_capacities(omega, 300.0)
    weights = pair_weights(omega, rates, capacities)
    for q, s, t in np.ndindex(weights.shape):
        if s != t and capacities[q, s] > 0 and capacities[q, t] > 0:
            v = phonons.velocity_operator[q, :, s, t]
            share = 2 * capacities[q, s] / (capacities[q, s] + capacities[q, t])
            by_hand[q, s] += mesh.weights[q] * share * weights[q, s, t] * np.outer(v, v.conj()).real
    by_hand /= mesh.n_points * crystal.volume * WATT_PER_METRE_KELVIN
    assert_allclose(found.mode_coherences[1], by_hand, atol=1e-12 * by_hand.max())


def test_at_high_temperature_with_one_rate_the_coherences_of_two_modes_are_those_of_classical_heat():
    """c = k_B for both modes: κ_C V = k_B |V|² (ω+ω')²/(2ωω') 2γ/(4(ω-ω')² + 4γ²) · 2, both orders of the pair."""
    omega, velocity, rate = np.array([[3.0, 4.0]]), 2.5, 0.7
    operator = np.zeros((1, 3, 2, 2), dtype=complex)
    operator[0, 0] = [[0.0, 1j * velocity], [-1j * velocity, 0.0]]
    modes = Modes(omega, np.full((1, 1, 2), rate), operator, np.zeros((1, 2, 3)), np.array([[0, 1]]), np.array([1]))
    found = coherences(modes, np.array([1e6])).by_mode.sum(axis=(1, 2))[0]
    expected = np.zeros((3, 3))
    expected[0, 0] = BOLTZMANN * velocity**2 * 7.0**2 / (2 * 12.0) * 2 * rate / (4 + 4 * rate**2) * 2
    assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_coherences_of_a_sheet_are_divided_by_its_thickness_too():
    sheet = compute(hexagonal(), [5, 5, 1])
    thin, thick = (
        wigner_of(sheet.problem(300.0, geometry={"thickness": metres, "cross_section": None}))
        for metres in (2e-10, 8e-10)
    )
    assert thick.thickness == 8e-10
    for part in ("kappa_populations", "kappa_coherences", "kappa"):
        assert_allclose(getattr(thin, part), 4 * getattr(thick, part), rtol=1e-12)


def test_populations_that_did_not_converge_leave_no_result(salt):
    problem = salt.problem(100.0, 300.0)
    sound = salt.rta(100.0, 300.0)
    kappa = sound.kappa.copy()
    kappa[1] = np.nan
    failed = replace(sound, solver="direct", kappa=kappa, mode_kappa=sound.mode_kappa * [[[[[1.0]]]], [[[[np.nan]]]]])
    failed = replace(failed, converged=np.array([1, 0]))
    parts = problem.crystal, problem.mesh, problem.phonons, problem.linewidths
    found = wigner.solve(*parts, failed, problem.settings["geometry"])
    assert found.populations == "direct"
    table = kappa_table([found])
    assert table.solver.unique().tolist() == ["wigner_populations", "wigner_coherences", "wigner"]
    assert table[table.temperature_K == 300].kxx.isna().all()
    cold = table[table.temperature_K == 100].kxx.to_numpy()
    assert cold[2] == pytest.approx(cold[0] + cold[1], rel=1e-14)
    assert np.isfinite(found.kappa_coherences).all()
    assert fault("salt", {"wigner": found}, strict=False) == "run salt: solver wigner has no result at 300 K"


def test_populations_of_other_temperatures_are_refused(salt):
    problem = salt.problem(100.0)
    parts = problem.crystal, problem.mesh, problem.phonons, problem.linewidths
    with pytest.raises(ValueError, match="temperatures"):
        wigner.solve(*parts, salt.rta(200.0), problem.settings["geometry"])


def test_the_map_is_drawn_with_its_units_and_reproducibly(salt, tmp_path):
    found = salt.wigner(100.0, 310.0)
    contents = []
    for attempt in range(2):
        figure = figure_of_coherences.draw(found)
        labels = [axes.get_ylabel() for axes in figure.axes]
        assert labels == ["frequency ω′/2π (THz)", "density of coherences (W/m/K/THz²)"]
        assert "310 K" in figure.axes[0].get_title()
        path = tmp_path / f"{attempt}.svg"
        save(figure, [path])
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_linewidths_that_are_prescribed_are_what_the_name_says():
    mesh, phonons = harmonic(*CRYSTALS["hexagonal"])
    linewidths = prescribed_linewidths(mesh, phonons, [10.0, 20.0], some_rates)
    assert linewidths.linewidth.shape == (2, mesh.n_irreducible, 3)
    assert not linewidths.linewidth[:, mesh.irreducible == 0].any()
