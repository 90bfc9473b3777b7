"""The dynamical matrix and its gradient, by Fourier sum of the second-order force constants."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from peierls.crystal import Crystal, Floats

Complexes = NDArray[np.complex128]


class LongRange(Protocol):
    """A part of the second-order force constants that is no sum over a few lattice vectors (`electrostatics`)."""

    def force_constants(self, wave_vectors: Floats) -> Complexes:
        """Φ_ij(q), shape (q, atom, atom, 3, 3), amu/ps², at fractional wave vectors (q, 3)."""

    def gradients(self, wave_vectors: Floats) -> Complexes:
        """∂Φ_ij/∂q for Cartesian q, shape (q, 3, atom, atom, 3, 3), Å amu/ps², in the smooth gauge brought back to
        lattice vectors. At Γ, that of the part which does not depend on a direction."""

    def towards(self, direction: Floats) -> "LongRange":
        """The same with the limit at Γ taken along the Cartesian `direction` (3,); zero for no limit."""


def dynamical_matrices(crystal: Crystal, wave_vectors: Floats, long_range: LongRange | None = None) -> Complexes:
    """D(q), shape (q, band, band), (rad/ps)², at fractional wave vectors of shape (q, 3).

        D_ij(q) = Σ_R Φ_ij(R) exp(i q·R) / sqrt(m_i m_j)

    in the lattice-vector gauge: the phase holds the lattice vector R alone, so D is periodic in q and its
    eigenvectors at q and q + G are the same. Hermitian part, since rounding in force constants breaks it. `long_range`
    is added to the sum: both come from `electrostatics.separate`. Source: docs/equations.md, "Phonons".
    """
    phases = np.exp(2j * np.pi * (wave_vectors @ crystal.fc2_vectors.T))
    matrices = phases @ _mass_scaled(crystal, crystal.fc2)
    if long_range is not None:
        matrices += _mass_scaled(crystal, long_range.force_constants(wave_vectors))
    matrices = matrices.reshape(len(wave_vectors), crystal.n_bands, crystal.n_bands)
    return 0.5 * (matrices + matrices.conj().swapaxes(1, 2))


def dynamical_matrix_gradients(
    crystal: Crystal, wave_vectors: Floats, long_range: LongRange | None = None
) -> Complexes:
    """∂D/∂q for Cartesian q, shape (q, 3, band, band), Å (rad/ps)², in the smooth gauge brought back to lattice
    vectors.

        ∂D_ij/∂q = Σ_R i (R + r_j - r_i) Φ_ij(R) exp(i q·R) / sqrt(m_i m_j)

    With the distance of the atoms, not of their cells, the elements between different modes do not depend on which cell
    an atom is counted to (Wallace's phase); within a degenerate set both gauges agree.
    """
    cells = crystal.fc2_vectors @ crystal.lattice
    atoms = crystal.positions @ crystal.lattice
    separations = cells[:, None, None, :] + atoms[None, None, :, :] - atoms[None, :, None, :]
    separations = separations.repeat(3, axis=1).repeat(3, axis=2).reshape(len(cells), -1, 3)
    scaled = 1j * separations * _mass_scaled(crystal, crystal.fc2)[:, :, None]
    phases = np.exp(2j * np.pi * (wave_vectors @ crystal.fc2_vectors.T))
    gradients = (phases @ scaled.reshape(len(cells), -1)).reshape(
        len(wave_vectors), crystal.n_bands, crystal.n_bands, 3
    )
    gradients = gradients.transpose(0, 3, 1, 2)
    if long_range is not None:
        added = long_range.gradients(wave_vectors)
        gradients = gradients + _mass_scaled(crystal, added.reshape(-1, *added.shape[2:])).reshape(gradients.shape)
    return 0.5 * (gradients + gradients.conj().swapaxes(2, 3))


def _mass_scaled(crystal: Crystal, constants: NDArray[Any]) -> NDArray[Any]:
    """Φ_ij / sqrt(m_i m_j) for constants of shape (n, atom, atom, 3, 3), as a table of shape (n, band · band), bands
    ordered atom by atom."""
    masses = np.sqrt(crystal.masses[:, None] * crystal.masses[None, :])[None, :, :, None, None]
    return (constants / masses).transpose(0, 1, 3, 2, 4).reshape(len(constants), crystal.n_bands**2)
