"""Three-phonon phase space: sums over all processes, and what they do not depend on."""

import numpy as np
import pytest
from chain import face_centred, harmonic, integration, triclinic
from less_symmetry import without_symmetry

from peierls import stage_files
from peierls.phase_space import PhaseSpace, phase_space
from peierls.units import THZ

WIDE = {"method": "gaussian", "sigma": 0.5, "threshold": 8.0}
CASES = {"triclinic": (triclinic(2), [3, 4, 3]), "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4])}


@pytest.fixture(params=CASES)
def case(request):
    crystal, sizes = CASES[request.param]
    return crystal, *harmonic(crystal, sizes)


def test_sum_over_all_processes_term_by_term(case):
    """Every q', s', s'' of the full mesh with a Gaussian written out."""
    _, mesh, phonons = case
    found = phase_space(mesh, phonons, integration(**WIDE))
    sigma, omega = 0.5 * THZ, phonons.frequencies
    q2 = np.arange(mesh.n_points)
    for row in range(0, mesh.n_irreducible, 3):
        q1 = int(mesh.irreducible[row])
        q3 = mesh.third_point(np.array(q1), q2)
        second, third = omega[q2][:, :, None], omega[q3][:, None, :]
        alive = (second > 0) & (third > 0)
        for band in np.flatnonzero(omega[q1] > 0):
            for mismatch, expected in (
                (omega[q1, band] + second - third, found.absorption),
                (omega[q1, band] - second - third, found.decay),
            ):
                weights = np.exp(-0.5 * (mismatch / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
                weights[~alive | (np.abs(mismatch) >= 8 * sigma)] = 0
                assert expected[row, band] == pytest.approx(weights.sum() / mesh.n_points, rel=1e-9)


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian"])
def test_total_does_not_depend_on_the_symmetry_that_is_used(case, method):
    """Without symmetry every point stands for itself; tetrahedra keep the symmetry of these meshes up to their
    diagonals, which no operation but time reversal keeps."""
    _, mesh, phonons = case
    settings = integration(**{**WIDE, "method": method})
    full = without_symmetry(mesh)
    # `phonons` of the irreducible points only matter to adaptive widths.
    reduced, whole = (phase_space(grid, phonons, settings) for grid in (mesh, full))
    assert whole.total == pytest.approx(reduced.total, rel=1e-9 if method == "gaussian" else 0.05)


def test_total_is_the_weighted_sum_of_the_modes(case):
    crystal, mesh, phonons = case
    found = phase_space(mesh, phonons, integration())
    of_modes = found.weight[:, None] * (found.absorption + found.decay / 2)
    assert found.total == pytest.approx(2 / 3 * of_modes.sum() / mesh.n_points / crystal.n_bands**3)
    assert found.total > 0


def test_every_process_is_one_decay_and_two_absorptions(case):
    """With the same width from all sides: Σ_λ P⁺ counts each of the two that are absorbed, Σ_λ ½P⁻ the one that
    decays; so Σ P⁺ = Σ P⁻."""
    _, mesh, phonons = case
    found = phase_space(mesh, phonons, integration(**WIDE))
    absorbed, decayed = ((found.weight[:, None] * one).sum() for one in (found.absorption, found.decay))
    assert absorbed == pytest.approx(decayed, rel=1e-9)


def test_weighting_of_the_collisions_does_not_matter(case):
    _, mesh, phonons = case
    one, other = (phase_space(mesh, phonons, integration(weights=weights)) for weights in ("mode", "event"))
    assert one.total == other.total


def test_stage_comes_back_from_its_file(case, tmp_path):
    found = phase_space(case[1], case[2], integration(**WIDE))
    stage_files.write(tmp_path / "phase_space.h5", found)
    assert stage_files.read(tmp_path / "phase_space.h5", PhaseSpace).total == found.total
