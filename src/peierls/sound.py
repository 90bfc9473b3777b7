"""The velocities of sound: slopes of the acoustic branches at long wavelengths."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate

_STEP = 2e-3
"""Length of the wave vector, in units of the shortest reciprocal lattice vector."""


def sound_velocities(crystal: Crystal, nac: Mapping[str, Any]) -> Floats:
    """Velocities along x, y, z, slowest first, shape (3, branch), Å/ps; `nac` as in `electrostatics.separate`.

    From two wave vectors, v² = (ω²(2q) - ω²(q))/3q², so that what breaks the acoustic sum rule drops out; 0 where v²
    is negative.
    """
    short_ranged, long_range = separate(crystal, nac)
    step = _STEP * float(np.linalg.norm(crystal.reciprocal, axis=1).min())
    directions = np.eye(3) @ np.linalg.inv(crystal.reciprocal)
    near, far = (
        np.linalg.eigvalsh(dynamical_matrices(short_ranged, factor * step * directions, long_range))[:, :3]
        for factor in (1, 2)
    )
    return np.asarray(np.sqrt(np.maximum(far - near, 0.0) / (3 * step**2)))
