"""The speeds of sound: slopes of the acoustic branches at long wavelengths."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.dynamical_matrix import dynamical_matrices, dynamical_matrix_gradients
from peierls.electrostatics import separate

_STEP = 1e-3
"""Length of the wave vectors, in units of the shortest reciprocal lattice vector."""


def sound_speeds(crystal: Crystal, directions: Floats, nac: Mapping[str, Any]) -> Floats:
    """Speeds of the three acoustic waves along unit vectors (direction, 3), ascending, Å/ps; nan where v² < 0.

    Among the three lowest modes at a small q = |q| n, D is λ₀ + |q|² C(n), so v² are the eigenvalues of n·∂D/∂q / 2|q|
    within them. λ₀, what the force constants leave of the acoustic sum rule, does not enter.
    """
    short_ranged, long_range = separate(crystal, nac)
    step = _STEP * np.linalg.norm(crystal.reciprocal, axis=1).min()
    fractional = step * directions @ np.linalg.inv(crystal.reciprocal)
    _, eigenvectors = np.linalg.eigh(dynamical_matrices(short_ranged, fractional, long_range))
    gradients = np.einsum("dc,dcij->dij", directions, dynamical_matrix_gradients(short_ranged, fractional, long_range))
    acoustic = eigenvectors[:, :, :3]
    squares = np.linalg.eigvalsh(acoustic.conj().swapaxes(1, 2) @ gradients @ acoustic) / (2 * step)
    return np.sqrt(np.where(squares > 0, squares, np.nan))
