"""Health checks: each passes on a sound result and fails, in a sentence with its numbers, on one that is not."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal

from peierls.force_constants.sum_rules import Violations
from peierls.health import (
    check_acoustic_sum_rule,
    check_convergence,
    check_definiteness,
    check_energy_conservation,
    check_force_constants,
    check_positive_rates,
    check_positive_viscosity,
    check_quasiparticles,
    check_resolution,
    check_scattering,
    check_symmetry,
    check_unscattered_sets,
    check_zone_boundary,
    failures_at,
)
from peierls.solvers import iterative, variational


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred(), [4, 4, 4])


def assert_verdict(check, passed, *words):
    assert check.passed is passed
    assert check.name
    assert "\n" not in check.sentence
    for word in words:
        assert word in check.sentence


def test_acoustic_modes_at_gamma(chain):
    assert_verdict(check_acoustic_sum_rule(chain.phonons), True)
    shifted = replace(chain.phonons, acoustic_at_gamma=np.array([-0.3, 0.0, 0.01]))
    assert_verdict(check_acoustic_sum_rule(shifted), False, "0.3 THz", "limit 0.05 THz")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("fc2_translation", "translation, second order"),
        ("fc2_permutation", "permutation, second order"),
        ("fc3_translation", "translation, third order"),
        ("fc3_permutation", "permutation, third order"),
        ("fc2_space_group", "the space group of the atoms, second order"),
        ("fc3_space_group", "the space group of the atoms, third order"),
    ],
)
def test_rules_of_force_constants(rule, words):
    """Noise on force constants of their own crystal is reported with the rule that it breaks most."""
    small = Violations(*6 * [1e-3])
    assert_verdict(check_force_constants(np.array(astuple(small))), True, "1.0e-03 of the largest (limit 1e-02)")
    broken = np.array(astuple(replace(small, **{rule: 0.2})))
    assert_verdict(check_force_constants(broken), False, f"2.0e-01 of the largest (limit 1e-02): {words}")


def test_unscattered_modes(chain):
    sound = chain.linewidths(100.0, 300.0)
    sound = replace(sound, n_unscattered=np.array([0, 0]))
    assert_verdict(check_scattering(sound), True, str((sound.frequency > 0).sum()))
    assert_verdict(check_scattering(replace(sound, n_unscattered=np.array([0, 7]))), False, "7 of", "300 K")


def test_solvers_that_fail_alike_at_several_temperatures_say_it_once():
    temperatures = np.array([100.0, 200.0, 300.0, 400.0])
    reasons = [
        ("it ran out", " after 3 iterations", 1e-2, ": do"),
        ("", " after 3 iterations", 1e-12, ": do"),
        ("it ran out", " after 3 iterations", 3e-3, ": do"),
        ("it diverges", " after 3 iterations", 5.0, ": do"),
    ]
    assert failures_at(temperatures, reasons) == [
        "it ran out at 100, 300 K after 3 iterations at residuals of 3.0e-03 to 1.0e-02: do",
        "it diverges at 400 K after 3 iterations at a residual of 5.0e+00: do",
    ]
    assert failures_at(temperatures[1:2], reasons[1:2]) == []


@pytest.mark.parametrize("solver", [iterative, variational], ids=["iterative", "variational"])
def test_a_solver_that_runs_out_of_iterations_says_so_in_one_sentence(chain, solver):
    problem = chain.problem(100.0, 200.0, 300.0)
    settings = {**problem.settings, "solver_options": {"tolerance": 1e-12, "max_iterations": 2}}
    result = solver.solve(replace(problem, settings=settings))
    (check,) = (check for check in result.health if check.name.endswith("convergence"))
    assert_verdict(check, False, "at 100, 200, 300 K", "at residuals of")
    assert check.sentence.count(" K") == 1


def test_negative_rates(chain):
    sound = chain.linewidths(300.0)
    assert_verdict(check_positive_rates(sound), True)
    wrong = sound.linewidth.copy()
    wrong[0, 1, :2] = -1e-9
    assert_verdict(check_positive_rates(replace(sound, linewidth=wrong)), False, "2 linewidths")


def test_symmetry_of_kappa():
    """A hexagonal crystal may have κ_zz ≠ κ_xx, but not κ_xx ≠ κ_yy, and nothing off the diagonal."""
    mesh = compute(hexagonal(), [3, 3, 3]).mesh
    allowed = np.diag([100.0, 100.0, 60.0])[None]
    assert_verdict(check_symmetry(allowed, mesh), True)
    assert_verdict(check_symmetry(np.diag([100.0, 101.0, 60.0])[None], mesh), False, "4.6e-03")
    sheared = allowed.copy()
    sheared[0, 0, 2] = sheared[0, 2, 0] = 1.0
    assert_verdict(check_symmetry(sheared, mesh), False)


def test_resolution_of_the_mesh(chain):
    """On a coarse mesh the wave vectors next to Γ carry most of κ at low temperature."""
    mesh = chain.mesh
    images = mesh.zone_images[mesh.irreducible]
    near = (np.abs(images) <= 1).all(axis=1) & images.any(axis=1)
    carried = np.where(near[:, None], 0.1 / near.sum(), 0.9 / (~near).sum()) * np.ones((1, mesh.n_irreducible, 3)) / 3
    assert_verdict(check_resolution(mesh, carried, np.array([300.0])), True, "10 %")
    carried = np.where(near[:, None], 0.7 / near.sum(), 0.3 / (~near).sum()) * np.ones((1, mesh.n_irreducible, 3)) / 3
    assert_verdict(check_resolution(mesh, carried, np.array([40.0])), False, "70 %", "40 K")


def test_energy_conservation():
    temperatures = np.array([100.0, 300.0])
    assert_verdict(check_energy_conservation(np.array([1e-3, 2e-3]), temperatures), True, "300 K")
    assert_verdict(check_energy_conservation(np.array([0.4, 0.01]), temperatures), False, "4.0e-01", "100 K")


def test_definiteness_and_convergence():
    assert_verdict(check_definiteness(0, 1e-4), True)
    assert_verdict(check_definiteness(2, -1e-3), False, "2 eigenvalues")
    assert_verdict(check_convergence("variational", []), True, "variational")
    assert_verdict(check_convergence("iterative", ["iterative diverges at 300 K"]), False, "300 K")


def test_unscattered_pairs_of_degenerate_sets():
    temperatures = np.array([100.0, 300.0])
    assert_verdict(check_unscattered_sets(np.array([0, 0]), temperatures), True)
    assert_verdict(check_unscattered_sets(np.array([4, 0]), temperatures), False, "4 pairs", "100 K")


def test_well_defined_phonons():
    """The share of the heat, whichever its direction, of modes with ωτ < 1, where it is largest."""
    carried = np.array([[[1.0, 0.95]], [[1.5, -0.5]]])
    overdamped = np.array([[[False, False]], [[False, True]]])
    check = check_quasiparticles(carried, overdamped, np.array([100.0, 900.0]))
    assert_verdict(check, False, "25 %", "900 K", "limit 10 %")
    assert_verdict(check_quasiparticles(carried, np.zeros_like(overdamped), np.array([100.0, 900.0])), True, "0 %")


def test_a_result_carries_its_checks(chain):
    checks = {check.name: check for check in chain.rta(300.0).health}
    assert {"acoustic sum rule", "unscattered modes", "positive rates", "symmetry of kappa"} <= checks.keys()
    assert checks["symmetry of kappa"].passed


def test_a_drift_must_not_feed_itself():
    eta = np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3))[None]
    converged = np.array([True])
    assert_verdict(check_positive_viscosity(eta, converged), True)
    fed = eta.copy()
    fed[0, 0, 1, 0, 1] = -0.1
    assert_verdict(check_positive_viscosity(fed, converged), False, "negative at 1 of 1")
    assert_verdict(check_positive_viscosity(fed, ~converged), True)


def test_momentum_where_wave_vectors_have_several_images():
    temperatures = np.array([100.0, 300.0])
    assert_verdict(check_zone_boundary(np.array([0.01, 0.1]), temperatures), True, "10.0 %", "300 K")
    assert_verdict(check_zone_boundary(np.array([0.3, 0.1]), temperatures), False, "30.0 %", "100 K", "finer mesh")
