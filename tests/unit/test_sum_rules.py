"""The translation sum rule and the order of derivatives: measured, and for the second order imposed."""

from dataclasses import astuple, replace
from itertools import product

import numpy as np
import pytest

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import sum_rules


def shaken(crystal: Crystal, size: float, seed: int = 0) -> Crystal:
    """`crystal` with noise of `size`, relative to the largest constant, on all its constants."""
    random = np.random.default_rng(seed)
    fc2 = crystal.fc2 + size * abs(crystal.fc2).max() * random.standard_normal(crystal.fc2.shape)
    fc3 = crystal.fc3 + size * abs(crystal.fc3).max() * random.standard_normal(crystal.fc3.shape)
    return replace(crystal, fc2=fc2, fc3=fc3)


def test_silicon_keeps_the_rules(silicon):
    """phono3py symmetrised these constants; its own log says that fc3 drifts by 4.2e-7 of 33 eV/Å³."""
    violations = sum_rules.measure(silicon)
    assert violations.fc2_translation < 1e-12
    assert violations.fc2_permutation < 1e-12
    assert violations.fc3_permutation < 1e-12
    assert violations.fc3_translation == pytest.approx(4.2e-7 / 33.03, rel=0.02)


@pytest.mark.parametrize("size", [1e-6, 1e-3])
def test_noise_shows_in_every_measure(silicon, size):
    for violation in astuple(sum_rules.measure(shaken(silicon, size))):
        assert size < violation < 300 * size


def test_one_wrong_element_is_measured_as_large_as_it_is(silicon):
    """A second-order constant off by δ leaves a sum of δ and an asymmetry of δ, and touches nothing of third order."""
    fc2 = silicon.fc2.copy()
    vector = int(np.flatnonzero((silicon.fc2_vectors == [1, 0, 0]).all(axis=1))[0])
    fc2[vector, 0, 1, 0, 2] += 0.01 * abs(fc2).max()
    before, after = sum_rules.measure(silicon), sum_rules.measure(replace(silicon, fc2=fc2))
    assert after.fc2_translation == pytest.approx(0.01)
    assert after.fc2_permutation == pytest.approx(0.01)
    assert after.fc3_translation == before.fc3_translation
    assert after.fc3_permutation == before.fc3_permutation


def test_third_order_with_second_and_third_atom_told_apart_is_seen(silicon):
    """A block that its exchanged partner does not follow is measured as large as the difference."""
    block = int(np.flatnonzero(silicon.fc3_atoms[:, 1] != silicon.fc3_atoms[:, 2])[0])
    fc3 = silicon.fc3.copy()
    fc3[block] += 0.01 * abs(fc3).max() * np.eye(3)[:, :, None] * np.array([0, 1, 0])
    assert sum_rules.measure(replace(silicon, fc3=fc3)).fc3_permutation == pytest.approx(0.01, rel=1e-6)


@pytest.mark.parametrize("kept", [1, 2])
def test_the_sum_over_the_second_atom_is_measured_as_that_over_the_third(silicon, kept):
    """What one block gains another loses that has one of its two neighbours: one sum stays, the other does not."""
    label = np.column_stack([silicon.fc3_atoms[:, [0, kept]], silicon.fc3_vectors[:, kept - 1]])
    gains, loses = np.flatnonzero((label == label[7]).all(axis=1))[:2]
    fc3 = silicon.fc3.copy()
    fc3[gains, 0, 1, 2] += 0.01 * abs(fc3).max()
    fc3[loses, 0, 1, 2] -= 0.01 * abs(fc3).max()
    assert sum_rules.measure(replace(silicon, fc3=fc3)).fc3_translation == pytest.approx(0.01, rel=1e-3)


def test_third_order_with_first_and_second_atom_told_apart_is_seen(silicon):
    """Symmetric under the exchange of second and third, wrong under that of first and second."""
    fc3 = silicon.fc3.copy()
    same_cell = (silicon.fc3_vectors[:, 0] == silicon.fc3_vectors[:, 1]).all(axis=1)
    same = np.flatnonzero((silicon.fc3_atoms == [0, 1, 1]).all(axis=1) & same_cell)
    fc3[same[0], 0, 1, 1] += 0.01 * abs(fc3).max()
    assert sum_rules.measure(replace(silicon, fc3=fc3)).fc3_permutation == pytest.approx(0.01, rel=1e-6)


def test_imposing_makes_the_sum_vanish_and_touches_only_the_site_itself(silicon, caplog):
    noisy = shaken(silicon, 1e-3)
    assert sum_rules.measure(noisy).fc2_translation > 1e-3
    with caplog.at_level("INFO", logger="peierls"):
        imposed = sum_rules.impose(noisy)
    assert abs(imposed.fc2.sum(axis=(0, 2))).max() < 1e-14 * abs(imposed.fc2).max()
    assert sum_rules.measure(imposed).fc2_translation < 1e-14
    changed = np.argwhere((imposed.fc2 != noisy.fc2).any(axis=(3, 4)))
    home = int(np.flatnonzero(~silicon.fc2_vectors.any(axis=1))[0])
    assert changed.tolist() == [[home, 0, 0], [home, 1, 1]]
    assert f"{sum_rules.measure(noisy).fc2_translation:.1e} of the largest" in caplog.text
    change = abs(imposed.fc2 - noisy.fc2).max() / units.EV_PER_ANGSTROM2
    assert f"on-site second-order constants changed by up to {change:.2e} eV/Å²" in caplog.text


def test_violations_are_said_in_their_order(silicon_folder, caplog):
    """When force constants are read, one number for each rule and order."""
    with caplog.at_level("INFO", logger="peierls"):
        sum_rules.report(sum_rules.Violations(0.1, 0.2, 0.4, 0.5, 0.3, 0.6))
        assert "translation by 1.0e-01, permutation by 2.0e-01 and the space group by 3.0e-01 (second" in caplog.text
        assert "by 4.0e-01, 5.0e-01 and 6.0e-01 (third order) of the largest" in caplog.text
        caplog.clear()
        force_constants.read({"path": silicon_folder})
    assert "force constants break translation by" in caplog.text


def test_sum_rules_by_the_config_key(silicon_folder):
    plain = force_constants.read({"path": silicon_folder, "sum_rules": "none"})
    imposed = force_constants.read({"path": silicon_folder, "sum_rules": "impose"})
    assert (plain.fc2 != imposed.fc2).any()
    np.testing.assert_allclose(plain.fc2, imposed.fc2, atol=1e-10)
    with pytest.raises(InputError, match=r"'force_constants\.sum_rules' is 'crystal', expected none or impose"):
        force_constants.read({"path": silicon_folder, "sum_rules": "crystal"})


def pair_potential() -> Crystal:
    """Zincblende with an energy that depends on distances of neighbours, and nothing else: it may turn freely."""
    lattice, positions = 2.0 * (np.ones((3, 3)) - np.eye(3)), np.array([[0.0, 0.0, 0.0], [0.25, 0.25, 0.25]])
    cells = np.array(list(product((-1, 0, 1), repeat=3)))
    fc2 = np.zeros((27, 2, 2, 3, 3))
    blocks: dict[tuple[int, ...], np.ndarray] = {}
    unit = np.eye(3)
    for i, j, (r, cell) in product(range(2), range(2), enumerate(cells)):
        bond = (cell + positions[j] - positions[i]) @ lattice
        length = np.linalg.norm(bond)
        if not 0 < length < 3.0:
            continue
        n = bond / length
        second, first = 7.0 / length, 0.3  # V'' and V'/r
        third = -4.0
        matrix = second * np.outer(n, n) + first * (unit - np.outer(n, n))
        slope = (second - first) / length
        mixed = sum(np.einsum(order, n, unit) for order in ("a,bc->abc", "b,ac->abc", "c,ab->abc"))
        cubic = (third - 3 * slope) * np.einsum("a,b,c->abc", n, n, n) + slope * mixed
        fc2[r, i, j] -= matrix
        fc2[13, i, i] += matrix
        ends = ((i, (0, 0, 0), -1.0), (j, tuple(map(int, cell)), 1.0))
        for (one, one_cell, s), (other, other_cell, t) in product(ends, repeat=2):
            key = (i, one, other, *one_cell, *other_cell)
            blocks[key] = blocks.get(key, 0.0) - s * t * cubic
    labels = np.array(list(blocks))
    return Crystal(
        lattice=lattice,
        positions=positions,
        species=("Si", "C"),
        masses=np.array([28.0, 12.0]),
        mass_variances=np.zeros(2),
        isotope_source="none",
        fc2_vectors=cells,
        fc2=fc2,
        fc3_atoms=labels[:, :3],
        fc3_vectors=labels[:, 3:].reshape(-1, 2, 3),
        fc3=np.array(list(blocks.values())),
        sources=(),
    )


def test_a_crystal_that_may_turn_has_third_order_constants_that_turn_the_second(silicon, caplog):
    """Exactly so where it may, and nearly where constants are cut off; another unit of either shows as what it is."""
    crystal = pair_potential()
    assert sum_rules.turning(crystal) == pytest.approx(1.0, rel=1e-12)
    assert sum_rules.turning(replace(crystal, lattice=1.8897 * crystal.lattice)) == pytest.approx(1.8897, rel=1e-12)
    assert sum_rules.turning(replace(crystal, fc3=0.4 * crystal.fc3)) == pytest.approx(0.4, rel=1e-12)
    assert sum_rules.turning(silicon) == pytest.approx(1.03, abs=0.005)
    sum_rules.warn_of_turning(crystal, "here")
    sum_rules.warn_of_turning(silicon, "here")
    assert not caplog.text
    for wrong in (0.5292, 1.8897):
        caplog.clear()
        foreign = replace(silicon, lattice=wrong * silicon.lattice)
        sum_rules.warn_of_turning(foreign, "here")
        times = f"{sum_rules.turning(foreign):.2g}"
        assert f"here: as the crystal turns, its third-order constants change the second-order ones {times} times" in (
            caplog.text
        )


def test_nothing_turns_or_not_all_of_it_is_known():
    """Constants like a multiple of the unit matrix do not change; of dipoles the third order knows nothing."""
    crystal = pair_potential()
    isotropic = np.trace(crystal.fc2, axis1=3, axis2=4)[..., None, None] * np.eye(3)
    assert sum_rules.turning(replace(crystal, fc2=isotropic)) is None
    charges = np.array([1.0, -1.0])[:, None, None] * np.eye(3)
    assert sum_rules.turning(replace(crystal, born_charges=charges, dielectric=np.eye(3))) is None
