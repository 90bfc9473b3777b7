"""κ against boundary length: between the ballistic limit and the bulk."""

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, triclinic
from numpy.testing import assert_allclose

from peierls import stage_files
from peierls.boundary_scan import BoundaryScan, boundary_lengths, scan_by_solving, scan_in_rta
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


def test_each_length_is_a_run_with_that_boundary(chain, scan_and_solver):
    """The exact scan solves again, to the accuracy of second order in its residual."""
    scan, solver = scan_and_solver
    lengths = [1e-9, 2e-8, 1e-6]
    found = scan(chain.problem(150.0, 500.0), lengths)
    assert_allclose(found.length, lengths)
    for number, length in enumerate(lengths):
        expected = solver.solve(chain.problem(150.0, 500.0, boundary_length=length)).kappa
        assert_allclose(found.kappa[:, number], expected, rtol=0, atol=5e-7 * np.abs(expected).max())


def test_boundary_of_the_run_is_there_beside_that_of_the_scan(chain, scan_and_solver):
    scan, solver = scan_and_solver
    found = scan(chain.problem(300.0, boundary_length=3e-8), [6e-8])
    both = 1 / (1 / 3e-8 + 1 / 6e-8)
    for kappa, length in ((found.kappa[:, 0], both), (found.kappa_bulk, 3e-8)):
        expected = solver.solve(chain.problem(300.0, boundary_length=length)).kappa
        assert_allclose(kappa, expected, rtol=0, atol=5e-7 * np.abs(expected).max())


def test_long_and_short_lengths(chain, scan_and_solver):
    """The bulk, and the ballistic limit κ = (L/V) Σ c v⊗v/|v|."""
    scan, solver = scan_and_solver
    problem = chain.problem(300.0)
    found = scan(problem, [1e-15, 1e6])
    bulk = solver.solve(problem).kappa
    assert_allclose(found.kappa[:, 1], bulk, rtol=0, atol=1e-7 * np.abs(bulk).max())
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


def test_starting_from_the_length_before_saves_steps(chain):
    """Fewer in all than as many solutions from scratch."""
    problem = chain.problem(300.0)
    together = scan_by_solving(problem, None)
    alone = [scan_by_solving(problem, [length]) for length in together.length[::6]]
    assert together.iterations[::6].sum() <= sum(int(one.iterations[0]) for one in alone)
    assert together.iterations.max() <= 12


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
