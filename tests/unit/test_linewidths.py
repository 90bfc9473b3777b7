"""Linewidths: the sums over processes written out, and how the mechanisms add."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, triclinic
from numpy.testing import assert_allclose, assert_array_equal

from peierls.matrix_elements import compute_matrix_elements
from peierls.occupation import occupations, sqrt_n_n_plus_1
from peierls.on_shell import ABSORBS_SECOND, DECAY, unpack_bands
from peierls.units import HBAR, METRE, THZ

TEMPERATURES = (40.0, 300.0, 900.0)


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


def naive_linewidths(chain, temperature, products):
    """Γ/2π = (ħπ/16N) Σ |Φ|² {...} / 2π over the stored processes, normal and Umklapp, shape (2, ir_q, band)."""
    mesh, elements, n = chain.mesh, chain.elements, chain.phonons.n_bands
    occupied = occupations(chain.phonons.frequencies, temperature)
    result = np.zeros((2, mesh.n_irreducible, n))
    for position, point in enumerate(elements.points):
        triplets, _ = elements.of_point(position)
        for t in range(triplets.start, triplets.stop):
            for entry in range(elements.entry_starts[t], elements.entry_starts[t + 1]):
                s1, s2, s3 = unpack_bands(int(elements.bands[entry]))
                n1 = occupied[mesh.irreducible[point], s1]
                n2, n3 = occupied[elements.second_points[t], s2], occupied[elements.third_points[t], s3]
                if elements.processes[entry] == DECAY:
                    factor = (n2 + 1) * (n3 + 1) / (n1 + 1) if products else n2 + n3 + 1
                elif elements.processes[entry] == ABSORBS_SECOND:
                    factor = n2 * (n3 + 1) / (n1 + 1) if products else n2 - n3
                else:
                    factor = n3 * (n2 + 1) / (n1 + 1) if products else n3 - n2
                rate = elements.triplet_weights[t] * elements.strengths[entry] * factor
                share = elements.normal_fraction[t]
                result[:, point, s1] += rate * share, rate * (1 - share)
    return HBAR * np.pi / (16 * mesh.n_points) * result / THZ


@pytest.mark.parametrize("occupation", ["standard", "tdep"])
def test_sum_over_processes_term_by_term(occupation):
    chain = compute(face_centred((28.0, 12.0)), [4, 4, 4], occupation=occupation)
    found = chain.linewidths(*TEMPERATURES)
    for position, temperature in enumerate(TEMPERATURES):
        expected = naive_linewidths(chain, temperature, products=occupation == "tdep")
        parts = [found.linewidth_normal[position], found.linewidth_umklapp[position]]
        assert_allclose(parts, expected, rtol=1e-10, atol=1e-14 * expected.max())
        assert (expected.sum(axis=(1, 2)) > 0).all()


def test_the_two_forms_of_the_occupation_factors_agree_where_energy_is_conserved():
    """They differ only off shell: a narrow Gaussian makes them close, a wide one does not."""
    differences = []
    for sigma in (0.02, 0.5):
        standard, products = (
            compute(triclinic(1), [5, 5, 5], method="gaussian", sigma=sigma, occupation=form).linewidths(300.0)
            for form in ("standard", "tdep")
        )
        scale = standard.linewidth.max()
        differences.append(np.abs(products.linewidth - standard.linewidth).max() / scale)
    assert differences[0] < 2e-3
    assert differences[1] > 10 * differences[0]


def test_temperatures_in_one_pass_are_those_one_by_one(chain):
    together = chain.linewidths(*TEMPERATURES, isotopes="natural")
    for position, temperature in enumerate(TEMPERATURES):
        alone = chain.linewidths(temperature, isotopes="natural")
        assert_allclose(together.linewidth[position], alone.linewidth[0], rtol=1e-14)


def test_total_is_the_sum_of_its_four_parts(chain):
    found = chain.linewidths(*TEMPERATURES, isotopes="natural", boundary_length=1e-6)
    parts = found.linewidth_normal + found.linewidth_umklapp + found.linewidth_isotope + found.linewidth_boundary
    assert_allclose(found.linewidth, parts, rtol=1e-15)
    for part in (found.linewidth_normal, found.linewidth_umklapp, found.linewidth_isotope, found.linewidth_boundary):
        assert part.max() > 0


def test_boundary_scatters_at_v_over_l(chain):
    """1/τ = |v|/L, so Γ/2π = |v|/(4π L), |v| the root mean square over the degenerate set."""
    speeds = np.sqrt(np.einsum("qsaa->qs", chain.phonons.velocity_squares))
    found = chain.linewidths(300.0, boundary_length=2e-7).linewidth_boundary
    assert_allclose(found, speeds / (4 * np.pi * 2e-7 * METRE), rtol=1e-12)


def test_largest_mean_free_path_is_a_boundary_too_and_both_add(chain):
    boundary, longest, both = (
        chain.linewidths(300.0, **lengths).linewidth_boundary
        for lengths in ({"boundary_length": 1e-6}, {"max_mfp": 3e-7}, {"boundary_length": 1e-6, "max_mfp": 3e-7})
    )
    assert_allclose(both, boundary + longest, rtol=1e-12)
    assert_allclose(longest, boundary / 0.3, rtol=1e-12)


@pytest.mark.parametrize("crystal", [face_centred(), hexagonal(), triclinic(2)], ids=["fcc", "hexagonal", "triclinic"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_boundary_gives_a_number_for_every_mode(crystal):
    """Also where the velocity vanishes by symmetry, and its square is zero but for rounding."""
    found = compute(crystal, [4, 4, 4]).linewidths(300.0, boundary_length=1e-6)
    assert np.isfinite(found.linewidth).all()
    assert (found.linewidth_boundary >= 0).all()


def test_order_and_division_of_the_shards_do_not_matter(chain):
    expected = chain.linewidths(*TEMPERATURES).linewidth
    order = np.random.default_rng(0).permutation(chain.mesh.n_irreducible)
    shards = [
        compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, chain.integration, points)
        for points in np.array_split(order, 3)
    ]
    assert_allclose(chain.linewidths_of(shards, *TEMPERATURES).linewidth, expected, rtol=1e-12)


def test_a_missing_point_and_one_given_twice_are_errors(chain):
    first, second = (
        compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, chain.integration, points)
        for points in np.array_split(np.arange(chain.mesh.n_irreducible), 2)
    )
    for shards in ([first], [first, second, second], []):
        with pytest.raises(ValueError, match="irreducible point"):
            chain.linewidths_of(shards, 300.0)


def test_modes_without_any_scattering_are_counted(chain):
    silent = replace(chain.elements, strengths=np.zeros_like(chain.elements.strengths))
    found = chain.linewidths_of([silent], *TEMPERATURES)
    assert_array_equal(found.n_unscattered, [(found.frequency > 0).sum()] * 3)
    other = chain.linewidths(*TEMPERATURES)
    assert_array_equal(other.n_unscattered, ((other.linewidth == 0) & (other.frequency > 0)).sum(axis=(1, 2)))


def test_what_is_written_for_a_person(chain):
    """ω/2π in THz, wave vectors in fractions, star weights that add up to the grid."""
    found = chain.linewidths(300.0)
    irreducible = chain.mesh.irreducible
    assert_allclose(found.frequency, chain.phonons.frequencies[irreducible] / (2 * np.pi))
    assert_array_equal(found.qpoint, chain.mesh.fractional[irreducible])
    assert found.weight.sum() == chain.mesh.n_points
    assert_array_equal(found.temperature, [300.0])


def test_each_process_has_one_mode_that_decays_and_two_that_join(silicon):
    """With `event` all three lose the same: Σ Γ n(n+1) of those that join is twice that of those that decay."""
    calculation = compute(silicon, [3, 3, 3], weights="event")
    found = calculation.linewidths(300.0)
    squares = sqrt_n_n_plus_1(found.frequency * THZ, 300.0) ** 2 * found.weight[:, None]
    joins = found.linewidth_normal + found.linewidth_umklapp - found.linewidth_decay
    assert (squares * joins[0]).sum() == pytest.approx(2 * (squares * found.linewidth_decay[0]).sum(), rel=1e-12)


@pytest.mark.parametrize("weights", ["mode", "event"])
def test_only_decays_are_left_in_the_cold_and_low_modes_have_none(silicon, weights):
    """A mode joins others only if they are there; it decays into two that are each lower than it."""
    found = compute(silicon, [4, 4, 4], weights=weights, method="gaussian", sigma=0.1).linewidths(15.0)
    three_phonon = (found.linewidth_normal + found.linewidth_umklapp)[0]
    decays = found.linewidth_decay[0]
    optical = found.frequency > 11
    assert_allclose(decays[optical], three_phonon[optical], rtol=1e-2)
    lowest = found.frequency[found.frequency > 0].min()
    assert (decays[found.frequency < 2 * lowest - 1] == 0).all()
