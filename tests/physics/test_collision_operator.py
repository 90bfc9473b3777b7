"""The collision operator: symmetric, never negative with the weighting `event`, and the same however it is written
down."""

import chain
import numpy as np
import pytest
from scipy import linalg

from peierls.collision_operator import CollisionOperator, Representation, scalars, vectors
from peierls.crystal import Crystal, Floats
from peierls.dense_collision_operator import dense_sector
from peierls.triplets import reduced_triplets

MESHES = {"silicon": (4, 4, 4), "rock salt": (4, 4, 4), "hexagonal": (4, 4, 3), "triclinic": (3, 3, 2)}
METHODS = ({"method": "tetrahedron"}, {"method": "adaptive"}, {"method": "gaussian", "sigma": 0.4})
WEIGHTS = ("event", "mode")
TEMPERATURES = (50.0, 300.0, 1000.0)


@pytest.fixture(params=MESHES)
def named(request: pytest.FixtureRequest, silicon: Crystal) -> tuple[Crystal, tuple[int, int, int]]:
    """A crystal and a mesh for it."""
    made = {"rock salt": lambda: chain.face_centred((28.0, 12.0)), "hexagonal": chain.hexagonal}
    crystal = silicon if request.param == "silicon" else made.get(request.param, chain.triclinic)()
    return crystal, MESHES[request.param]


def operators(named: tuple[Crystal, tuple[int, int, int]], weights: str, **method: object) -> CollisionOperator:
    crystal, sizes = named
    computed = chain.compute(crystal, sizes, weights=weights, **method)
    return computed.problem(*TEMPERATURES, isotopes="natural").operator


def allowed_field(operator: CollisionOperator, representation: Representation, seed: int) -> Floats:
    """A random field of active modes that has the symmetry of the crystal."""
    components = representation.matrices.shape[1]
    shape = (*operator.rates.shape[:2], components, len(operator.temperatures))
    field = np.random.default_rng(seed).normal(size=shape)
    return (representation.projectors[:, None] @ field) * operator.active[:, :, None]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["method"])
@pytest.mark.parametrize("fields", (vectors, scalars))
def test_the_operator_is_symmetric(named, weights, method, fields):
    operator = operators(named, weights, **method)
    representation = fields(operator.mesh)
    left, right = (allowed_field(operator, representation, seed) for seed in (1, 2))
    there = operator.inner(left, operator.apply(right, representation))
    back = operator.inner(right, operator.apply(left, representation))
    scale = np.sqrt(operator.inner(left, left) * operator.inner(right, right)) * operator.rates.max(axis=(0, 1))
    assert np.abs(there - back).max() <= 1e-12 * scale.min()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["method"])
@pytest.mark.parametrize("fields", (vectors, scalars))
def test_events_make_it_positive(named, method, fields):
    """A sum of squares has no negative eigenvalue, whatever the crystal, the mesh, the temperature and the delta
    function."""
    operator = operators(named, "event", **method)
    for position in range(len(TEMPERATURES)):
        rates = linalg.eigvalsh(dense_sector(operator, position, fields(operator.mesh)).matrix)
        assert rates[0] >= -1e-12 * rates[-1]


def test_rates_as_each_mode_sees_them_do_not_make_it_positive(silicon):
    """The peers' weighting has a negative energy relaxon on a coarse mesh; it is counted, not hidden."""
    operator = operators((silicon, (5, 5, 5)), "mode")
    rates = linalg.eigvalsh(dense_sector(operator, 1, scalars(operator.mesh)).matrix)
    assert (rates < -1e-4 * rates[-1]).sum() == 1


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("fields", (vectors, scalars))
def test_the_matrix_is_the_operator(named, weights, fields):
    operator = operators(named, weights)
    representation = fields(operator.mesh)
    field = allowed_field(operator, representation, 3)
    image = operator.apply(field, representation)
    for position in range(len(TEMPERATURES)):
        sector = dense_sector(operator, position, representation)
        assert np.allclose(sector.field(sector.coordinates(field[..., position])), field[..., position], atol=1e-12)
        by_matrix = sector.field(sector.matrix @ sector.coordinates(field[..., position]))
        assert np.abs(by_matrix - image[..., position]).max() <= 1e-12 * np.abs(image).max()


def test_the_trace_is_rates_and_self_coupling(named):
    """Σ relaxon rates = Σ rates + what modes couple to themselves and to their star; without couplings only the
    rates are left."""
    operator = operators(named, "event")
    sector = dense_sector(operator, 1, vectors(operator.mesh))
    relaxons = linalg.eigvalsh(sector.matrix)
    rates = operator.rates[sector.points, sector.bands, 1]
    units = np.eye(len(rates))
    diagonal = [
        (
            sector.coordinates(operator.apply(_at(sector.field(unit), operator), vectors(operator.mesh))[..., 1]) * unit
        ).sum()
        for unit in units[:12]
    ]
    assert np.allclose(diagonal, np.diag(sector.matrix)[:12], rtol=1e-12)
    assert relaxons.sum() == pytest.approx(np.trace(sector.matrix), rel=1e-12)
    self_coupling = np.diag(sector.matrix) - rates
    assert rates.sum() + self_coupling.sum() == pytest.approx(relaxons.sum(), rel=1e-12)


def _at(field: Floats, operator: CollisionOperator) -> Floats:
    """The same field at every temperature."""
    return np.repeat(field[..., None], len(operator.temperatures), axis=-1)


@pytest.mark.parametrize("sizes", [(3, 3, 3), (4, 4, 4), (5, 5, 5), (6, 6, 6)])
def test_each_event_is_held_once(silicon, sizes):
    """Every ordered triple of wave vectors adding up to G is counted once among the permutations of the triplets
    that are held."""
    mesh, _ = chain.harmonic(silicon, sizes)
    rotated = mesh.rotated()
    held = [reduced_triplets(mesh, point, rotated, each_event_once=True) for point in range(mesh.n_irreducible)]
    counted = sum(3 * weight * one.weights.sum() for weight, one in zip(mesh.weights, held, strict=True))
    assert counted == pytest.approx(mesh.n_points**2, rel=1e-14)


def test_collisions_conserve_energy_in_the_limit_of_a_sharp_delta_function(silicon):
    """The energy vector's Rayleigh quotient falls with the square of the Gaussian's width."""
    losses = []
    for sigma in (0.4, 0.2):
        problem = chain.compute(silicon, (6, 6, 6), weights="event", method="gaussian", sigma=sigma).problem(300.0)
        losses.append(problem.energy_conservation()[0])
    assert losses[0] > losses[1] > 0
    assert losses[0] / losses[1] == pytest.approx(4, rel=0.3)


def test_boundaries_do_not_count_as_lost_energy(silicon):
    computed = chain.compute(silicon, (4, 4, 4), weights="event")
    free = computed.problem(300.0).energy_conservation()
    bounded = computed.problem(300.0, boundary_length=1e-8).energy_conservation()
    assert np.allclose(bounded, free, rtol=1e-9)
