"""κ against boundary length: between the ballistic limit and the bulk."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, triclinic
from numpy.testing import assert_allclose
from scipy import linalg

from peierls import stage_files
from peierls.boundary_scan import TOLERANCE, BoundaryScan, boundary_lengths, scan_by_solving, scan_in_rta
from peierls.collision_operator import vectors
from peierls.dense_collision_operator import dense_sector
from peierls.linewidths import boundary_linewidths
from peierls.occupation import heat_capacities
from peierls.phonons import on_full_grid
from peierls.solvers import direct, rta
from peierls.units import METRE, WATT_PER_METRE_KELVIN

CRYSTALS = {
    "triclinic": (triclinic(1), [4, 3, 4]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}
SCANS = {"rta": (scan_in_rta, rta), "exact": (scan_by_solving, direct)}


@pytest.fixture(scope="module", params=CRYSTALS)
def chain(request):
    crystal, sizes = CRYSTALS[request.param]
    return compute(crystal, sizes, weights="event")


@pytest.fixture(scope="module", params=SCANS)
def scan_and_solver(request):
    return SCANS[request.param]


def allowed_error(solver, problem, kappa):
    """By how much κ may differ at each temperature, W/m/K: in RTA by rounding, else by what residuals may leave.

    ⟨r_a, Ω⁻¹ r_b⟩ is at most |r_a||r_b|/λ with the least eigenvalue λ of Ω relative to the rates. |r|² = ⟨r, r/rates⟩
    is at most TOLERANCE² times that of the source, and that is tr κ_RTA.
    """
    if solver is rta:
        return 1e-12 * np.abs(kappa).max(axis=(1, 2))
    least = []
    for position in range(len(problem.operator.temperatures)):
        sector = dense_sector(problem.operator, position, vectors(problem.mesh))
        rates = problem.operator.rates[sector.points, sector.bands, position]
        least.append(linalg.eigh(sector.matrix, np.diag(rates), eigvals_only=True)[0])
    trace = np.einsum("taa->t", rta.solve(problem).kappa)
    return TOLERANCE**2 * trace / np.array(least)


def test_each_length_is_a_run_with_that_boundary(chain, scan_and_solver):
    """The exact scan solves again, to the accuracy of second order in its residual; RTA is in closed form."""
    scan, solver = scan_and_solver
    lengths = [1e-9, 2e-8, 1e-6]
    found = scan(chain.problem(150.0, 500.0), lengths)
    assert_allclose(found.length, lengths)
    for number, length in enumerate(lengths):
        problem = chain.problem(150.0, 500.0, boundary_length=length)
        expected = solver.solve(problem).kappa
        allowed = allowed_error(solver, problem, expected)
        assert (np.abs(found.kappa[:, number] - expected).max(axis=(1, 2)) <= allowed).all()


def test_boundary_of_the_run_is_there_beside_that_of_the_scan(chain, scan_and_solver):
    scan, solver = scan_and_solver
    found = scan(chain.problem(300.0, boundary_length=3e-8), [6e-8])
    both = 1 / (1 / 3e-8 + 1 / 6e-8)
    for kappa, length in ((found.kappa[:, 0], both), (found.kappa_bulk, 3e-8)):
        problem = chain.problem(300.0, boundary_length=length)
        expected = solver.solve(problem).kappa
        assert np.abs(kappa - expected).max() <= allowed_error(solver, problem, expected).min()


def test_long_and_short_lengths(chain, scan_and_solver):
    """The bulk, and the ballistic limit κ = (L/V) Σ c v⊗v/|v|."""
    scan, solver = scan_and_solver
    problem = chain.problem(300.0)
    found = scan(problem, [1e-15, 1e6])
    bulk = solver.solve(problem).kappa
    assert np.abs(found.kappa[:, 1] - bulk).max() <= 1e-9 * bulk.max() + allowed_error(solver, problem, bulk).min()
    mesh, phonons = chain.mesh, chain.phonons
    velocities = on_full_grid(phonons.group_velocities, mesh)
    speeds = phonons.speeds[mesh.grid_to_irreducible]
    capacities = heat_capacities(phonons.frequencies, 300.0)
    shares = np.divide(capacities, speeds, out=np.zeros_like(speeds), where=speeds > 0)
    volume = mesh.n_points * chain.crystal.volume * WATT_PER_METRE_KELVIN
    ballistic = np.einsum("gs,gsa,gsb->ab", shares, velocities, velocities) / volume * 1e-15 * METRE
    assert_allclose(found.kappa[0, 0], ballistic, rtol=0, atol=1e-4 * np.abs(ballistic).max())


def test_boundary_rates_are_those_of_the_run(chain):
    """The scan's |v|/L is that of `scattering.boundary_length`."""
    settings = {"boundary_length": 2e-8, "max_mfp": None}
    assert_allclose(2 * boundary_linewidths(chain.phonons, settings), chain.phonons.speeds / (2e-8 * METRE), rtol=1e-14)


def test_chosen_lengths_go_from_next_to_nothing_to_the_bulk(chain, scan_and_solver):
    found = scan_and_solver[0](chain.problem(100.0, 900.0), None)
    trace, bulk = np.einsum("tlaa->tl", found.kappa), np.einsum("taa->t", found.kappa_bulk)
    assert (np.diff(trace, axis=1) > 0).all()
    assert (trace[:, 0] < 0.02 * bulk).any() and (trace[:, -1] > 0.98 * bulk).all()
    steps = np.diff(np.log10(found.length))
    assert_allclose(steps, 0.25, rtol=1e-9)


def test_lengths_that_are_given_are_sorted(chain):
    assert_allclose(boundary_lengths(chain.problem(300.0), [1e-6, 1e-8, 1e-6]), [1e-8, 1e-6])


def test_lengths_share_what_the_collisions_do_to_them(chain, caplog):
    """Far fewer applications of the collision operator than lengths times what one length needs."""

    def applications(lengths):
        caplog.clear()
        with caplog.at_level("INFO"):
            found = scan_by_solving(chain.problem(300.0), lengths)
        return sum("application" in message for message in caplog.messages) - 1, found

    together, found = applications(None)
    alone = [applications([length])[0] for length in found.length[::4]]
    assert together < 0.7 * sum(alone)
    assert (found.residual < TOLERANCE).all()


def test_temperatures_that_do_not_fit_are_solved_after_each_other(chain):
    problem = chain.problem(100.0, 300.0, 900.0)
    together = scan_by_solving(problem, [1e-8, 1e-6])
    little = {**problem.settings["integration"], "max_memory": 1e-9}
    apart = scan_by_solving(replace(problem, settings={**problem.settings, "integration": little}), [1e-8, 1e-6])
    for number, length in enumerate([1e-8, 1e-6]):
        allowed = allowed_error(direct, chain.problem(100.0, 300.0, 900.0, boundary_length=length), None)
        difference = np.abs(apart.kappa[:, number] - together.kappa[:, number]).max(axis=(1, 2))
        assert (difference <= 2 * allowed).all()


def test_a_mode_without_scattering_stays_out(chain):
    """As it does in the bulk: a scan never exceeds it."""
    problem = chain.problem(300.0)
    linewidths = problem.linewidths
    linewidths.linewidth[0, -1, -1] = 0.0
    for scan in (scan_in_rta, scan_by_solving):
        found = scan(problem, [1e3])
        assert_allclose(found.kappa[:, 0], found.kappa_bulk, rtol=0, atol=1e-6 * np.abs(found.kappa_bulk).max())


def test_stage_comes_back_from_its_file(chain, tmp_path):
    found = scan_in_rta(chain.problem(300.0), [1e-8])
    stage_files.write(tmp_path / "scan.h5", found)
    assert stage_files.read(tmp_path / "scan.h5", BoundaryScan).solver == "rta"
