"""One operator, five solvers: what they must have in common, and what each must say when it cannot have an answer."""

from dataclasses import replace

import chain
import full_mesh
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peierls.collision_operator import CollisionOperator, scalars, spread_over_stars, vectors
from peierls.solvers import direct, iterative, relaxons, rta, variational
from peierls.solvers.iterative import DIVERGES, OSCILLATES, omini_sparavigna
from peierls.solvers.variational import conjugate_gradient
from peierls.units import HBAR

TEMPERATURES = (50.0, 300.0, 1000.0)
SCATTERING = {"alone": {}, "isotopes and boundary": {"isotopes": "natural", "boundary_length": 1e-7}}


@pytest.fixture(scope="module", params=["silicon 11", "polar rock salt", "hexagonal", "triclinic"])
def computed(request, silicon):
    """Matrix elements of a non-polar, a polar, a uniaxial and a triclinic crystal."""
    cases = {
        "silicon 11": lambda: (silicon, (11, 11, 11)),
        "polar rock salt": lambda: (chain.polar_rock_salt(), (6, 6, 6)),
        "hexagonal": lambda: (chain.hexagonal(), (6, 6, 5)),
        "triclinic": lambda: (chain.triclinic(), (4, 3, 3)),
    }
    crystal, sizes = cases[request.param]()
    electrostatics = chain.NO_LONG_RANGE_PART if crystal.born_charges is None else chain.long_range()
    return {weights: chain.compute(crystal, sizes, electrostatics, weights=weights) for weights in ("event", "mode")}


@pytest.mark.parametrize("weights", ("event", "mode"))
@pytest.mark.parametrize("scattering", SCATTERING.values(), ids=SCATTERING)
def test_exact_solvers_agree(computed, weights, scattering):
    problem = computed[weights].problem(*TEMPERATURES, **scattering)
    exact = direct.solve(problem)
    # Where `mode` is so far from positive that heat flows uphill, there is no κ, and it says so.
    valid = exact.converged == 1
    assert valid.all() or (weights == "mode" and "kappa is negative" in " ".join(exact.health_sentences))
    for solver in (variational, relaxons, iterative):
        result = solver.solve(problem)
        converged = result.converged == 1
        if solver is variational and weights == "mode":
            # Where this weighting is not positive, no descent can end, and the solver says so.
            assert converged.all() or "negative eigenvalue" in result.health[0].sentence
        else:
            assert (converged == valid).all() or solver is iterative
        both = converged & valid
        difference = np.abs(result.kappa - exact.kappa)[both].max(axis=(1, 2), initial=0)
        assert (difference <= 1e-6 * np.abs(exact.kappa[both]).max(axis=(1, 2))).all(), solver.__name__
        assert np.isnan(result.kappa[~converged]).all()


def test_velocities_that_break_the_symmetry_part_the_solvers(silicon):
    """As force constants do that break it; from the part that has the symmetry of the wave vectors they agree again,
    and κ is that of a cubic crystal."""
    problem = chain.compute(silicon, (4, 4, 4), weights="event").problem(300.0)
    velocities = problem.phonons.group_velocities
    noise = 0.1 * velocities.std() * np.random.default_rng(1).normal(size=velocities.shape)
    broken, averaged = (
        [solver.solve(with_velocities(problem, one)).kappa[0] for solver in (direct, relaxons, variational, iterative)]
        for one in (velocities + noise, (velocities + noise) @ vectors(problem.mesh).projectors)
    )
    size = np.trace(broken[0]) / 3
    for left, right in ((broken[0], broken[1]), (broken[2], broken[3]), *((averaged[0], each) for each in averaged)):
        assert np.abs(left - right).max() <= 1e-6 * size
    assert np.abs(broken[0] - broken[2]).max() > 1e-3 * size
    assert np.abs(averaged[0] - np.eye(3) * averaged[0][0, 0]).max() <= 1e-10 * size


def with_velocities(problem, velocities):
    """The same with other group velocities."""
    return replace(problem, phonons=replace(problem.phonons, group_velocities=velocities))


def test_relaxons_add_up_to_kappa(computed):
    result = relaxons.solve(computed["event"].problem(*TEMPERATURES))
    total = np.nansum(result.relaxon_kappa, axis=1)
    assert np.abs(total - result.kappa).max() <= 1e-12 * np.abs(result.kappa).max()
    times = result.relaxation_times
    assert (np.diff(times, axis=1) <= 0).all(), "slowest first, and none negative"


def test_relaxons_of_a_cubic_crystal_move_alike_in_all_directions(computed):
    if not computed["event"].mesh.space_group.startswith("F"):
        return
    result = relaxons.solve(computed["event"].problem(300.0))
    velocities, times = result.relaxon_velocities[0], result.relaxation_times[0]
    assert np.allclose(velocities, velocities[:, :1], atol=1e-9 * velocities.max())
    assert (times > 0).all()


def test_modes_and_kappa_are_one_thing(computed):
    """κ is the sum over modes of c v⊗F for every solver, and F is vτ in RTA."""
    problem = computed["event"].problem(300.0)
    for solver in (rta, variational):
        result = solver.solve(problem)
        assert np.allclose(result.mode_kappa.sum(axis=(1, 2)), result.kappa, rtol=1e-12)
    lifetimes = np.divide(
        1, problem.operator.rates, where=problem.operator.rates > 0, out=np.zeros_like(problem.operator.rates)
    )
    displacement = problem.phonons.group_velocities * lifetimes
    assert np.allclose(rta.solve(problem).mean_free_displacement[0], displacement, rtol=1e-12)


def test_the_variational_bound_rises_to_kappa(computed):
    result = variational.solve(computed["event"].problem(*TEMPERATURES))
    traces = np.einsum("tii->t", result.kappa) / 3
    for bound, kappa in zip(result.iteration_kappa, traces, strict=True):
        bound = bound[np.isfinite(bound)]
        assert (np.diff(bound) >= -1e-12 * kappa).all()
        assert (bound <= kappa * (1 + 1e-9)).all()
        assert bound[-1] == pytest.approx(kappa, rel=1e-9)


@pytest.fixture(scope="module")
def coarse(silicon):
    """Silicon on a coarse mesh, its solution ψ, and its κ by direct solution."""
    problem = chain.compute(silicon, (4, 4, 4), weights="event").problem(300.0)
    result = direct.solve(problem)
    energies = HBAR * problem.phonons.frequencies * problem.operator.sqrt_nn[..., 0]
    solution = result.mean_free_displacement[0] * energies[problem.mesh.irreducible][..., None]
    return problem, solution[..., None], float(np.trace(result.kappa[0]) / 3)


def bound(problem, trial):
    """κ^V of a trial field, W/m/K."""
    image = problem.operator.apply(trial, vectors(problem.mesh))
    twice = 2 * problem.operator.inner(problem.source, trial)
    return problem.trace(twice - problem.operator.inner(trial, image))[0]


@given(seed=st.integers(0, 2**32 - 1), size=st.floats(-3, 3), mixture=st.floats(0, 1), distance=st.floats(-6, 0))
@settings(max_examples=60, deadline=None)
def test_no_trial_function_gives_more_than_kappa(coarse, seed, size, mixture, distance):
    """Neither far from the solution nor next to it, where κ^V falls with the square of the distance; κ itself is the
    bound of the solution."""
    problem, solution, kappa = coarse
    operator, representation = problem.operator, vectors(problem.mesh)
    noise = representation.projectors[:, None] @ np.random.default_rng(seed).normal(size=problem.source.shape)
    rates = np.maximum(operator.rates, 1e-30)[:, :, None]
    noise *= operator.active[:, :, None] * problem.source.std() / rates
    far = size * (mixture * problem.source / rates * operator.active[:, :, None] + (1 - mixture) * noise)
    near = solution + 10**distance * noise
    assert bound(problem, solution) == pytest.approx(kappa, rel=1e-10)
    for trial in (far, near):
        assert bound(problem, trial) <= kappa * (1 + 1e-10)
    fall = problem.trace(operator.inner(noise, operator.apply(noise, representation)))[0]
    assert kappa - bound(problem, near) == pytest.approx(10 ** (2 * distance) * fall, rel=1e-3, abs=1e-9 * kappa)


def assert_same_operator(operator: CollisionOperator, every: full_mesh.FullMesh) -> None:
    """Ω θ on the wedge, carried to the full mesh, is A f/s of the full mesh for f = θ/s: 1e-12 of the largest."""
    s = operator.sqrt_nn[..., 0]
    inverse = np.divide(1.0, s, out=np.zeros_like(s), where=np.isfinite(s) & (s > 0)).ravel()
    scaled = inverse[:, None] * every.collisions * inverse
    for fields in (vectors, scalars):
        representation = fields(operator.mesh)
        shape = (*operator.rates.shape[:2], representation.matrices.shape[1], 1)
        field = representation.projectors[:, None] @ np.random.default_rng(4).normal(size=shape)
        field *= operator.active[:, :, None]
        spread, image = (
            spread_over_stars(one, operator.mesh, representation).reshape(len(scaled), -1)
            for one in (field, operator.apply(field, representation))
        )
        acts = every.losses > 0
        expected = (scaled @ spread)[acts]
        assert np.abs(image[acts] - expected).max() <= 1e-12 * np.abs(expected).max()


def test_the_full_mesh_without_symmetry_gives_the_same(silicon):
    """Every event of the mesh, written out term by term: the operator to 1e-12, whatever its condition, and κ to 1e-8,
    for each weighting, with and without isotopes."""
    cases = ((silicon, (4, 4, 4)), (silicon, (3, 3, 3)), (chain.triclinic(), (3, 3, 2)), (chain.hexagonal(), (4, 4, 3)))
    for crystal, sizes in cases:
        for weights in ("event", "mode"):
            for isotopes in (True,) if len(crystal.species) == 1 else (False, True):
                computed = chain.compute(crystal, sizes, weights=weights, method="gaussian", sigma=0.6)
                problem = computed.problem(300.0, isotopes="natural" if isotopes else "none")
                every = full_mesh.full_mesh(computed, 300.0, isotopes)
                assert_same_operator(problem.operator, every)
                result, expected = direct.solve(problem), every.kappa()
                assert np.abs(result.kappa[0] - expected).max() <= 1e-8 * np.abs(expected).max()


def test_without_umklapp_kappa_is_infinite_and_said_to_be(silicon):
    """Along z this crystal has no Umklapp process with so narrow a delta function: no solver gives a number."""
    computed = chain.compute(chain.hexagonal(), (4, 4, 3), weights="event", method="gaussian", sigma=0.6)
    for solver in (direct, relaxons):
        result = solver.solve(computed.problem(300.0))
        assert not result.converged.any() and np.isnan(result.kappa).all()
        assert any("nothing limits kappa" in check.sentence for check in result.health if not check.passed)


def test_the_fixed_point_says_that_it_oscillates():
    """One event u uᵀ has the eigenvalue u·u = 3 of A_out⁻¹A along its own u: the iteration cannot converge, CG is
    there at once."""
    u = np.array([1.0, 1.0, -1.0])[:, None]

    def apply(field):
        return u * (u * field).sum(axis=0)

    def inner(left, right):
        return (left * right).sum(axis=0)

    reached = omini_sparavigna(apply, np.ones((3, 1)), u, inner, 1e-9, 100)
    assert reached.outcomes == [OSCILLATES]
    assert len(reached.residuals) < 5
    descent = conjugate_gradient(apply, np.ones((3, 1)), u, inner, 1e-9, 100)
    assert descent.converged.all()
    assert np.allclose(descent.solution, u / 3, rtol=1e-12)


def test_the_fixed_point_says_that_it_diverges():
    """A negative eigenvalue is one that no iteration can pass: the residual grows without changing sign."""
    matrix = np.array([[1.0, 0.0], [0.0, -0.5]])
    reached = omini_sparavigna(
        lambda x: matrix @ x, np.ones((2, 1)), np.ones((2, 1)), lambda a, b: (a * b).sum(axis=0), 1e-9, 100
    )
    assert reached.outcomes == [DIVERGES]


def test_a_crystal_on_which_the_fixed_point_diverges():
    """Face-centred cubic, 4³: an allowed eigenvalue of 2.2. The row is nan, the sentence names the cure, and the
    cure works."""
    problem = chain.compute(chain.face_centred(), (4, 4, 4), weights="event").problem(300.0)
    result = iterative.solve(problem)
    assert not result.converged.any() and np.isnan(result.kappa).all()
    failed = [check for check in result.health if not check.passed]
    assert failed[0].name == "iterative convergence"
    assert "oscillates at 300 K" in failed[0].sentence and "use the solver variational" in failed[0].sentence
    assert np.allclose(variational.solve(problem).kappa, direct.solve(problem).kappa, rtol=1e-6)


def test_rounding_grows_where_the_symmetry_is_not_kept(silicon):
    """Silicon 5³ has an eigenvalue of 2.5 with no overlap with the heat current. On the full mesh, where nothing
    keeps it out, the fixed point passes by the solution and is caught growing; with symmetry it converges.
    """
    computed = chain.compute(silicon, (5, 5, 5), weights="event", method="gaussian", sigma=0.4)
    every = full_mesh.full_mesh(computed, 300.0)
    active = np.flatnonzero(every.losses > 0)
    scale = np.sqrt(every.losses[active])
    scaled = every.collisions[np.ix_(active, active)] / np.outer(scale, scale)
    assert 2.4 < np.linalg.eigvalsh(scaled)[-1] < 2.6
    source = (every.source[active] / scale[:, None])[:, :1]
    reached = omini_sparavigna(
        lambda x: scaled @ x, np.ones_like(source), source, lambda a, b: (a * b).sum(axis=0), 1e-15, 500
    )
    assert reached.outcomes == [OSCILLATES]
    assert reached.residuals.min() < 1e-9, "it was close before rounding grew"
    assert iterative.solve(computed.problem(300.0)).converged.all()


def test_unscattered_modes_are_counted(silicon):
    """A delta function far narrower than the mesh is coarse leaves modes alone: reported, and κ is said to lack
    them."""
    problem = chain.compute(silicon, (4, 4, 4), weights="event", method="gaussian", sigma=0.01).problem(300.0)
    n_alone = int(problem.linewidths.n_unscattered[0])
    assert n_alone > 0
    for solver in (rta, variational):
        failed = {check.name: check.sentence for check in solver.solve(problem).health if not check.passed}
        assert f"{n_alone} of" in failed["unscattered modes"]


def test_temperatures_do_not_mix(computed):
    """Solved together or alone, a temperature has the same κ."""
    together = variational.solve(computed["event"].problem(*TEMPERATURES))
    for position, temperature in enumerate(TEMPERATURES):
        alone = variational.solve(computed["event"].problem(temperature))
        assert np.allclose(together.kappa[position], alone.kappa[0], rtol=1e-8, atol=1e-8 * np.abs(alone.kappa).max())


def test_recomputing_gives_the_same(silicon):
    """`storage: recompute` keeps no matrix elements and changes no digit."""
    from peierls.matrix_elements import Recomputed

    computed = chain.compute(silicon, (4, 4, 4), weights="event")
    stored = computed.problem(300.0)
    anew = Recomputed(computed.crystal, computed.mesh, computed.phonons, computed.integration)
    assert np.allclose(
        variational.solve(replace(stored, matrix_elements=anew)).kappa, variational.solve(stored).kappa, rtol=1e-12
    )


def test_lanczos_finds_the_slow_end(silicon):
    """Where the matrix does not fit, the slowest relaxons are the same and κ is that of the variational solution."""
    problem = chain.compute(silicon, (5, 5, 5), weights="event").problem(300.0)
    whole = relaxons.solve(problem)
    tight = {**problem.settings, "integration": {**problem.settings["integration"], "max_memory": 1e-6}}
    ends = relaxons.solve(replace(problem, settings=tight))
    n = ends.relaxation_times.shape[1]
    assert n < whole.relaxation_times.shape[1]
    assert np.allclose(ends.relaxation_times[0], whole.relaxation_times[0, :n], rtol=1e-8)
    assert np.allclose(ends.kappa, whole.kappa, rtol=1e-6)


def test_rates_of_many_decades_do_not_part_the_solvers(silicon):
    """At 5 K the rates of silicon on a coarse mesh span twelve decades and more: one κ, and a word about the mesh."""
    problem = chain.compute(silicon, (5, 5, 5), weights="event").problem(5.0)
    exact = direct.solve(problem)
    assert np.allclose(variational.solve(problem).kappa, exact.kappa, rtol=1e-6, atol=1e-6 * exact.kappa.max())
    failed = {check.name: check.sentence for check in exact.health if not check.passed}
    assert "too coarse for rates at 5 K" in failed["thermal resolution"]
