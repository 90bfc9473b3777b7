"""Long-range electrostatics of polar crystals: what the dipoles of moving ions add to the dynamical matrix.

An ion i that moves by u is a dipole Z*_i u in a medium of dielectric tensor ε. The interaction of all dipoles of a wave
K, in the lattice-vector gauge and with e² short for e²/4πε₀, is the sum over K = q + G

    Φ_ij(q) = (4π e²/V) Σ_G (K Z*_i)(K Z*_j) / (K ε K) exp(-K ε K / 4Λ²) exp(-i K·(r_j - r_i))

with on-site terms that make it vanish where all atoms move alike. This is the reciprocal-space half of an Ewald sum;
the other half is short-ranged and belongs to the force constants. The limit q → 0 depends on the direction q̂ that it
is taken along: K = 0 is left out at Γ, and its limit (4π e²/V) (q̂ Z*_i)(q̂ Z*_j)/(q̂ ε q̂) is added where a direction is
given.

Force constants hold the dipoles or do not, and each case has its method:

- They hold them, as those of a supercell do. `gonze-lee` (X. Gonze and C. Lee, DOI 10.1103/PhysRevB.55.10355) takes
  the sum out of them at the wave vectors that fit into the supercell, where they are exact, and adds it back at every
  q; the choice of Λ hardly matters. `wang` (Y. Wang et al., DOI 10.1088/0953-8984/22/20/202201) leaves them as they
  are and adds the limit's formula at finite q, spread evenly over the supercell.
- They do not, as those of TDEP and Quantum ESPRESSO: the sum is added as it is. Its Λ belongs to the force
  constants and is no choice: λ in TDEP's file, 2π/alat in Quantum ESPRESSO's (its α is 1 in (2π/alat)²).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peierls import commensurate
from peierls.blocks import add_up
from peierls.brillouin_zone import translations
from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import Complexes, LongRange
from peierls.errors import InputError
from peierls.symmetry import operations
from peierls.units import COULOMB

ASYMMETRY = 0.1
"""Largest part of a Born charge, in e, that breaks the crystal's symmetry or neutrality and is averaged out."""

_EXPONENT = 36.0
"""Terms of the Ewald sum below exp(-36), the rounding of a double, are left out."""

_LARGEST_SUM = 200_000
"""Reciprocal vectors above which a range parameter is taken for a mistake."""

_AT_GAMMA = 1e-10
"""Fractional wave vectors that are smaller are Γ."""

_BATCH_NUMBERS = 2**22
"""Numbers in the largest array of a batch of wave vectors; bounds the memory of a step to some 100 MB."""


def separate(crystal: Crystal, nac: Mapping[str, Any]) -> tuple[Crystal, LongRange | None]:
    """`crystal` with the force constants that a Fourier sum is right for, and the part to add to it at each q.

    `nac` is the section of the configuration: `method`, `direction` at Γ, and `lambda` in 1/Å, of `gonze-lee`. The
    second value is None where there is nothing to add: no Born charges other than zero, or method `none`. Raises
    InputError where the method is not one for these force constants or their charges.
    """
    method = nac["method"]
    has_charges = crystal.born_charges is not None and crystal.born_charges.any()
    if method == "none" or (method == "auto" and not has_charges):
        return crystal, None
    dipoles = Dipoles.of(crystal, method)
    # Where results are averaged over directions, each direction is a calculation of its own (`directions`).
    without_limit = nac["direction"] in ("none", "average")
    direction = np.zeros(3) if without_limit else np.array(nac["direction"], dtype=float)
    if not without_limit and not direction.any():
        raise InputError("nac.direction: is [0, 0, 0], expected a direction or none")
    given = nac["lambda"]
    if crystal.ewald_parameter is not None:
        if method == "wang":
            raise InputError(
                "nac.method: 'wang' is for force constants that hold the long-range part, these leave out an Ewald "
                "sum; expected auto or gonze-lee"
            )
        if given is not None:
            raise InputError(
                f"nac.lambda: is {given:g} 1/Å, but the force constants leave out an Ewald sum at their own "
                f"{crystal.ewald_parameter:g} 1/Å, expected null"
            )
        return crystal, EwaldSum.of(dipoles, crystal.ewald_parameter, direction)
    if crystal.fc2_supercell is None:
        raise InputError(
            f"nac.method: '{method}' needs the supercell of the second-order force constants, which their files do "
            "not give; expected none"
        )
    vectors, shares = commensurate.shares(crystal.lattice, crystal.positions, crystal.species, crystal.fc2_supercell)
    if method == "wang":
        return crystal, InterpolatedTerm(dipoles, vectors, shares, direction)
    ewald = EwaldSum.of(dipoles, dipoles.range_parameter() if given is None else float(given), direction)
    contained = in_supercell(ewald, crystal.fc2_supercell, vectors, shares)
    labels, fc2 = add_up(np.concatenate([crystal.fc2_vectors, vectors]), np.concatenate([crystal.fc2, -contained]))
    return replace(crystal, fc2_vectors=labels, fc2=fc2), ewald


@dataclass(frozen=True)
class Dipoles:
    """What answers to an electric field: `positions` (atom, 3) in Å, `charges` Z* (atom, 3, 3) in e, first index the
    field, and `dielectric` ε (3, 3), in a cell of `reciprocal` vectors (3, 3), 1/Å, and `volume`, Å³."""

    reciprocal: Floats
    volume: float
    positions: Floats
    charges: Floats
    dielectric: Floats

    @classmethod
    def of(cls, crystal: Crystal, method: str) -> "Dipoles":
        """Those of `crystal`, with its symmetry: Z*_i and ε are averaged over the space group, Σ Z*_i made zero.

        What is averaged out is noise: without it, all modes of a star have one frequency and the sum rule holds. Raises
        InputError where it is more than `ASYMMETRY`, where there are no charges, or where ε is not positive definite.
        """
        if crystal.born_charges is None or crystal.dielectric is None:
            raise InputError(
                f"nac.method: '{method}' needs Born charges and a dielectric tensor, which the force constants come "
                "without; expected auto or none"
            )
        charges, dielectric = np.zeros_like(crystal.born_charges), np.zeros((3, 3))
        group = operations(crystal.lattice, crystal.positions, crystal.sites)
        for operation in group:
            turn = operation.cartesian
            charges += turn.T @ crystal.born_charges[operation.images] @ turn / len(group)
            dielectric += turn.T @ crystal.dielectric @ turn / len(group)
        charges -= charges.mean(axis=0)
        averaged_out = float(np.abs(charges - crystal.born_charges).max())
        if averaged_out > ASYMMETRY:
            raise InputError(
                f"crystal: Born charges break its symmetry or neutrality by {averaged_out:.2g} e, expected at most "
                f"{ASYMMETRY} e; are they in the order of the atoms?"
            )
        dielectric = (dielectric + dielectric.T) / 2
        smallest = float(np.linalg.eigvalsh(dielectric)[0])
        if smallest <= 0:
            raise InputError(
                f"crystal: its dielectric tensor is not positive definite: it has the eigenvalue {smallest:.3g}, "
                "expected positive ones"
            )
        return cls(crystal.reciprocal, crystal.volume, crystal.positions @ crystal.lattice, charges, dielectric)

    def range_parameter(self) -> float:
        """A Λ, 1/Å, whose sum converges to 1e-10 within 300 reciprocal vectors, of however large a cell.

        The half of the Ewald sum that is left in real space then reaches about as far as a cell: Λ V^⅓/√ε is 2.7.
        """
        radius = (3 * 300 / (4 * np.pi) * (2 * np.pi) ** 3 / self.volume) ** (1 / 3)
        return float(radius * np.linalg.det(self.dielectric) ** (1 / 6) / (2 * np.sqrt(np.log(1e10))))

    def between(self, fields: Floats | Complexes) -> Any:
        """(4π e²/V) Z*_iᵀ T_ij Z*_j for tensors T (..., atom, atom, 3, 3)."""
        left = self.charges.swapaxes(1, 2)[:, None]
        return 4 * np.pi * COULOMB / self.volume * (left @ fields @ self.charges)

    def separations(self) -> Floats:
        """r_j - r_i, shape (atom, atom, 3), Å."""
        return self.positions[None, :] - self.positions[:, None]

    def fields(self, waves: Floats, range_parameter: float = np.inf) -> Floats:
        """K K / (K ε K) exp(-K ε K/4Λ²) for Cartesian K (..., 3), shape (..., 3, 3); zero for K = 0."""
        strength, _ = self._strengths(waves, range_parameter)
        return strength[..., None, None] * waves[..., :, None] * waves[..., None, :]

    def field_gradients(self, waves: Floats, range_parameter: float = np.inf) -> Floats:
        """The derivative of `fields` by K, shape (..., 3, 3, 3), derivative first."""
        strength, slope = self._strengths(waves, range_parameter)
        unit = np.eye(3)
        gradients = (slope[..., None] * (waves @ self.dielectric))[..., :, None, None] * (
            waves[..., None, :, None] * waves[..., None, None, :]
        )
        along = strength[..., None] * waves
        gradients += unit[:, :, None] * along[..., None, None, :]
        gradients += unit[:, None, :] * along[..., None, :, None]
        return gradients

    def _strengths(self, waves: Floats, range_parameter: float) -> tuple[Floats, Floats]:
        """f = exp(-x/4Λ²)/x for x = K ε K, and 2 df/dx; both zero for K = 0."""
        x = ((waves @ self.dielectric) * waves).sum(axis=-1)
        inverse = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
        damping = 0.25 / range_parameter**2
        strength = np.exp(-damping * x) * inverse
        return strength, -2 * strength * (inverse + damping)


@dataclass(frozen=True)
class EwaldSum:
    """The sum over reciprocal lattice vectors `vectors` (G, 3), whole numbers, at Λ = `range_parameter`, 1/Å.

    `on_site` (atom, 3, 3), amu/ps², holds the terms that the translation of the crystal asks for.
    """

    dipoles: Dipoles
    range_parameter: float
    vectors: Integers
    on_site: Floats
    direction: Floats

    @classmethod
    def of(cls, dipoles: Dipoles, range_parameter: float, direction: Floats) -> "EwaldSum":
        """The converged sum at a given Λ."""
        n_atoms = len(dipoles.charges)
        vectors = _reciprocal_vectors(dipoles, range_parameter)
        bare = cls(dipoles, range_parameter, vectors, np.zeros((n_atoms, 3, 3)), np.zeros(3))
        on_site = -bare.force_constants(np.zeros((1, 3)))[0].sum(axis=1).real
        return replace(bare, on_site=on_site, direction=direction)

    def __str__(self) -> str:
        return f"Ewald sum over dipoles, lambda {self.range_parameter:.4g} 1/angstrom; {_limit(self.direction)}"

    def towards(self, direction: Floats) -> "EwaldSum":
        """See `LongRange`."""
        return replace(self, direction=direction)

    def force_constants(self, wave_vectors: Floats) -> Complexes:
        """See `LongRange`."""
        n_atoms = len(self.dipoles.charges)
        result = np.empty((len(wave_vectors), n_atoms, n_atoms, 3, 3), dtype=complex)
        folded = wave_vectors - np.rint(wave_vectors)
        for batch in _batches(len(folded), 9 * len(self.vectors)):
            waves = self._waves(folded[batch])
            fields = self._summed(self.dipoles.fields(waves, self.range_parameter))
            fields[_is_gamma(folded[batch])] += self.dipoles.fields(self.direction)
            result[batch] = self._phases(folded[batch]) * self.dipoles.between(fields)
        atoms = np.arange(n_atoms)
        result[:, atoms, atoms] += self.on_site
        return result

    def gradients(self, wave_vectors: Floats) -> Complexes:
        """See `LongRange`. In the smooth gauge the phase exp(-i q·(r_j - r_i)) is not there to be derived."""
        n_atoms = len(self.dipoles.charges)
        result = np.empty((len(wave_vectors), 3, n_atoms, n_atoms, 3, 3), dtype=complex)
        folded = wave_vectors - np.rint(wave_vectors)
        for batch in _batches(len(folded), 27 * len(self.vectors)):
            gradients = self.dipoles.field_gradients(self._waves(folded[batch]), self.range_parameter)
            summed = np.stack([self._summed(gradients[:, :, axis]) for axis in range(3)], axis=1)
            result[batch] = self._phases(folded[batch])[:, None] * self.dipoles.between(summed)
        return result

    def _waves(self, folded: Floats) -> Floats:
        """K = q + G, shape (q, G, 3), 1/Å; exactly zero where q is Γ and G is zero."""
        folded = np.where(_is_gamma(folded)[:, None], 0.0, folded)
        return (folded[:, None, :] + self.vectors) @ self.dipoles.reciprocal

    def _phases(self, folded: Floats) -> Complexes:
        """exp(-i q·(r_j - r_i)), shape (q, atom, atom, 1, 1)."""
        angles = np.einsum("qa,ija->qij", folded @ self.dipoles.reciprocal, self.dipoles.separations())
        return np.exp(-1j * angles)[..., None, None]

    def _summed(self, fields: Floats) -> Complexes:
        """Σ_G T(q, G) exp(-i G·(r_j - r_i)) for T (q, G, 3, 3), shape (q, atom, atom, 3, 3)."""
        n_points, n_vectors = fields.shape[:2]
        n_atoms = len(self.dipoles.charges)
        real, imaginary = self._structure @ fields.reshape(n_points, 1, n_vectors, 9).swapaxes(0, 1)
        return (real + 1j * imaginary).reshape(n_points, n_atoms, n_atoms, 3, 3)

    @cached_property
    def _structure(self) -> Floats:
        """Real and imaginary part of exp(-i G·(r_j - r_i)), shape (2, 1, pair, G)."""
        angles = self.dipoles.separations().reshape(-1, 3) @ (self.vectors @ self.dipoles.reciprocal).T
        return np.stack([np.cos(angles), -np.sin(angles)])[:, None]


@dataclass(frozen=True)
class InterpolatedTerm:
    """The non-analytic term of Wang: that of q in the first zone, the same between all cells of the supercell.

    `shares` (vector, atom, atom) says how the images of an atom at `vectors` (vector, 3) share it. Where several images
    of q are equally short their mean is taken, which keeps the symmetry of the crystal.
    """

    dipoles: Dipoles
    vectors: Integers
    shares: Floats
    direction: Floats

    def __str__(self) -> str:
        return f"interpolated non-analytic term; {_limit(self.direction)}"

    def towards(self, direction: Floats) -> "InterpolatedTerm":
        """See `LongRange`."""
        return replace(self, direction=direction)

    def force_constants(self, wave_vectors: Floats) -> Complexes:
        """See `LongRange`."""
        fields = self._mean_over_images(wave_vectors, self.dipoles.fields)
        fields[_is_gamma(wave_vectors - np.rint(wave_vectors))] = self.dipoles.fields(self.direction)
        return self._spread(wave_vectors) * self.dipoles.between(fields[:, None, None])

    def gradients(self, wave_vectors: Floats) -> Complexes:
        """See `LongRange`."""
        fields = self._mean_over_images(wave_vectors, self.dipoles.fields)
        slopes = self._mean_over_images(wave_vectors, self.dipoles.field_gradients)
        gradients = self._spread_gradients(wave_vectors) * self.dipoles.between(fields[:, None, None])[:, None]
        gradients += self._spread(wave_vectors)[:, None] * self.dipoles.between(slopes[:, :, None, None])
        return gradients

    def _spread(self, wave_vectors: Floats) -> Complexes:
        """(1/N) Σ_R s_ij(R) exp(i q·R) over the N cells of the supercell, shape (q, atom, atom, 1, 1)."""
        return self._sum_over_images(wave_vectors, self.shares)[..., None, None]

    def _spread_gradients(self, wave_vectors: Floats) -> Complexes:
        """(1/N) Σ_R i (R + r_j - r_i) s_ij(R) exp(i q·R), shape (q, 3, atom, atom, 1, 1)."""
        lattice = 2 * np.pi * np.linalg.inv(self.dipoles.reciprocal).T
        distances = (self.vectors @ lattice)[:, None, None] + self.dipoles.separations()
        weighted = (distances * self.shares[..., None]).transpose(0, 3, 1, 2)
        return 1j * self._sum_over_images(wave_vectors, weighted)[..., None, None]

    def _sum_over_images(self, wave_vectors: Floats, weights: Floats) -> Complexes:
        phases = np.exp(2j * np.pi * wave_vectors @ self.vectors.T)
        n_cells = self.shares[:, 0, 0].sum()
        return np.tensordot(phases, weights, axes=1) / n_cells

    def _mean_over_images(self, wave_vectors: Floats, function: Any) -> Floats:
        """Mean of a function of K over the shortest images of each q; shape (q, ...)."""
        point, images = _shortest_images(wave_vectors, self.dipoles.reciprocal)
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        values = np.add.reduceat(function(images), starts)
        counts = np.diff(starts, append=len(point))
        return values / counts.reshape(-1, *(1,) * (values.ndim - 1))


def in_supercell(ewald: EwaldSum, period: Integers, vectors: Integers, shares: Floats) -> Floats:
    """What a supercell knows of the sum: its force constants (vector, atom, atom, 3, 3) at lattice vectors
    `vectors`, of which each carries its share of those between the supercell's periodic images.

        Φ_ij(R) = s_ij(R) (1/N) Σ_q Φ_ij(q) exp(-i q·R)   over the N wave vectors q that fit into the supercell

    At Γ without a limit: the calculation of a supercell has no macroscopic field.
    """
    points = commensurate.wave_vectors(period)
    constants = ewald.towards(np.zeros(3)).force_constants(points)
    phases = np.exp(-2j * np.pi * vectors @ points.T)
    periodic = (phases @ constants.reshape(len(points), -1)).real / len(points)
    return shares[..., None, None] * periodic.reshape(len(vectors), *constants.shape[1:])


def _reciprocal_vectors(dipoles: Dipoles, range_parameter: float) -> Integers:
    """Whole numbers (G, 3) of the reciprocal vectors that matter for any folded q, |q_i| ≤ ½: (G + q) ε (G + q) is
    less than 4Λ² times `_EXPONENT`."""
    metric = dipoles.reciprocal @ dipoles.dielectric @ dipoles.reciprocal.T
    corners = np.array(list(product((-0.5, 0.5), repeat=3)))
    margin = np.sqrt(np.einsum("ka,ab,kb->k", corners, metric, corners).max())
    radius = 2 * range_parameter * np.sqrt(_EXPONENT) + margin
    expected = 4 / 3 * np.pi * radius**3 / np.sqrt(np.linalg.det(metric))
    if expected > _LARGEST_SUM:
        raise InputError(
            f"nac.lambda: an Ewald sum at {range_parameter:g} 1/Å has {expected:.1g} terms, expected a range parameter "
            f"near {dipoles.range_parameter():.2g} 1/Å"
        )
    reach = np.floor(radius * np.sqrt(np.diag(np.linalg.inv(metric)))).astype(np.int64)
    box = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    return box[np.einsum("ga,ab,gb->g", box, metric, box) <= radius**2]


def _shortest_images(wave_vectors: Floats, reciprocal: Floats) -> tuple[Integers, Floats]:
    """The images q - G in the first zone, Cartesian (image, 3), 1/Å, and which q each one belongs to (image), in
    order."""
    lattice_vectors, tied = translations(wave_vectors, reciprocal)
    return np.nonzero(tied)[0], (wave_vectors[:, None] - lattice_vectors)[tied] @ reciprocal


def _is_gamma(folded: Floats) -> NDArray[np.bool_]:
    return np.abs(folded).max(axis=1) < _AT_GAMMA


def _batches(n_points: int, numbers: int) -> list[slice]:
    """Slices of wave vectors, each of which takes `numbers` numbers."""
    size = max(1, _BATCH_NUMBERS // numbers)
    return [slice(start, start + size) for start in range(0, n_points, size)]


def _limit(direction: Floats) -> str:
    if not direction.any():
        return "no non-analytic term at Gamma"
    return f"limit at Gamma along [{', '.join(f'{x:g}' for x in direction)}]"
