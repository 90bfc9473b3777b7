"""Frequencies, eigenvectors and velocities on a mesh."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import Complexes, LongRange, dynamical_matrices, dynamical_matrix_gradients
from peierls.electrostatics import separate
from peierls.errors import InputError
from peierls.mesh import Mesh
from peierls.quantities import quantity
from peierls.units import THZ

DEGENERACY_TOLERANCE = 1e-4 * THZ
"""Modes of one q whose neighbouring frequencies differ by less are one degenerate set, rad/ps."""

_MIXING = 0.1
"""Largest part of the three lowest modes at Γ that is not a translation."""

_BATCH = 4096
"""Wave vectors diagonalised at once; bounds the memory of a step."""


@dataclass(frozen=True)
class Phonons:
    """Phonons of a crystal on a mesh.

    Bands are in order of frequency. Eigenvectors are in the lattice-vector gauge, columns, normalised over the cell,
    and those at -q are the complex conjugates of those at q (real where the two are one point), so time reversal
    holds exactly. Frequencies are exactly equal over a star: rounding between them would turn a tetrahedron of
    equivalent points, on which a frequency is constant, into one of enormous weight. `asymmetry` tells how much they
    differed. The members of a degenerate set share one velocity, the mean Tr V/d over the set, which turns with the
    crystal as a vector; `velocity_squares` is the mean of v⊗v over the set, Re Tr(V^α V^β)/d, the v⊗v of a mode that
    is alone.
    """

    frequencies: Floats = quantity(
        "rad/ps", "grid band", "angular frequencies; exactly 0 for the acoustic modes at Gamma"
    )
    eigenvectors: Complexes = quantity("1", "grid component band", "eigenvectors, lattice-vector gauge, a column each")
    degenerate_sets: Integers = quantity("1", "grid band", "first band of the degenerate set that a band belongs to")
    group_velocities: Floats = quantity("angstrom/ps", "ir_q band 3", "group velocities, mean over degenerate sets")
    velocity_squares: Floats = quantity("angstrom^2/ps^2", "ir_q band 3 3", "mean of v v over degenerate sets")
    velocity_operator: Complexes = quantity(
        "angstrom/ps", "ir_q 3 band band", "velocity operator, smooth (Wallace) gauge"
    )
    asymmetry: float = quantity(
        "THz", "", "largest difference of frequencies within a star before they were made equal"
    )
    acoustic_at_gamma: Floats = quantity(
        "THz", "3", "sqrt|lambda|/2pi of the three acoustic modes at Gamma, with the sign of lambda"
    )
    long_range: str = quantity("", "", "long-range part of the dynamical matrix and the limit taken at Gamma")

    @property
    def n_bands(self) -> int:
        """Number of branches."""
        return self.frequencies.shape[1]

    @property
    def speeds(self) -> Floats:
        """|v| of the irreducible modes, the root mean square over the degenerate set (Tr V·V/d)^½, Å/ps."""
        return np.asarray(np.sqrt(np.einsum("qsaa->qs", self.velocity_squares)))


def compute_phonons(crystal: Crystal, mesh: Mesh, nac: Mapping[str, Any], *, only_wedge: bool = False) -> Phonons:
    """Phonons on the full grid; velocities at its irreducible points.

    `nac` is the section of the configuration, see `electrostatics.separate`. Raises InputError where a mode is
    imaginary (other than the three acoustic ones at Γ, which are set to zero by index). With `only_wedge`, matrices
    are diagonalised at the irreducible points only, which is all that frequencies and velocities need; eigenvectors
    elsewhere are zero.
    """
    short_ranged, long_range = separate(crystal, nac)
    diagonalise = _diagonalise_wedge if only_wedge else _diagonalise
    eigenvalues, eigenvectors = diagonalise(short_ranged, long_range, mesh)
    acoustic = np.sign(eigenvalues[0, :3]) * np.sqrt(np.abs(eigenvalues[0, :3])) / THZ
    _refuse_soft_optical_modes(crystal, eigenvalues[0], eigenvectors[0])
    eigenvalues[0, :3] = 0.0
    _refuse_imaginary(eigenvalues, mesh)
    independent = np.sqrt(eigenvalues)
    frequencies = independent[mesh.irreducible][mesh.grid_to_irreducible]
    asymmetry = float(np.abs(independent - frequencies).max()) / THZ
    sets = degenerate_sets(frequencies)
    points = mesh.irreducible
    operator = velocity_operators(
        short_ranged, long_range, mesh.fractional[points], frequencies[points], eigenvectors[points]
    )
    irreducible_sets = sets[mesh.irreducible]
    velocities = average_over_sets(np.einsum("qass->qsa", operator).real, irreducible_sets)
    squares = average_over_sets(_squares_within_sets(operator, irreducible_sets), irreducible_sets)
    return Phonons(
        frequencies,
        eigenvectors,
        sets,
        velocities,
        squares,
        operator,
        asymmetry,
        acoustic,
        long_range=_described(long_range, nac),
    )


def degenerate_sets(frequencies: Floats) -> Integers:
    """First band of each band's degenerate set, shape (q, band), for frequencies in ascending order, rad/ps.

    At Γ the three acoustic modes are one set: they are excluded together.
    """
    starts = np.diff(frequencies, axis=1, prepend=-np.inf) > DEGENERACY_TOLERANCE
    return np.maximum.accumulate(np.where(starts, np.arange(frequencies.shape[1]), 0), axis=1)


def average_over_sets(values: Floats, sets: Integers) -> Floats:
    """Mean over each degenerate set of a quantity per mode, shapes (q, band, ...) and (q, band)."""
    same = (sets[:, :, None] == sets[:, None, :]).astype(float)
    same /= same.sum(axis=2, keepdims=True)
    return np.einsum("qst,qt...->qs...", same, values)


def on_full_grid(vectors: Floats, mesh: Mesh) -> Floats:
    """A vector per irreducible mode carried to the whole grid by the rotations of the stars, (ir_q, band, 3) to
    (grid, band, 3)."""
    rotations = mesh.cartesian_rotations[mesh.grid_rotation]
    return np.einsum("qab,qsb->qsa", rotations, vectors[mesh.grid_to_irreducible])


def _described(long_range: LongRange | None, nac: Mapping[str, Any]) -> str:
    if long_range is None:
        return "none"
    averaged = "; rates and conductivities are means over directions" if nac["direction"] == "average" else ""
    return f"{long_range}{averaged}"


def _diagonalise(crystal: Crystal, long_range: LongRange | None, mesh: Mesh) -> tuple[Floats, Complexes]:
    """Eigenvalues and eigenvectors on the grid: one of each pair q, -q is diagonalised, the other is its conjugate."""
    own = np.arange(mesh.n_points)
    opposite = mesh.index(-mesh.coordinates)
    eigenvalues = np.empty((mesh.n_points, crystal.n_bands))
    eigenvectors = np.empty((mesh.n_points, crystal.n_bands, crystal.n_bands), dtype=complex)
    alone = own[own == opposite]
    matrices = dynamical_matrices(crystal, mesh.fractional[alone], long_range)
    eigenvalues[alone], eigenvectors[alone] = np.linalg.eigh(matrices.real)
    halves = own[own < opposite]
    for batch in np.array_split(halves, range(_BATCH, len(halves), _BATCH)):
        matrices = dynamical_matrices(crystal, mesh.fractional[batch], long_range)
        eigenvalues[batch], eigenvectors[batch] = np.linalg.eigh(matrices)
    eigenvalues[opposite[halves]] = eigenvalues[halves]
    eigenvectors[opposite[halves]] = eigenvectors[halves].conj()
    return eigenvalues, eigenvectors


def _diagonalise_wedge(crystal: Crystal, long_range: LongRange | None, mesh: Mesh) -> tuple[Floats, Complexes]:
    """The same with the irreducible points alone diagonalised, whose eigenvalues are those of their stars."""
    eigenvalues = np.empty((mesh.n_irreducible, crystal.n_bands))
    # Memory that is never touched is never taken.
    eigenvectors = np.zeros((mesh.n_points, crystal.n_bands, crystal.n_bands), dtype=complex)
    for batch in np.array_split(np.arange(mesh.n_irreducible), range(_BATCH, mesh.n_irreducible, _BATCH)):
        points = mesh.irreducible[batch]
        matrices = dynamical_matrices(crystal, mesh.fractional[points], long_range)
        eigenvalues[batch], eigenvectors[points] = np.linalg.eigh(matrices)
    return eigenvalues[mesh.grid_to_irreducible], eigenvectors


def _refuse_soft_optical_modes(crystal: Crystal, eigenvalues: Floats, eigenvectors: Complexes) -> None:
    """Raise InputError unless the three lowest modes at Γ are the translations, which are then set to zero by index."""
    translations = np.tile(np.eye(3), (len(crystal.masses), 1)) * np.sqrt(np.repeat(crystal.masses, 3))[:, None]
    translations /= np.sqrt(crystal.masses.sum())
    overlap = float((np.abs(translations.T @ eigenvectors[:, :3]) ** 2).sum())
    if overlap < 3 - _MIXING:
        lowest = np.sign(eigenvalues[0]) * np.sqrt(abs(eigenvalues[0])) / THZ
        raise InputError(
            f"phonons: the three lowest modes at Gamma, from {lowest:.4f} THz, are not the translations of the crystal "
            f"(overlap {overlap:.3f} of 3); an optical mode is imaginary or the force constants break the acoustic sum "
            "rule, expected optical modes above the acoustic ones"
        )


def _refuse_imaginary(eigenvalues: Floats, mesh: Mesh) -> None:
    allowed = np.zeros(eigenvalues.shape, dtype=bool)
    allowed[0, :3] = True
    imaginary = (eigenvalues <= 0) & ~allowed
    if imaginary.any():
        worst = np.unravel_index(np.argmin(np.where(allowed, 0.0, eigenvalues)), eigenvalues.shape)
        frequency = np.sqrt(abs(eigenvalues[worst])) / THZ
        raise InputError(
            f"phonons: {imaginary.sum()} imaginary modes at {imaginary.any(axis=1).sum()} of {mesh.n_points} "
            f"wave vectors, the worst {frequency:.4f}i THz at q = {np.round(mesh.fractional[worst[0]], 6).tolist()}; "
            "the force constants describe an unstable crystal or break the acoustic sum rule, expected real frequencies"
        )


def velocity_operators(
    crystal: Crystal, long_range: LongRange | None, wave_vectors: Floats, frequencies: Floats, eigenvectors: Complexes
) -> Complexes:
    """V_ss' = ε_s† ∂D/∂q ε_s'/(ω_s + ω_s'), shape (q, 3, band, band), Å/ps; zero for modes of zero frequency.

    At fractional `wave_vectors` (q, 3), with `frequencies` (q, band) in rad/ps and `eigenvectors` as in `Phonons`.
    Source: docs/equations.md, "Phonons" (1/(ω+ω') also off the diagonal); DOI 10.1038/s41567-019-0520-x.
    """
    n_points, n_bands = frequencies.shape
    operator = np.empty((n_points, 3, n_bands, n_bands), dtype=complex)
    for batch in np.array_split(np.arange(n_points), range(_BATCH, n_points, _BATCH)):
        gradients = dynamical_matrix_gradients(crystal, wave_vectors[batch], long_range)
        vectors = eigenvectors[batch][:, None]
        omega = frequencies[batch]
        moving = (omega[:, None, :, None] > 0) & (omega[:, None, None, :] > 0)
        sums = omega[:, None, :, None] + omega[:, None, None, :]
        elements = vectors.conj().swapaxes(2, 3) @ gradients @ vectors
        operator[batch] = np.divide(elements, sums, out=np.zeros_like(elements), where=moving)
    return operator


def _squares_within_sets(operator: Complexes, sets: Integers) -> Floats:
    """Σ_s' Re V^α_ss' V^β_s's over the members s' of the set of s, shape (q, band, 3, 3); V is Hermitian, its trace
    not negative."""
    same = sets[:, :, None] == sets[:, None, :]
    within = operator * same[:, None]
    return np.einsum("qast,qbst->qsab", within, within.conj()).real
