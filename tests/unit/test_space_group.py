"""Averages over the space group: what is symmetric stays, what is not is taken away."""

from dataclasses import replace

import numpy as np
import pytest
from test_sum_rules import shaken

from peierls import force_constants
from peierls.blocks import add_up
from peierls.force_constants import space_group, sum_rules
from peierls.symmetry import operations


@pytest.fixture(scope="module")
def noisy(silicon):
    """Silicon with independent noise on every constant."""
    return shaken(silicon, 1e-3)


@pytest.fixture(scope="module")
def symmetric(noisy):
    """The same, averaged."""
    return space_group.symmetrize(noisy)


def difference(one, other) -> tuple[float, float]:
    """Largest elements of the differences of both orders, as fractions of the largest constant."""
    second = np.concatenate([one.fc2, -other.fc2])
    labels = [np.column_stack([c.fc3_atoms, c.fc3_vectors.reshape(-1, 6)]) for c in (one, other)]
    third = add_up(np.concatenate(labels), np.concatenate([one.fc3, -other.fc3]))[1]
    second = add_up(np.concatenate([one.fc2_vectors, other.fc2_vectors]), second)[1]
    return abs(second).max() / abs(one.fc2).max(), abs(third).max() / abs(one.fc3).max()


def test_symmetric_constants_stay_as_they_are(silicon):
    assert max(difference(silicon, space_group.symmetrize(silicon))) < 1e-14


def test_symmetrizing_twice_is_symmetrizing_once(symmetric):
    assert max(difference(symmetric, space_group.symmetrize(symmetric))) < 1e-14


def test_noise_is_averaged_away(silicon, noisy, symmetric):
    """Of independent noise on N equivalent blocks 1/√N is left."""
    assert difference(silicon, symmetric)[0] < difference(silicon, noisy)[0] / 2
    assert np.std(_third(symmetric) - _third(silicon)) < np.std(_third(noisy) - _third(silicon)) / 4


def _third(crystal):
    """Third-order blocks in the order of their labels."""
    return add_up(np.column_stack([crystal.fc3_atoms, crystal.fc3_vectors.reshape(-1, 6)]), crystal.fc3)[1]


def test_frequencies_are_those_of_a_cubic_crystal(noisy, symmetric):
    """Noise splits what symmetry holds together; the average joins it again."""

    def squares(crystal, q):
        phases = np.exp(2j * np.pi * crystal.fc2_vectors @ q)
        return np.linalg.eigvalsh(np.einsum("r,rijab->iajb", phases, crystal.fc2).reshape(6, 6))

    # The lattice vectors turn into each other under the threefold axis along [111].
    stars = [np.array(q) for q in ([0.1, 0.2, 0.4], [0.4, 0.1, 0.2], [0.2, 0.4, 0.1])]
    first, second, third = (squares(symmetric, q) for q in stars)
    np.testing.assert_allclose(second, first, rtol=1e-12)
    np.testing.assert_allclose(third, first, rtol=1e-12)
    optical = squares(symmetric, np.zeros(3))[3:]
    np.testing.assert_allclose(optical, optical[0], rtol=1e-12)
    assert np.ptp(squares(noisy, np.zeros(3))[3:]) > 1e-4 * optical[0]


def test_order_of_derivatives_is_restored(noisy, symmetric):
    assert sum_rules.measure(noisy).fc2_permutation > 1e-3
    assert sum_rules.measure(symmetric).fc2_permutation < 1e-14
    exchanged = replace(
        symmetric,
        fc3_atoms=symmetric.fc3_atoms[:, [0, 2, 1]],
        fc3_vectors=symmetric.fc3_vectors[:, ::-1],
        fc3=symmetric.fc3.transpose(0, 1, 3, 2),
    )
    assert difference(symmetric, exchanged)[1] < 1e-14


def test_symmetrize_by_the_config_key(silicon_folder, silicon, caplog):
    with caplog.at_level("INFO", logger="peierls"):
        crystal = force_constants.read({"path": silicon_folder, "symmetrize": True})
    for order in ("second", "third"):
        assert f"space-group average changed {order}-order force constants by up to" in caplog.text
    assert max(difference(silicon, crystal)) < 1e-14
    assert crystal.fc2_vectors.shape == silicon.fc2_vectors.shape


def test_what_breaks_the_symmetry_is_measured_as_large_as_it_is(silicon):
    """One element of one block of each order, and constants of a crystal that is turned under the same labels."""
    assert max(space_group.asymmetries(silicon)) < 1e-12
    fc2, fc3 = silicon.fc2.copy(), silicon.fc3.copy()
    largest = abs(fc2).max(), abs(fc3).max()
    fc2[3, 0, 1, 0, 2] += 0.05 * largest[0]
    fc3[7, 0, 1, 2] -= 0.02 * largest[1]
    found = space_group.asymmetries(replace(silicon, fc2=fc2, fc3=fc3))
    assert found == pytest.approx((0.05, 0.02), rel=0.5)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = np.einsum("bijk,li,mj,nk->blmn", silicon.fc3, turn, turn, turn, optimize=True)
    assert space_group.asymmetries(replace(silicon, fc3=turned))[1] > 0.1


def test_some_operations_make_the_whole_group(silicon):
    group = operations(silicon.lattice, silicon.positions, silicon.species)
    reached = {np.eye(3, dtype=int).tobytes(): np.eye(3, dtype=int)}
    chosen = [operation.rotation for operation in space_group._generators(group)]
    assert len(chosen) <= 5
    for _ in group:
        products = [one @ matrix for one in chosen for matrix in reached.values()]
        reached |= {matrix.tobytes(): matrix for matrix in products}
    assert len(reached) == 48
