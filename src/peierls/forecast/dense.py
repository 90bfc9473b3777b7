"""Processor time of dense linear algebra, from matrices large enough to be worked on in blocks."""

from functools import cache

import numpy as np
from scipy import linalg

from peierls.crystal import Floats
from peierls.forecast.sample import timed
from peierls.solvers.direct import solve_in_place

_FACTORISED, _DIAGONALISED = 1500, 800
"""Rows beyond which the time grows with the cube to some 20 % (measured), and which still take a moment."""
_ROWS = 5000
"""Rows of a matrix that is multiplied."""


def seconds_of_factorisation(size: int) -> float:
    """Of one symmetric matrix, and a solution."""
    rows = max(1, min(size, _FACTORISED))
    return _factorise(rows) * (size / rows) ** 3


def seconds_of_eigenvectors(size: int) -> float:
    """All of those of one symmetric matrix."""
    rows = max(1, min(size, _DIAGONALISED))
    return _diagonalise(rows) * (size / rows) ** 3


def seconds_of_product(rows: int, size: int) -> float:
    """Of a matrix of so many rows with a square one of `size`."""
    some = min(rows, _ROWS)
    left, right = np.ones((some, size)), np.ones((size, size))
    np.matmul(left[:10], right)
    return timed(np.matmul, left, right)[0] * rows / some


@cache
def _factorise(rows: int) -> float:
    solve_in_place(_matrix(10), np.ones(10))
    return timed(solve_in_place, _matrix(rows), np.ones(rows))[0]


@cache
def _diagonalise(rows: int) -> float:
    linalg.eigh(_matrix(10))
    return timed(linalg.eigh, _matrix(rows))[0]


def _matrix(rows: int) -> Floats:
    """A positive one that is far from diagonal: where much of a matrix is zero, eigenvectors take less time."""
    numbers = np.random.default_rng(0).normal(size=(rows, rows))
    return np.asarray(numbers + numbers.T + 4 * np.sqrt(rows) * np.eye(rows))
