"""Which processes conserve energy, and their weights, against loops over everything."""

import numpy as np
import pytest
from chain import face_centred, harmonic, integration, triclinic
from numpy.testing import assert_allclose

from peierls.delta_functions import corner_weight, tetrahedra_around_a_point
from peierls.on_shell import ABSORBS_SECOND, ABSORBS_THIRD, DECAY, on_shell_search, pack_bands, unpack_bands
from peierls.units import THZ

CASES = {"triclinic": (triclinic(1), [3, 3, 2]), "cubic": (face_centred(), [4, 4, 4])}
SIGNS = {DECAY: (-1, -1), ABSORBS_SECOND: (1, -1), ABSORBS_THIRD: (-1, 1)}
"""Signs of ω' and ω'' in the delta function δ(ω ± ω' ± ω'')."""


@pytest.fixture(params=CASES)
def case(request):
    return harmonic(*CASES[request.param])


def triplets_of(mesh, q1):
    q2 = np.arange(mesh.n_points)
    return q2, mesh.third_point(np.array(q1), q2)


def as_table(shell):
    """Weights by (triplet, bands, process)."""
    keys = zip(shell.triplet.tolist(), shell.bands.tolist(), shell.process.tolist(), strict=True)
    return dict(zip(keys, shell.weight.tolist(), strict=True))


def band_triples(phonons, q1, q2, q3):
    """Every band triple of modes that have a frequency: its number and its frequencies."""
    for s1, s2, s3 in np.ndindex((phonons.n_bands,) * 3):
        modes = (q1, s1), (q2, s2), (q3, s3)
        omegas = [phonons.frequencies[mode] for mode in modes]
        if min(omegas) > 0:
            yield pack_bands(s1, s2, s3), omegas


def check(found, expected, least):
    assert len(expected) > least
    assert found.keys() == expected.keys()
    assert_allclose([found[key] for key in expected], list(expected.values()), rtol=1e-9)


@pytest.mark.parametrize("threshold", [4.0, 1.5])
def test_gaussians(case, threshold):
    mesh, phonons = case
    sigma = 0.5
    search = on_shell_search(mesh, phonons, integration(method="gaussian", sigma=sigma, threshold=threshold))
    q1 = int(mesh.irreducible[2])
    q2, q3 = triplets_of(mesh, q1)
    expected = {}
    for t in range(mesh.n_points):
        for bands, (w1, w2, w3) in band_triples(phonons, q1, q2[t], q3[t]):
            for process, (second, third) in SIGNS.items():
                x = (w1 + second * w2 + third * w3) / (sigma * THZ)
                if abs(x) < threshold:
                    expected[t, bands, process] = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi) / (sigma * THZ)
    check(as_table(search(q1, q2, q3)), expected, least=20)


def check_tetrahedra(mesh, phonons, q1):
    """Each of the 24 tetrahedra around q', q'' moving backwards where q' moves ahead; nothing is passed over."""
    tetrahedra = tetrahedra_around_a_point(mesh.reciprocal / mesh.sizes[:, None])
    q2, q3 = triplets_of(mesh, q1)
    expected = {}
    for t in range(mesh.n_points):
        ahead = mesh.index(mesh.coordinates[q2[t]] + tetrahedra)
        behind = mesh.index(mesh.coordinates[q3[t]] - tetrahedra)
        for bands, (w1, w2, w3) in band_triples(phonons, q1, q2[t], q3[t]):
            _, s2, s3 = unpack_bands(bands)
            for process, (second, third) in SIGNS.items():
                home = -second * w2 - third * w3
                others = -second * phonons.frequencies[ahead, s2] - third * phonons.frequencies[behind, s3]
                if others.min() > max(w1, home) or others.max() < min(w1, home):
                    continue  # the energy is outside of all tetrahedra
                weight = sum(corner_weight(w1, home, *row) for row in others) / 6
                if weight > 0:
                    expected[t, bands, process] = weight
    search = on_shell_search(mesh, phonons, integration(method="tetrahedron"))
    check(as_table(search(q1, q2, q3)), expected, least=20)


def test_tetrahedra(case):
    mesh, phonons = case
    for q1 in mesh.irreducible[[1, -1]].tolist():
        check_tetrahedra(mesh, phonons, q1)


def test_tetrahedra_of_a_soft_mode():
    """A mode of low frequency absorbs others over the whole spectrum, with small differences of large frequencies."""
    mesh, phonons = harmonic(face_centred(), [8, 8, 8])
    check_tetrahedra(mesh, phonons, int(mesh.irreducible[1]))


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
def test_exchange_of_the_other_two_modes_gives_the_same_weights(case, method):
    """The triplet (q, q'', q') holds what (q, q', q'') holds, with the two absorptions exchanged."""
    mesh, phonons = case
    search = on_shell_search(mesh, phonons, integration(method=method, sigma=0.5))
    q1 = int(mesh.irreducible[2])
    q2, q3 = triplets_of(mesh, q1)
    exchange = {DECAY: DECAY, ABSORBS_SECOND: ABSORBS_THIRD, ABSORBS_THIRD: ABSORBS_SECOND}
    exchanged = {}
    for (t, bands, process), weight in as_table(search(q1, q3, q2)).items():
        s1, s2, s3 = unpack_bands(bands)
        exchanged[t, pack_bands(s1, s3, s2), exchange[process]] = weight
    found = as_table(search(q1, q2, q3))
    # At the rim of the search, weights of the order of rounding may be found from one side only.
    for key in found.keys() | exchanged.keys():
        assert found.get(key, 0.0) == pytest.approx(exchanged.get(key, 0.0), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("method", ["tetrahedron", "gaussian", "adaptive"])
def test_acoustic_modes_at_gamma_take_no_part(case, method):
    mesh, phonons = case
    search = on_shell_search(mesh, phonons, integration(method=method, sigma=2.0))
    q1 = int(mesh.irreducible[1])
    shell = search(q1, np.array([0]), mesh.third_point(np.array(q1), np.array([0])))
    assert len(shell.weight) == 0 or (unpack_bands(shell.bands)[1] >= 3).all()
    assert len(search(0, *triplets_of(mesh, 0)).weight) == 0


def test_order_is_by_triplet(case):
    mesh, phonons = case
    q1 = int(mesh.irreducible[2])
    shell = on_shell_search(mesh, phonons, integration())(q1, *triplets_of(mesh, q1))
    assert (np.diff(shell.triplet) >= 0).all()


def test_more_on_shell_than_expected_is_no_trouble(case):
    """A width that makes everything on shell, many more entries than the first guess of their number."""
    mesh, phonons = case
    q1 = int(mesh.irreducible[2])
    q2, q3 = triplets_of(mesh, q1)
    shell = on_shell_search(mesh, phonons, integration(method="gaussian", sigma=50.0))(q1, q2, q3)
    expected = 3 * sum(1 for t in range(mesh.n_points) for _ in band_triples(phonons, q1, q2[t], q3[t]))
    assert len(shell.weight) == expected
