"""κ in the relaxation-time approximation, from the sum over the full mesh."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, triclinic
from numpy.testing import assert_allclose

from peierls.occupation import heat_capacities
from peierls.phonons import on_full_grid
from peierls.units import JOULE, METRE, THZ

PS = 1e-12
CASES = {
    "triclinic": (triclinic(2), [3, 3, 2]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}


@pytest.fixture(params=CASES, scope="module")
def chain(request):
    return compute(*CASES[request.param])


def test_sum_over_the_full_mesh_in_si_units(chain):
    """κ = (1/V) Σ c v⊗v τ with c in J/K, v in m/s, τ in s and V in m³."""
    mesh, phonons = chain.mesh, chain.phonons
    linewidths = chain.linewidths(300.0)
    velocities = on_full_grid(phonons.group_velocities, mesh) / METRE / PS
    kappa = np.zeros((3, 3))
    for q, s in np.ndindex(mesh.n_points, phonons.n_bands):
        gamma = linewidths.linewidth[0, mesh.grid_to_irreducible[q], s]
        if gamma > 0:
            lifetime = 1 / (4 * np.pi * gamma) * PS
            capacity = heat_capacities(phonons.frequencies[q, s], 300.0) / JOULE
            kappa += capacity * np.outer(velocities[q, s], velocities[q, s]) * lifetime
    kappa /= mesh.n_points * chain.crystal.volume / METRE**3
    assert_allclose(chain.rta(300.0).kappa[0], kappa, rtol=1e-10, atol=1e-12 * kappa.max())


def test_contributions_of_the_modes_add_up_to_kappa(chain):
    result = chain.rta(100.0, 300.0)
    assert_allclose(result.mode_kappa.sum(axis=(1, 2)), result.kappa, rtol=1e-12, atol=1e-12 * result.kappa.max())
    assert result.mode_kappa.shape[:3] == (2, chain.mesh.n_irreducible, chain.phonons.n_bands)
    assert (result.converged == 1).all()


def test_contribution_of_a_mode_is_that_of_its_star(chain):
    """Trace: weight of the star times c |v̄|² τ."""
    result, linewidths = chain.rta(300.0), chain.linewidths(300.0)
    rates = 2 * THZ * linewidths.linewidth[0]
    capacities = heat_capacities(chain.phonons.frequencies[chain.mesh.irreducible], 300.0)
    squares = (chain.phonons.group_velocities**2).sum(axis=-1)
    traces = np.einsum("qsaa->qs", result.mode_kappa[0])
    expected = np.divide(
        chain.mesh.weights[:, None] * capacities * squares, rates, out=np.zeros_like(rates), where=rates > 0
    )
    assert_allclose(traces, expected / expected.sum() * traces.sum(), rtol=1e-9, atol=1e-12 * traces.max())


def test_twice_the_linewidth_is_half_of_kappa(chain):
    doubled = replace(chain, elements=replace(chain.elements, strengths=2 * chain.elements.strengths))
    assert_allclose(doubled.rta(300.0).kappa, chain.rta(300.0).kappa / 2, rtol=1e-12)


def test_modes_without_scattering_are_left_out_and_reported(chain):
    silent = replace(chain, elements=replace(chain.elements, strengths=np.zeros_like(chain.elements.strengths)))
    result = silent.rta(300.0)
    assert not result.kappa.any()
    failed = [check.name for check in result.health if not check.passed]
    assert "unscattered modes" in failed


def test_a_very_short_sample_has_the_ballistic_kappa(chain):
    """With boundaries alone 1/τ = |v|/L: κ is proportional to L."""
    silent = replace(chain, elements=replace(chain.elements, strengths=np.zeros_like(chain.elements.strengths)))
    one, two = (silent.rta(300.0, boundary_length=length).kappa for length in (1e-9, 2e-9))
    assert_allclose(two, 2 * one, rtol=1e-12)
    assert np.trace(one[0]) > 0
