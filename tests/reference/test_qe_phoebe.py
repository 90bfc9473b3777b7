"""Quantum ESPRESSO's files of silicon against Phoebe, which reads the same: 5³, Gaussian of 10 cm⁻¹, simple sum rule.

FORCE_CONSTANTS_3RD lists each constant for one image of its atoms only, so with the first atom at home, as Phoebe and
the file have it, the crystal has lost its symmetry a little: Phoebe's rates differ by up to 28 % over a star and its κ
by 2 % between directions.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import chain
import numpy as np
import pytest
from full_mesh import squared_elements
from less_symmetry import with_time_reversal_only, without_symmetry

from peierls import force_constants, units
from peierls.collision_operator import scalars
from peierls.crystal import Crystal, Floats
from peierls.dense_collision_operator import dense_sector
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.occupation import heat_capacities, occupations
from peierls.phonons import compute_phonons
from peierls.solvers import direct, relaxons
from peierls.solvers.heat_conduction import HeatConduction
from peierls.wigner import Modes, coherences

pytestmark = pytest.mark.reference

SIZE = 5
WAVENUMBER = 2 * np.pi * 0.0299792458
"""1 cm⁻¹ in rad/ps."""
WIDTH = 10 * WAVENUMBER
"""Phoebe's width, that of exp(-(x/width)²): √2 standard deviations."""
MEV = 1e-3 * units.EV
PHOEBE_VARIANCE = 2.01642702e-4
"""Phoebe's g of silicon; periodictable's is 1 % less."""
RUN = "ref-5-nosym-gauss10-300K-all-{}"
RUN_AT_ALL_TEMPERATURES = "ref-5-nosym-gauss10-100_300_600K-rta-notinmem-UN"
CASES = {
    "thr1e-6": {"isotopes": "natural"},
    "noiso": {},
    "boundary1um": {"isotopes": "natural", "boundary_length": 1e-6},
}
"""Phoebe's runs at 300 K and the scattering of each."""


@pytest.fixture(scope="module")
def folder(reference) -> Path:
    return reference / "qe-si-phoebe"


@pytest.fixture(scope="module")
def crystal(folder) -> Crystal:
    """With the simple sum rule, which makes silicon's charges of -0.32 e zero, too."""
    read = force_constants.read({"path": folder, "sum_rules": "impose"})
    return replace(read, mass_variances=np.full(2, PHOEBE_VARIANCE))


def published(folder: Path, run: str, file: str) -> dict[str, Any]:
    return json.loads((folder / run / f"{file}.json").read_text())


def conductivity(folder: Path, run: str, solver: str) -> Floats:
    """κ of a run of one temperature, (3, 3), W/m/K."""
    return np.array(published(folder, run, f"{solver}_phonon_thermal_cond")["thermalConductivity"])[0]


def modes(folder: Path, run: str) -> tuple[Floats, Floats, Floats]:
    """Wave vectors (point, 3); ħω in meV (point, band); 1/τ in 1/ps (temperature, point, band)."""
    data = published(folder, run, "rta_ph_relaxation_times")
    rates = np.array(data["linewidths"], dtype=float) * MEV / units.HBAR
    return np.array(data["wavevectorCoordinates"]), np.array(data["energies"])[0], rates


def computed(crystal: Crystal, symmetry: Any = lambda mesh: mesh, **changes: Any) -> chain.Chain:
    """All stages on the mesh with some of its symmetry, Phoebe's Gaussian cut where it cuts it (on one side)."""
    mesh = symmetry(build_mesh(crystal, 3 * [SIZE]))
    phonons = compute_phonons(crystal, mesh, chain.NO_LONG_RANGE_PART)
    sigma = WIDTH / np.sqrt(2) / units.THZ
    settings = chain.integration(method="gaussian", sigma=sigma, threshold=6 * np.sqrt(2), **changes)
    elements = compute_matrix_elements(crystal, mesh, phonons, settings, np.arange(mesh.n_irreducible))
    return chain.Chain(crystal, mesh, phonons, elements, settings)


@pytest.fixture(scope="module")
def unreduced(crystal) -> chain.Chain:
    return computed(crystal, without_symmetry, fc3_origin="first")


@pytest.fixture(scope="module")
def squares(unreduced) -> Floats:
    """|Φ|² of all pairs of wave vectors, means over degenerate sets, (grid, grid, band, band, band)."""
    return squared_elements(unreduced)


def test_frequencies(folder, crystal, unreduced):
    """Within 1e-7 relative, constants of nature."""
    points, energies, _ = modes(folder, RUN.format("noiso"))
    frequencies = unreduced.phonons.frequencies[unreduced.mesh.index(np.rint(points * SIZE).astype(int))]
    optical = energies > 0.1
    np.testing.assert_allclose((units.HBAR * frequencies / MEV)[optical], energies[optical], rtol=1e-7)
    np.testing.assert_array_equal(crystal.born_charges, 0.0)


def test_charges_that_are_not_neutral_are_refused_as_they_are(folder):
    with pytest.raises(
        force_constants.InputError, match=r"silicon\.fc: Born charges .* sum to 0\.6368 e, expected zero"
    ):
        force_constants.read({"path": folder})


def three_phonon_rates(unreduced: chain.Chain, squares: Floats, temperature: float) -> Floats:
    """Phoebe's sum: n'(n''+1)/(n+1) for absorption and n'n''/n for decay, which differ from ours off shell."""
    omega, mesh = unreduced.phonons.frequencies, unreduced.mesh
    n = occupations(omega, temperature)
    everything = np.arange(mesh.n_points)
    rates = np.zeros_like(omega)

    def delta(mismatch: Floats) -> Floats:
        return np.exp(-((mismatch / WIDTH) ** 2)) / (WIDTH * np.sqrt(np.pi))

    for q1 in everything:
        q3 = mesh.third_point(np.array(q1), everything)
        first, second, third = omega[q1][:, None, None], omega[:, None, :, None], omega[q3][:, None, None, :]
        n1, n2, n3 = n[q1][:, None, None], n[:, None, :, None], n[q3][:, None, None, :]
        n1 = np.where(n1 > 0, n1, 1.0)
        terms = (
            n2 * (n3 + 1) / (n1 + 1) * delta(first + second - third)
            + n3 * (n2 + 1) / (n1 + 1) * delta(first + third - second)
            + n2 * n3 / n1 * delta(first - second - third)
        )
        rates[q1] = 0.5 * (squares[q1] * terms).sum(axis=(0, 2, 3))
    return units.HBAR * np.pi / (4 * mesh.n_points) * rates


def isotope_rates(unreduced: chain.Chain, temperature: float) -> Floats:
    """Phoebe's: Tamura's with (n n' + (n + n')/2)/(n(n+1)), which is 1 on shell."""
    omega, vectors = unreduced.phonons.frequencies, unreduced.phonons.eigenvectors
    n_points, n_bands = omega.shape
    vectors = vectors.transpose(0, 2, 1).reshape(n_points * n_bands, -1, 3)
    overlaps = sum(np.abs(vectors[:, atom].conj() @ vectors[:, atom].T) ** 2 for atom in range(vectors.shape[1]))
    flat, n = omega.ravel(), occupations(omega, temperature).ravel()
    delta = np.exp(-(((flat[:, None] - flat) / WIDTH) ** 2)) / (WIDTH * np.sqrt(np.pi))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = (np.multiply.outer(n, n) + np.add.outer(n, n) / 2) / (n * (n + 1))[:, None]
        strengths = PHOEBE_VARIANCE * np.multiply.outer(flat, flat) * overlaps * delta * factor
    return np.pi / (2 * n_points) * np.nan_to_num(strengths).sum(axis=1).reshape(omega.shape)


def test_every_linewidth(folder, unreduced, squares):
    """With Phoebe's factors of occupation every rate is Phoebe's, to 1e-5: with isotopes and without, at any T."""
    of_phonons = {temperature: three_phonon_rates(unreduced, squares, temperature) for temperature in (100, 300, 600)}
    of_isotopes = {temperature: isotope_rates(unreduced, temperature) for temperature in of_phonons}
    points, energies, expected = modes(folder, RUN.format("noiso"))
    index = unreduced.mesh.index(np.rint(points * SIZE).astype(int))
    scattered = energies > 0.1
    np.testing.assert_allclose(of_phonons[300][index][scattered], expected[0][scattered], rtol=1e-5)
    _, _, expected = modes(folder, RUN_AT_ALL_TEMPERATURES)
    for position, temperature in enumerate(of_phonons):
        total = (of_phonons[temperature] + of_isotopes[temperature])[index]
        np.testing.assert_allclose(total[scattered], expected[position][scattered], rtol=1e-5)


def remainder(problem: HeatConduction) -> Floats:
    """(1/V) Σ c τ (Tr V V/d - v̄ v̄) of the degenerate sets per temperature, mean over directions, W/m/K.

    Phoebe counts it to κ: it takes each component of a degenerate set's velocities in a basis of its own.
    """
    mesh, phonons, linewidths = problem.mesh, problem.phonons, problem.linewidths
    velocities = phonons.group_velocities
    squares = np.einsum("qsaa->qs", phonons.velocity_squares) - np.einsum("qsa,qsa->qs", velocities, velocities)
    rates = 2 * units.THZ * linewidths.linewidth
    lifetimes = np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)
    omega = phonons.frequencies[mesh.irreducible]
    capacities = np.stack([heat_capacities(omega, temperature) for temperature in linewidths.temperature])
    total = np.einsum("q,tqs,tqs,qs->t", mesh.weights, capacities, lifetimes, squares)
    return total / (3 * mesh.n_points * problem.crystal.volume * units.WATT_PER_METRE_KELVIN)


@pytest.fixture(scope="module")
def ours(crystal) -> chain.Chain:
    return computed(crystal, fc3_origin="first")


@pytest.mark.parametrize("case", CASES)
def test_conductivity(folder, ours, case):
    """RTA and exact within 1 %, the degenerate sets' remainder added, and without the asymmetry of Phoebe's tensors.

    RTA: 56.30 where Phoebe has 56.12 (isotopes), 65.20 for 64.92 (none), 51.84 for 51.58 (boundary of 1 µm). Exact:
    60.05 for 59.59, 70.94 for 70.70, 55.18 for 54.68. Two things differ. One point of each star is taken here, for a
    crystal that has lost its symmetry: on the whole grid κ in RTA is 0.7 % less (exact: 0.05 to 0.5 %). And the factors
    of occupation (see above), which are worth the other way round what is then left.
    """
    problem = ours.problem(300.0, **CASES[case])
    solution = direct.solve(problem)
    extra = remainder(problem)[0]
    assert 0.3 < extra < 0.36
    for found, solver in ((solution.kappa_rta[0], "rta"), (solution.kappa[0], "relaxons")):
        expected = conductivity(folder, RUN.format(case), solver)
        assert np.trace(found) / 3 + extra == pytest.approx(np.trace(expected) / 3, rel=1e-2)
        np.testing.assert_allclose(found, found[0, 0] * np.eye(3), atol=1e-8 * found[0, 0])
        assert np.ptp(np.diagonal(expected)) > 2e-3 * expected[0, 0]


def test_conductivity_at_other_temperatures(folder, ours):
    """RTA at 100, 300 and 600 K: 156.105, 56.117 and 28.849 W/m/K."""
    problem = ours.problem(100.0, 300.0, 600.0, isotopes="natural")
    found = np.einsum("taa->t", direct.solve(problem).kappa_rta) / 3 + remainder(problem)
    np.testing.assert_allclose(found, [156.105, 56.117, 28.849], rtol=1e-2)


def test_conductivity_without_degenerate_modes_taken_apart(folder, unreduced, squares):
    """Phoebe's κ in RTA is Σ c τ Tr V V/d over its own lifetimes, to rounding: the remainder is all there is to its
    velocities."""
    rates = three_phonon_rates(unreduced, squares, 300.0)
    lifetimes = np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)
    capacities = heat_capacities(unreduced.phonons.frequencies, 300.0)
    total = np.einsum("qs,qs,qsaa->", capacities, lifetimes, unreduced.phonons.velocity_squares)
    volume = unreduced.mesh.n_points * unreduced.crystal.volume
    expected = conductivity(folder, RUN.format("noiso"), "rta")
    assert total / (3 * volume * units.WATT_PER_METRE_KELVIN) == pytest.approx(np.trace(expected) / 3, rel=1e-5)


def test_relaxation_times(folder, crystal):
    """The spectrum of relaxons on the mesh without its symmetry, even and odd ones together: 1 % to 99 % of the rates,
    in order, within 4 % of Phoebe's, the median and the sum within 0.5 %.

    Phoebe's file holds 2π times the lifetime in fs. What is left are the factors of occupation off shell, for which
    the lowest rates, that of energy among them, have no meaning in either.
    """
    problem = computed(crystal, with_time_reversal_only, fc3_origin="first").problem(300.0, isotopes="natural")
    times = relaxons.solve(problem).relaxation_times[0]
    # Without a point group a vector field is three scalar ones, and each odd relaxon comes three times.
    odd = np.sort(1 / times[np.isfinite(times)])[::3]
    even = np.linalg.eigvalsh(dense_sector(problem.operator, 0, scalars(problem.mesh)).matrix)
    found = np.sort(np.concatenate([odd, even]))
    data = published(folder, RUN.format("thr1e-6"), "relaxons_relaxation_times")["relaxationTimes"]
    in_fs = np.array([np.nan if time is None else time for time in np.ravel(data)], dtype=float)
    expected = np.sort(2 * np.pi * 1000 / in_fs[np.isfinite(in_fs)])
    assert len(found) == len(expected) == 3 * 2 * SIZE**3 - 3
    ratios = found / expected
    assert np.quantile(ratios, [0.01, 0.99]) == pytest.approx([1.0, 1.0], abs=0.04)
    assert np.median(ratios) == pytest.approx(1.0, abs=6e-3)
    assert found.sum() == pytest.approx(expected.sum(), rel=5e-3)


def test_coherences_between_modes_of_different_frequencies(folder, unreduced):
    """Phoebe's Wigner minus its RTA, at 100, 300 and 600 K, to 1e-5: 0.0129, 0.1582 and 0.2713 W/m/K.

    Its velocity operator has the phases of lattice vectors alone and lacks i(ω-ω') ⟨s|r|s'⟩; with phases of where the
    atoms are the same linewidths give 0.0120, 0.1552 and 0.2653. What degenerate sets carry is in Phoebe's RTA.
    """
    phonons, mesh = unreduced.phonons, unreduced.mesh
    temperatures = np.array([100.0, 300.0, 600.0])
    points, _, rates = modes(folder, RUN_AT_ALL_TEMPERATURES)
    ours = np.zeros((3, *phonons.frequencies.shape))
    ours[:, mesh.index(np.rint(points * SIZE).astype(int))] = np.nan_to_num(rates)
    omega, sets, vectors = phonons.frequencies, phonons.degenerate_sets, phonons.eigenvectors
    places = np.repeat(unreduced.crystal.positions @ unreduced.crystal.lattice, 3, axis=0)
    positions = np.einsum("qis,ia,qit->qast", vectors.conj(), places, vectors)
    differences = (omega[:, :, None] - omega[:, None, :])[:, None]
    same = (sets[:, :, None] == sets[:, None, :])[:, None]
    scale = 3 * mesh.n_points * unreduced.crystal.volume * units.WATT_PER_METRE_KELVIN

    def kappa(operator: Any) -> Floats:
        apart = Modes(omega, ours, np.where(same, 0.0, operator), np.zeros((*omega.shape, 3)), sets, mesh.weights)
        return np.einsum("tqsaa->t", coherences(apart, temperatures).by_mode) / scale

    in_rta, in_wigner = (
        published(folder, RUN_AT_ALL_TEMPERATURES, f"{solver}_phonon_thermal_cond")["thermalConductivity"]
        for solver in ("rta", "wigner")
    )
    expected = np.einsum("taa->t", np.array(in_wigner) - np.array(in_rta)) / 3
    np.testing.assert_allclose(expected, [0.0129, 0.1582, 0.2713], atol=5e-5)
    lattice_phases = kappa(phonons.velocity_operator - 1j * differences * positions)
    np.testing.assert_allclose(lattice_phases, expected, rtol=1e-5)
    np.testing.assert_allclose(kappa(phonons.velocity_operator), [0.0120, 0.1552, 0.2653], atol=5e-5)
