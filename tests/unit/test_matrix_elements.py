"""On-shell matrix elements against the formula, and what they must not depend on."""

from dataclasses import fields, replace

import numpy as np
import pytest
from chain import compute, face_centred, integration, triclinic
from naive import mixed_within_sets, squared_elements
from numpy.testing import assert_allclose, assert_array_equal

from peierls.matrix_elements import MatrixElements, Recomputed, compute_matrix_elements
from peierls.on_shell import on_shell_search, unpack_bands

CASES = {"triclinic": (triclinic(2), [2, 3, 2]), "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4])}


@pytest.fixture(params=CASES, scope="module")
def chain(request):
    return compute(*CASES[request.param])


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
def test_strengths_are_squared_elements_times_delta_weights(method):
    chain = compute(*CASES["rock salt"], method=method, sigma=0.5)
    mesh, phonons, elements = chain.mesh, chain.phonons, chain.elements
    search = on_shell_search(mesh, phonons, chain.integration)
    n, n_compared = phonons.n_bands, 0
    for position, point in enumerate(elements.points):
        q1 = int(mesh.irreducible[point])
        triplets, entries = elements.of_point(position)
        q2, q3 = (array[triplets].astype(int) for array in (elements.second_points, elements.third_points))
        shell = search(q1, q2, q3)
        assert_array_equal(elements.bands[entries], shell.bands)
        assert_array_equal(elements.processes[entries], shell.process)
        for t in range(0, len(q2), 5):
            squares = squared_elements(chain.crystal, mesh, phonons, (q1, int(q2[t]), int(q3[t])))
            of_triplet = shell.triplet == t
            expected = shell.weight[of_triplet] * squares[unpack_bands(shell.bands[of_triplet])]
            found = elements.strengths[entries][of_triplet]
            assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * elements.strengths.max())
            n_compared += len(found)
    assert n_compared > 100
    assert n == 6


def test_first_origin_takes_the_force_constants_as_they_are(silicon):
    """The two origins differ for single elements, by 6 % of the largest, and by 0.1 % in the sum."""
    average, first = (compute(silicon, [3, 3, 3], fc3_origin=origin).elements for origin in ("average", "first"))
    assert_array_equal(average.bands, first.bands)
    assert not np.allclose(average.strengths, first.strengths, rtol=1e-3)
    assert first.strengths.sum() == pytest.approx(average.strengths.sum(), rel=0.002)


def test_a_limit_of_memory_changes_nothing(chain):
    """With room for one band at a time the sums over bands are the same to rounding."""
    everything = np.arange(chain.mesh.n_irreducible)
    settings = {**chain.integration, "max_memory": 1e-9}
    small = compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, settings, everything)
    assert_array_equal(small.bands, chain.elements.bands)
    scale = chain.elements.strengths.max()
    assert_allclose(small.strengths, chain.elements.strengths, rtol=1e-10, atol=1e-13 * scale)


def test_a_point_alone_is_bitwise_what_it_is_among_others(chain):
    for position, alone in enumerate(Recomputed(chain.crystal, chain.mesh, chain.phonons, chain.integration)):
        triplets, entries = chain.elements.of_point(position)
        assert_array_equal(alone.points, [position])
        for name in ("second_points", "third_points", "triplet_weights", "normal_fraction"):
            assert_array_equal(getattr(alone, name), getattr(chain.elements, name)[triplets])
        for name in ("bands", "processes", "strengths"):
            assert_array_equal(getattr(alone, name), getattr(chain.elements, name)[entries])


def test_points_may_come_in_any_order(chain):
    n = chain.mesh.n_irreducible
    order = np.arange(n)[::-1]
    backwards = compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, chain.integration, order)
    for position in range(n):
        _, found = backwards.of_point(n - 1 - position)
        _, expected = chain.elements.of_point(position)
        assert_array_equal(backwards.strengths[found], chain.elements.strengths[expected])


def test_no_points_give_empty_arrays_that_can_be_stored(chain):
    empty = compute_matrix_elements(
        chain.crystal, chain.mesh, chain.phonons, chain.integration, np.array([], dtype=np.int64)
    )
    assert len(empty.strengths) == len(empty.second_points) == 0
    assert [getattr(empty, field.name).dtype for field in fields(MatrixElements)] == [
        getattr(chain.elements, field.name).dtype for field in fields(MatrixElements)
    ]


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
def test_the_basis_within_degenerate_sets_does_not_matter(silicon, method):
    """Eigenvectors of degenerate modes are mixed at random at every q, q' and q''; each strength stays as it was."""
    chain = compute(silicon, [4, 4, 4], method=method, sigma=0.5)
    mixed = replace(chain.phonons, eigenvectors=mixed_within_sets(chain.phonons, chain.mesh, seed=3))
    assert not np.allclose(mixed.eigenvectors, chain.phonons.eigenvectors)
    everything = np.arange(chain.mesh.n_irreducible)
    other = compute_matrix_elements(silicon, chain.mesh, mixed, chain.integration, everything)
    scale = chain.elements.strengths.max()
    assert_allclose(other.strengths, chain.elements.strengths, rtol=1e-9, atol=1e-12 * scale)


def test_progress_is_shown_point_by_point(chain):
    seen = []

    def watch(items):
        for item in items:
            seen.append(int(item))
            yield item

    compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, integration(), np.array([0, 2]), progress=watch)
    assert seen == [0, 2]
