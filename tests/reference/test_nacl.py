"""Rock salt, a polar crystal, against phono3py 4.8.2: Gonze-Lee, Wang, and without the long-range part.

phono3py's e²/4πε₀ is larger than today's by 4.4e-7, which moves a frequency by up to 6e-7 THz.
"""

import h5py
import numpy as np
import phono3py_results as phono3py
import pytest
from chain import Chain, compute, harmonic, long_range, wigner_of
from numpy.testing import assert_allclose

from peierls import force_constants
from peierls.crystal import Crystal
from peierls.phonons import average_over_sets
from peierls.solvers import direct
from peierls.units import COULOMB, THZ

pytestmark = pytest.mark.reference

RUNS = {"gonze-lee": "ref-rta-11", "wang": "ref-rta-11-wang", "none": "ref-rta-11-nonac"}
KAPPA = {
    "gonze-lee": (63.286, 26.373, 12.782, 8.486, 4.234),
    "wang": (63.324, 26.517, 12.879, 8.554, 4.269),
    "none": (63.334, 26.629, 12.972, 8.622, 4.305),
}
"""κ_xx of phono3py at the five temperatures, W/m/K: the table of the reference data."""


@pytest.fixture(scope="module")
def crystal(reference) -> Crystal:
    return force_constants.read({"format": "phono3py", "path": reference / "nacl"})


@pytest.fixture(scope="module", params=RUNS)
def case(request, reference, crystal) -> tuple[str, Chain, dict[str, np.ndarray]]:
    """A method, our calculation with it and phono3py's."""
    chain = compute(crystal, [11, 11, 11], long_range(method=request.param))
    return (
        request.param,
        chain,
        phono3py.read(reference / "nacl" / RUNS[request.param] / "kappa-m111111.hdf5", chain.mesh),
    )


def test_its_force_constants_are_those_of_512_atoms(crystal):
    assert abs(round(np.linalg.det(crystal.fc2_supercell))) == 256
    assert crystal.ewald_parameter is None


def test_frequencies(case):
    """Within 1e-6 THz once the constants of nature of phono3py's masses and forces are ours, and 2e-6 as they are."""
    _, chain, expected = case
    found = chain.phonons.frequencies[chain.mesh.irreducible] / THZ
    assert_allclose(found, expected["frequency"], atol=2e-6)
    assert_allclose(found[1:] * phono3py.FREQUENCIES, expected["frequency"][1:], atol=1e-6)
    assert chain.phonons.asymmetry < 1e-12


def test_the_range_parameter_is_no_choice_of_physics(crystal):
    """Frequencies from half to twice the range parameter that is chosen: the same within 1e-7 THz."""
    _, phonons = harmonic(crystal, [5, 5, 5], long_range())
    for parameter in (0.8, 2.0):
        _, other = harmonic(crystal, [5, 5, 5], long_range(**{"lambda": parameter}))
        assert_allclose(other.frequencies / THZ, phonons.frequencies / THZ, atol=1e-7)


def test_the_three_methods_differ_by_more_than_they_differ_from_phono3py(crystal):
    frequencies = [harmonic(crystal, [11, 11, 11], long_range(method=method))[1].frequencies / THZ for method in RUNS]
    gonze_lee, wang, none = frequencies
    assert 0.05 < np.abs(wang - gonze_lee).max() < np.abs(none - gonze_lee).max()


def test_velocities(crystal, reference):
    """Speeds of the means over degenerate sets within 1e-4 Å/ps of up to 40 Å/ps."""
    mesh, phonons = harmonic(crystal, [11, 11, 11], long_range())
    with h5py.File(reference / "nacl" / RUNS["gonze-lee"] / "kappa-m111111.hdf5") as file:
        points, velocities = np.rint(file["qpoint"][()] * 11).astype(int), file["group_velocity"][()]
    own = mesh.grid_to_irreducible[mesh.index(points)]
    expected = average_over_sets(velocities, phonons.degenerate_sets[mesh.irreducible[own]])
    found, expected = (np.linalg.norm(one, axis=-1) for one in (phonons.group_velocities[own], expected))
    away = np.abs(points).max(axis=1) > 0
    assert_allclose(found[away], expected[away], atol=1e-4)


@pytest.mark.parametrize("n", [3, 5])
def test_frequencies_of_the_whole_zone(crystal, reference, n):
    """Every point of phono3py's dump, whichever image of it the dump names."""
    mesh, phonons = harmonic(crystal, [n, n, n], long_range())
    with h5py.File(reference / "nacl" / f"stages-NaCl-{n}{n}{n}.hdf5") as file:
        addresses, expected = file["full_bz/addresses"][()], file["full_bz/frequency_THz"][()]
    away = addresses.any(axis=1)
    found = phonons.frequencies[mesh.index(addresses)] / THZ
    assert_allclose(found[away], expected[away], atol=2e-6)


def test_kappa(case):
    """Within 0.2 % at every temperature, 0.07 % at 300 K, where phono3py's choice of basis in degenerate sets is left
    (docs/weightings.md): without the long-range part as with it."""
    method, chain, expected = case
    found = chain.rta(*phono3py.TEMPERATURES).kappa[:, 0, 0]
    assert_allclose(expected["kappa"][:, 0], KAPPA[method], atol=6e-4)
    assert_allclose(found, KAPPA[method], rtol=2e-3)
    assert_allclose(found[3], KAPPA[method][3], rtol=1e-3)


def test_exact_conductivity(case, reference):
    """phono3py's direct solution within 1 % at every temperature: 77.009, 31.620, 15.227, 10.094 and 5.031 W/m/K."""
    method, chain, _ = case
    if method != "gonze-lee":
        pytest.skip("phono3py's is with Gonze-Lee")
    found = direct.solve(chain.problem(*phono3py.TEMPERATURES)).kappa[:, 0, 0]
    expected = phono3py.read(reference / "nacl/ref-lbte-11/kappa-m111111.hdf5", chain.mesh)["kappa"][:, 0]
    assert_allclose(expected, (77.009, 31.620, 15.227, 10.094, 5.031), atol=6e-4)
    assert_allclose(found, expected, rtol=1e-2)


def test_longitudinal_and_transverse_frequencies(crystal):
    """At Γ along a direction: ω_LO² - ω_TO² = 4π e² Z²/(V ε μ)."""
    _, phonons = harmonic(crystal, [3, 3, 3], long_range(direction=[1, 1, 0]))
    transverse, other, longitudinal = phonons.frequencies[0, 3:] ** 2
    charge, dielectric = crystal.born_charges[0, 0, 0], crystal.dielectric[0, 0]
    reduced_mass = 1 / (1 / crystal.masses).sum()
    assert transverse == pytest.approx(other)
    assert longitudinal - transverse == pytest.approx(
        4 * np.pi * COULOMB * charge**2 / (crystal.volume * dielectric * reduced_mass)
    )
    assert np.sqrt(longitudinal) / THZ == pytest.approx(7.707, abs=1e-3)


def test_coherences(case, crystal):
    """With isotopes: phono3py (smm19 and njc23, Gonze-Lee) has 0.162, 0.087, 0.091, 0.107 and 0.154 W/m/K, by its own
    definition; see test_phono3py_wigner for the difference to κ_C, which is 0.315, 0.144, 0.118, 0.125 and 0.161."""
    method, chain, _ = case
    if method != "gonze-lee":
        pytest.skip("phono3py's are with Gonze-Lee")
    problem = chain.problem(*phono3py.TEMPERATURES, isotopes="natural")
    temperatures = np.array(phono3py.TEMPERATURES)
    linewidth = problem.linewidths.linewidth
    theirs = phono3py.inter_band(crystal, chain.mesh, chain.phonons, linewidth, temperatures)
    assert_allclose(theirs, [0.162, 0.087, 0.091, 0.107, 0.154], atol=1e-3)
    found = wigner_of(problem)
    assert_allclose(found.kappa_coherences[:, 0, 0], [0.3147, 0.1443, 0.1180, 0.1248, 0.1615], atol=2e-4)
    assert_allclose(found.kappa_populations[:, 0, 0], [47.946, 22.898, 11.878, 8.071, 4.125], rtol=3e-3)
