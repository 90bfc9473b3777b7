"""The collision operator: symmetric, never negative with the weighting `event`, and the same however it is written
down."""

import chain
import numpy as np
import pytest
from scipy import linalg

from peierls.collision_operator import (
    CollisionOperator,
    Representation,
    even_fields,
    representation_of,
    scalars,
    vectors,
)
from peierls.crystal import Crystal, Floats
from peierls.dense_collision_operator import dense_sector
from peierls.mesh import Mesh
from peierls.solvers import relaxons
from peierls.solvers.heat_conduction import HeatConduction
from peierls.triplets import reduced_triplets

MESHES = {
    "silicon": ((4, 4, 4), (3, 3, 3)),
    "rock salt": ((4, 4, 4),),
    "polar rock salt": ((3, 3, 3),),
    "hexagonal": ((4, 4, 3),),
    "polar hexagonal": ((2, 2, 3),),
    "triclinic": ((3, 3, 2),),
    "polar triclinic": ((2, 3, 2),),
}
MADE = {
    "rock salt": lambda: chain.face_centred((28.0, 12.0)),
    "polar rock salt": chain.polar_rock_salt,
    "hexagonal": chain.hexagonal,
    "polar hexagonal": chain.polar_hexagonal,
    "triclinic": chain.triclinic,
    "polar triclinic": chain.polar_triclinic,
}
METHODS = {
    "tetrahedron": {"method": "tetrahedron"},
    "gaussian": {"method": "gaussian", "sigma": 0.4},
    **{kind: {"method": "adaptive", "kind": kind} for kind in ("invariant", "shengbte", "fourphonon", "tdep")},
}
WEIGHTS = ("event", "mode")
TEMPERATURES = (50.0, 300.0, 1000.0)
SCATTERING = {"alone": {}, "isotopes and boundary": {"isotopes": "natural", "boundary_length": 1e-7}}


@pytest.fixture(params=[(name, sizes) for name, meshes in MESHES.items() for sizes in meshes], ids=str)
def named(request: pytest.FixtureRequest, silicon: Crystal) -> tuple[Crystal, tuple[int, int, int]]:
    """A crystal and a mesh for it."""
    name, sizes = request.param
    return (silicon if name == "silicon" else MADE[name]()), sizes


def odd_fields(mesh: Mesh) -> Representation:
    """Fields that are odd in q and have no other symmetry, held as `even_fields` holds even ones: f(Sq) = -f(-Sq)."""
    even = even_fields(mesh)
    numbers = {matrix.tobytes(): number for number, matrix in enumerate(mesh.rotations)}
    opposite = np.array([numbers[(-matrix).tobytes()] for matrix in mesh.rotations])
    kept = np.flatnonzero(np.arange(len(opposite)) < opposite)
    matrices = even.matrices.copy()
    for number, rotation in enumerate(mesh.rotations):
        for column, one in enumerate(kept):
            if numbers[(rotation @ mesh.rotations[one]).tobytes()] not in kept:
                matrices[number, :, column] *= -1
    return representation_of(mesh, matrices, -1.0)


FIELDS = (vectors, scalars, even_fields, odd_fields)
"""The last two are all fields on the full mesh: no eigenvalue of Ω is left out."""


def problem_of(
    named: tuple[Crystal, tuple[int, int, int]],
    weights: str,
    scattering: str = "isotopes and boundary",
    **method: object,
) -> HeatConduction:
    crystal, sizes = named
    long_range = chain.NO_LONG_RANGE_PART if crystal.born_charges is None else chain.long_range()
    computed = chain.compute(crystal, sizes, long_range, weights=weights, **method)
    return computed.problem(*TEMPERATURES, **SCATTERING[scattering])


def allowed_field(operator: CollisionOperator, representation: Representation, seed: int) -> Floats:
    """A random field of active modes that has the symmetry of the crystal."""
    components = representation.matrices.shape[1]
    shape = (*operator.rates.shape[:2], components, len(operator.temperatures))
    field = np.random.default_rng(seed).normal(size=shape)
    return (representation.projectors[:, None] @ field) * operator.active[:, :, None]


def assert_symmetric(operator: CollisionOperator, representation: Representation) -> None:
    """⟨f, Ω g⟩ = ⟨g, Ω f⟩ to 1e-12 of the largest rate."""
    left, right = (allowed_field(operator, representation, seed) for seed in (1, 2))
    there = operator.inner(left, operator.apply(right, representation))
    back = operator.inner(right, operator.apply(left, representation))
    scale = np.sqrt(operator.inner(left, left) * operator.inner(right, right)) * operator.rates.max(axis=(0, 1))
    assert (np.abs(there - back) <= 1e-12 * scale).all()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_sum_of_events_is_symmetric_and_never_negative(named, method):
    """Symmetric to 1e-12 and no eigenvalue below -1e-12 of the largest, at each temperature and on every field of the
    mesh, whatever the crystal, the mesh and the delta function; with isotopes and boundaries, too."""
    for scattering in SCATTERING:
        operator = problem_of(named, "event", scattering, **method).operator
        for fields in FIELDS:
            representation = fields(operator.mesh)
            assert_symmetric(operator, representation)
            for position in range(len(TEMPERATURES)):
                rates = linalg.eigvalsh(dense_sector(operator, position, representation).matrix)
                assert rates[0] >= -1e-12 * rates[-1]


@pytest.mark.parametrize("method", ("tetrahedron", "gaussian", "fourphonon"))
def test_rates_as_each_mode_sees_them_are_symmetric_too(named, method):
    operator = problem_of(named, "mode", **METHODS[method]).operator
    for fields in FIELDS:
        assert_symmetric(operator, fields(operator.mesh))


def test_even_and_odd_fields_are_all_fields(named):
    """As many as there are modes on the mesh."""
    operator = problem_of(named, "event").operator
    sizes = [len(dense_sector(operator, 1, fields(operator.mesh)).matrix) for fields in (even_fields, odd_fields)]
    assert sum(sizes) == (operator.mesh.weights[:, None] * operator.active[:, :, 1]).sum()


def test_rates_as_each_mode_sees_them_do_not_make_it_positive(silicon):
    """The peers' weighting has a negative energy relaxon on a coarse mesh; it is counted, not hidden."""
    found = {}
    for weights in WEIGHTS:
        problem = problem_of((silicon, (5, 5, 5)), weights, "alone")
        rates = linalg.eigvalsh(dense_sector(problem.operator, 1, scalars(problem.mesh)).matrix)
        found[weights] = (rates < -1e-4 * rates[-1]).sum()
        (check,) = [check for check in relaxons.solve(problem).health if check.name == "negative eigenvalues"]
        assert check.passed == (weights == "event")
        assert check.sentence.startswith(f"{found[weights]} eigenvalues of the collision operator are negative")
    assert found == {"event": 0, "mode": 1}


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_matrix_is_the_operator(named, weights):
    operator = problem_of(named, weights).operator
    for fields in FIELDS:
        representation = fields(operator.mesh)
        field = allowed_field(operator, representation, 3)
        image = operator.apply(field, representation)
        for position in range(len(TEMPERATURES)):
            sector = dense_sector(operator, position, representation)
            assert np.allclose(sector.field(sector.coordinates(field[..., position])), field[..., position], atol=1e-12)
            by_matrix = sector.field(sector.matrix @ sector.coordinates(field[..., position]))
            assert np.abs(by_matrix - image[..., position]).max() <= 1e-12 * np.abs(image).max()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_relaxon_rates_add_up_to_rates_and_self_coupling(named, method):
    """Σ 1/τ_α of the solver = Σ 1/τ of the modes + Σ ⟨u, (Ω - 1/τ) u⟩ over the unit fields u, to 1e-12: what a mode
    couples to itself and to its star is found without the matrix, one field after the other."""
    problem = problem_of(named, "event", **method)
    operator, representation = problem.operator, vectors(problem.mesh)
    found = relaxons.solve(problem)
    sector = dense_sector(operator, 0, representation)
    rates = operator.rates[sector.points, sector.bands]
    self_coupling = np.zeros(len(TEMPERATURES))
    for unit in np.eye(len(rates)):
        field = np.repeat(sector.field(unit)[..., None], len(TEMPERATURES), axis=-1)
        self_coupling += operator.inner(
            field, operator.apply(field, representation) - operator.rates[:, :, None] * field
        )
    for position in range(len(TEMPERATURES)):
        times = found.relaxation_times[position]
        assert np.isfinite(times[: len(rates)]).all()
        assert (1 / times[: len(rates)]).sum() == pytest.approx(
            rates[:, position].sum() + self_coupling[position], rel=1e-12
        )
        kappa = found.kappa[position]
        assert np.abs(found.relaxon_kappa[position, : len(rates)].sum(axis=0) - kappa).max() <= 1e-12 * kappa.max()


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
