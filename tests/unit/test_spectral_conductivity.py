"""κ resolved by frequency."""

from dataclasses import replace

import chain
import numpy as np
import pytest
from numpy.testing import assert_allclose

from peierls import stage_files
from peierls.cumulative import cumulative_conductivity
from peierls.solvers import rta, variational
from peierls.spectral_conductivity import SpectralConductivity, spectral_conductivity

SHEET = chain.spring_crystal(
    np.diag([3.0, 3.0, 12.0]), [[0, 0, 0], [0.5, 0.5, 1 / 6]], ["Si", "Ge"], [28.0, 73.0], reach=3.5
)

METHODS = [
    chain.integration(method="tetrahedron"),
    chain.integration(method="gaussian", sigma=0.2),
    chain.integration(method="adaptive"),
]


@pytest.fixture(scope="module", params=["hexagonal", "rock salt", "sheet"])
def computed(request):
    """A calculation and what two solvers make of it at two temperatures; of the sheet with a thickness of its own."""
    crystal, sizes, nac = {
        "hexagonal": (chain.polar_hexagonal(), [4, 4, 3], chain.long_range()),
        "sheet": (SHEET, [5, 5, 1], chain.NO_LONG_RANGE_PART),
        "rock salt": (chain.face_centred((28.0, 12.0)), [4, 4, 4], chain.NO_LONG_RANGE_PART),
    }[request.param]
    calculation = chain.compute(crystal, sizes, nac, weights="event")
    geometry = {"thickness": 4e-10 if request.param == "sheet" else None, "cross_section": None}
    problem = calculation.problem(150.0, 300.0, geometry=geometry)
    return calculation, [variational.solve(problem), rta.solve(problem)]


def spectra(computed, method=METHODS[0]):
    calculation, transports = computed
    return spectral_conductivity(calculation.crystal, calculation.mesh, calculation.phonons, transports, method)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["method"])
def test_integrals_are_the_conductivities(computed, method):
    """For every solver, temperature and component, to rounding and not to the 0.5 % that are asked for."""
    found = spectra(computed, method)
    for integral, transport in zip(
        np.trapezoid(found.spectral_kappa, found.frequency, axis=3), computed[1], strict=True
    ):
        assert_allclose(integral[:, 0], transport.kappa, rtol=1e-10, atol=1e-10 * transport.kappa.max())
        branches = transport.mode_kappa.sum(axis=1)
        n_bands = branches.shape[1]
        assert_allclose(integral[:, 1 : 1 + n_bands], branches, rtol=1e-10, atol=1e-10 * transport.kappa.max())
    n_bands = computed[0].crystal.n_bands
    assert_allclose(np.trapezoid(found.dos[0], found.frequency), n_bands, rtol=1e-12)


def test_branches_atoms_and_species_each_add_up_to_the_total(computed):
    found = spectra(computed)
    for kind in ("branch", "atom", "species"):
        members = [number for number, name in enumerate(found.parts) if name.startswith(kind)]
        for curves, axis in ((found.spectral_kappa, 2), (found.dos, 0)):
            total = curves.take(0, axis=axis)
            assert_allclose(curves.take(members, axis=axis).sum(axis=axis), total, atol=1e-12 * np.abs(total).max())


def test_every_bin_has_the_symmetry_of_the_crystal(computed):
    """Weights are averaged over the star, so the diagonal of the tetrahedra breaks no symmetry of κ(ω)."""
    found = spectra(computed)
    for rotation in computed[0].mesh.cartesian_rotations:
        turned = np.einsum("ia,stpfab,jb->stpfij", rotation, found.spectral_kappa[:, :, :1], rotation)
        assert_allclose(turned, found.spectral_kappa[:, :, :1], atol=1e-9 * found.spectral_kappa.max())


def test_running_integral_of_narrow_gaussians_is_the_cumulative_curve(computed):
    """Another route: the step function of the modes' own frequencies, met to within two bins."""
    calculation, transports = computed
    found = spectra(computed, chain.integration(method="gaussian", sigma=1e-4))
    args = (calculation.crystal, calculation.mesh, calculation.phonons, calculation.linewidths(150.0, 300.0))
    steps = cumulative_conductivity(*args, transports[1])
    total = np.einsum("tpfaa->tpf", steps.over_frequency)[:, 0]
    density = np.einsum("tfaa->tf", found.spectral_kappa[1, :, 0])
    bins = np.diff(found.frequency)
    running = np.cumsum(bins * (density[:, 1:] + density[:, :-1]) / 2, axis=1)
    for one, expected in zip(running, total, strict=True):
        below, above = (
            np.interp(found.frequency[1:] + shift, steps.frequency_axis, expected) for shift in (-2 * bins, 2 * bins)
        )
        slack = 1e-9 * expected[-1]
        assert (below - slack <= one).all()
        assert (one <= above + slack).all()


def test_no_curve_where_a_solver_did_not_converge(computed, tmp_path):
    """And the rest of the file is as it would be."""
    calculation, (exact, rta) = computed
    broken = replace(exact, converged=np.array([0, 1]))
    found = spectra((calculation, [broken, rta]))
    whole = spectra(computed)
    assert np.isnan(found.spectral_kappa[0, 0]).all()
    assert_allclose(found.spectral_kappa[:, 1], whole.spectral_kappa[:, 1])
    assert_allclose(found.spectral_kappa[1], whole.spectral_kappa[1])
    stage_files.write(tmp_path / "spectral.h5", found)
    assert stage_files.read(tmp_path / "spectral.h5", SpectralConductivity).parts == found.parts
