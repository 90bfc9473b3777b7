"""The mean over directions of the limit at Γ: no choice of direction or of irreducible points is left in it."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, long_range, polar_rock_salt
from numpy.testing import assert_allclose

from peierls.direction_means import mean_linewidths, mean_transport
from peierls.directions import DIRECTIONS, WEIGHTS, with_directions

SETTINGS = {"method": "gaussian", "sigma": 0.8, "weights": "event"}


def along(crystal, direction):
    return compute(crystal, (4, 4, 4), long_range(direction=direction), **SETTINGS)


def relabelled(crystal):
    """The same crystal with its lattice vectors in another order: other points stand for their stars."""
    order = [2, 0, 1]
    return replace(
        crystal,
        lattice=crystal.lattice[order],
        positions=crystal.positions[:, order],
        fc2_vectors=crystal.fc2_vectors[:, order],
        fc3_vectors=crystal.fc3_vectors[:, :, order],
    )


@pytest.fixture(scope="module")
def chains():
    return {
        name: [along(crystal, list(map(float, direction))) for direction in DIRECTIONS]
        for name, crystal in {"one": polar_rock_salt(), "other": relabelled(polar_rock_salt())}.items()
    }


def test_quadrature_over_the_sphere():
    """Exact for polynomials up to degree 5: ⟨x²⟩ = 1/3, ⟨x⁴⟩ = 1/5, ⟨x²y²⟩ = 1/15."""
    units = np.array(DIRECTIONS) / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    assert_allclose(np.einsum("d,da,db->ab", WEIGHTS, units, units), np.eye(3) / 3, atol=1e-15)
    fourth = np.einsum("d,da,db,dc,de->abce", WEIGHTS, *4 * [units])
    identity = np.eye(3)
    pairs = [np.einsum(order, identity, identity) for order in ("ab,ce->abce", "ac,be->abce", "ae,bc->abce")]
    assert_allclose(fourth, sum(pairs) / 15, atol=1e-15)


def test_one_direction_leaves_a_choice_and_the_mean_does_not(chains):
    """κ of a cubic crystal along [1, 0, 0] depends on which points stand for their stars; the mean does not."""
    kappas = {
        name: np.array([chain.rta(300.0).kappa[0, 0, 0] for chain in of_name]) for name, of_name in chains.items()
    }
    assert abs(kappas["one"][0] / kappas["other"][0] - 1) > 1e-5
    means = [mean_transport([chain.rta(300.0) for chain in of_name]).kappa[0] for of_name in chains.values()]
    assert_allclose(means[0], means[1], rtol=1e-9, atol=1e-9 * means[0].max())
    assert_allclose(means[0], means[0][0, 0] * np.eye(3), atol=1e-9 * means[0].max())
    assert kappas["one"].min() < means[0][0, 0] < kappas["one"].max()


def test_means_of_linewidths(chains):
    """Every part is the weighted mean, and the parts still add up."""
    linewidths = [chain.linewidths(300.0) for chain in chains["one"]]
    mean = mean_linewidths(linewidths)
    assert_allclose(mean.linewidth, np.einsum("d,dtqs->tqs", WEIGHTS, [one.linewidth for one in linewidths]))
    parts = mean.linewidth_normal + mean.linewidth_umklapp + mean.linewidth_isotope + mean.linewidth_boundary
    assert_allclose(parts, mean.linewidth, rtol=1e-12)
    assert_allclose(mean.frequency[1:], linewidths[0].frequency[1:], rtol=1e-12)


def test_a_direction_without_a_result_leaves_none(chains):
    """Where one direction did not converge, the mean is nan and says so."""
    transports = [chain.rta(300.0) for chain in chains["one"]]
    transports[3] = replace(transports[3], kappa=np.full((1, 3, 3), np.nan), converged=np.array([0]))
    mean = mean_transport(transports)
    assert np.isnan(mean.kappa).all() and mean.converged.tolist() == [0]


def test_each_direction_is_a_run_of_its_own():
    nacl = {"nac": {"direction": "average", "method": "auto"}}
    silicon = {"nac": {"direction": "none", "method": "auto"}}
    runs = with_directions({"nacl": nacl, "silicon": silicon})
    assert list(runs) == ["nacl", *(f"nacl/directions/{number}" for number in range(7)), "silicon"]
    assert runs["nacl/directions/3"]["nac"] == {"direction": [1.0, 1.0, 1.0], "method": "auto"}
    assert nacl["nac"]["direction"] == "average"


def test_means_of_coherences(chains):
    """Both parts of the Wigner equation are means; the map keeps its integral where its edges differ by direction."""
    transports = [chain.wigner(300.0) for chain in chains["one"]]
    edges = np.asarray(transports[2].coherence_map_edges)
    transports[2] = replace(transports[2], coherence_map_edges=1.07 * edges)
    transports[2] = replace(transports[2], coherence_map=np.asarray(transports[2].coherence_map) / 1.07**2)
    mean = mean_transport(transports)
    assert mean.populations == "rta"
    atol = 1e-12 * mean.kappa.max()
    assert_allclose(mean.kappa, mean.kappa_populations + mean.kappa_coherences, atol=atol)
    assert_allclose(mean.mode_coherences.sum(axis=(1, 2)), mean.kappa_coherences, atol=atol)
    assert mean.coherence_map_edges[-1] == pytest.approx(1.07 * edges[-1])
    integral = mean.coherence_map.sum() * mean.coherence_map_edges[1] ** 2
    assert integral == pytest.approx(np.trace(mean.kappa_coherences[0]) / 3, rel=1e-10)
