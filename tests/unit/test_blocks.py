"""Labelled blocks: equal labels are added up, however far apart the labels are."""

import numpy as np
import pytest

from peierls.blocks import add_up, keys


@pytest.mark.parametrize("farthest", [3, 2000])
def test_blocks_of_equal_labels_are_added_up(farthest):
    """Also where the labels are too many to be counted in 64 bits, as those of a damaged lattice vector are."""
    random = np.random.default_rng(0)
    labels = random.integers(-farthest, farthest, (40, 9))
    labels[0], labels[1] = -farthest, farthest
    labels = labels[random.integers(0, 40, 200)]
    found, sums = add_up(labels, np.ones((200, 3)))
    expected, counts = np.unique(labels, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(sums, np.repeat(counts[:, None], 3, axis=1))
    order = np.argsort(keys(labels), kind="stable")
    np.testing.assert_array_equal(labels[order], labels[np.lexsort(labels.T[::-1])])
