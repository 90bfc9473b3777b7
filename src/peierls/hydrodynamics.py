"""Phonon hydrodynamics: momentum as a quantity that drifts, is viscous, and is lost.

Temperature T and drift velocity u obey the viscous heat equations (M. Simoncelli, N. Marzari, A. Cepellotti, DOI
10.1103/PhysRevX.10.011019), whose coefficients are here. With s = sqrt(n(n+1)), p = ħq (`crystal_momentum`), and V the
volume of the crystal,

    A_ij = 1/(k_B T V) Σ p_i p_j s²                     density of momentum in a drift, A u
    φ_i = Σ_j (A^-1/2)_ij p_j s / sqrt(k_B T V)         orthonormal momentum vectors
    θ_0 = ħω s / sqrt(k_B T² C V)                       energy vector, C = (1/V) Σ c
    W_ij = Σ φ_i v_j θ_0                                coupling of temperature and drift
    D_ij = φ_i Ω φ_j                                    rates at which collisions take momentum, mostly by Umklapp

In the principal axes of A, φ_i is the p_i s / sqrt(k_B T V A_i) of the paper. The viscosity is that of the flux of
momentum: the source of a gradient of u is φ_k v_l without its part along energy, which relaxes nothing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from peierls import crystal_momentum
from peierls.collision_operator import CollisionOperator, Representation
from peierls.crystal import Floats
from peierls.crystal_momentum import ImageChoices, related_choices, self_inverse
from peierls.solvers.heat_conduction import HeatConduction
from peierls.units import BOLTZMANN, HBAR

_NO_MOMENTUM = 1e-12
"""Part of the largest eigenvalue of A below which a direction holds no momentum."""


@dataclass(frozen=True)
class MomentumFlux:
    """A crystal in which phonons drift: sources and coefficients at the temperatures of `operator`, internal units."""

    problem: HeatConduction
    operator: CollisionOperator

    @cached_property
    def choices(self) -> ImageChoices:
        """Choices of image of all wave vectors that are not their own opposite; the others carry no flux."""
        return related_choices(self.problem.mesh, ~self_inverse(self.problem.mesh))

    @cached_property
    def tensors(self) -> Representation:
        """Tensor fields of rank 2, even in q, one for each choice."""
        return self.choices.fields(self.problem.mesh, rank=2, parity=1.0)

    @cached_property
    def energy(self) -> Floats:
        """θ_0 of the active modes, normalised over the mesh, shape (ir_q, band, temperature)."""
        operator, mesh = self.operator, self.problem.mesh
        sqrt_nn = operator.sqrt_nn[mesh.irreducible]
        vector = HBAR * self.problem.phonons.frequencies[mesh.irreducible][..., None] * sqrt_nn * operator.active
        norms = np.sqrt(np.einsum("q,qst->t", mesh.weights, vector**2))
        return np.divide(vector, norms, out=np.zeros_like(vector), where=norms > 0)

    @property
    def source(self) -> Floats:
        """p_k v_l s of the active modes for every choice, shape (ir_q, band, choice·3·3, temperature)."""
        operator, mesh, velocities = self.operator, self.problem.mesh, self.problem.phonons.group_velocities
        tensors = np.einsum("qck,qsl->qsckl", self.choices.momenta, velocities)
        weights = operator.sqrt_nn[mesh.irreducible] * operator.active
        return tensors.reshape(*velocities.shape[:2], -1)[..., None] * weights[:, :, None]

    def without_energy(self, field: Floats, representation: Representation) -> Floats:
        """Qθ = θ - θ_0 (θ_0ᵀθ) for each component of a field."""
        own = np.einsum("q,qst,qsct->ct", self.problem.mesh.weights, self.energy, field)
        # The sum over the mesh keeps only what no operation of the point group changes.
        overlap = representation.matrices.mean(axis=0) @ own
        return np.asarray(field - self.energy[:, :, None] * overlap)

    def apply(self, field: Floats) -> Floats:
        """QΩQ of a field with a tensor for each choice."""
        within = self.without_energy(field, self.tensors)
        return self.without_energy(self.operator.apply(within, self.tensors), self.tensors)

    def response(self, source: Floats, solution: Floats) -> Floats:
        """η_ijkl = 1/(k_B T V) Σ source_ij solution_kl, mean over the choices, shape (temperature, 3, 3, 3, 3)."""
        mesh, count = self.problem.mesh, self.choices.count
        split = (*source.shape[:2], count, 9, source.shape[3])
        products = np.einsum(
            "q,qscit,qscjt->tij", mesh.weights, source.reshape(split), solution.reshape(split), optimize=True
        )
        return self.per_volume(self.mean_over_group(products.reshape(-1, 3, 3, 3, 3) / count))

    @property
    def in_rta(self) -> Floats:
        """η_ijkl = 1/(k_B T V) Σ n(n+1) p_i v_j p_k v_l τ, shape (temperature, 3, 3, 3, 3)."""
        operator, mesh, velocities = self.operator, self.problem.mesh, self.problem.phonons.group_velocities
        weights = operator.sqrt_nn[mesh.irreducible] ** 2 * mesh.weights[:, None, None]
        lifetimes = np.divide(1.0, operator.rates, out=np.zeros_like(weights), where=operator.rates > 0)
        squares = crystal_momentum.mean_squares(mesh)
        products = np.einsum(
            "qik,qsj,qsl,qst->tijkl", squares, velocities, velocities, weights * lifetimes, optimize=True
        )
        return self.per_volume(self.mean_over_group(products))

    @cached_property
    def specific_momentum(self) -> Floats:
        """A, shape (temperature, 3, 3), amu/Å³."""
        mesh = self.problem.mesh
        weights = np.einsum("q,qst->qt", mesh.weights, self.operator.sqrt_nn[mesh.irreducible] ** 2)
        products = np.einsum("qij,qt->tij", crystal_momentum.mean_squares(mesh), weights)
        return self.per_volume(self.mean_over_group(products))

    @cached_property
    def specific_heat(self) -> Floats:
        """C, shape (temperature,), amu/(Å ps² K)."""
        return np.array([self.problem.specific_heat(temperature) for temperature in self.operator.temperatures])

    @property
    def coupling(self) -> Floats:
        """W, shape (temperature, 3, 3), Å/ps."""
        operator, mesh, phonons = self.operator, self.problem.mesh, self.problem.phonons
        energies = HBAR * phonons.frequencies[mesh.irreducible][..., None] * operator.sqrt_nn[mesh.irreducible] ** 2
        products = np.einsum(
            "q,qi,qsj,qst->tij",
            *(mesh.weights, crystal_momentum.mean_momenta(mesh), phonons.group_velocities, energies),
            optimize=True,
        )
        scale = np.sqrt(operator.temperatures * self.specific_heat)
        return self._root_of_momentum @ self.per_volume(self.mean_over_group(products)) / scale[:, None, None]

    @cached_property
    def friction(self) -> Floats:
        """1/(k_B T V) pᵀsΩsp, mean over the choices, shape (temperature, 3, 3), amu/(Å³ ps)."""
        operator, mesh = self.operator, self.problem.mesh
        weights = operator.sqrt_nn[mesh.irreducible] * operator.active
        alone = self_inverse(mesh)
        total = np.zeros((len(operator.temperatures), 3, 3))
        for points, parity in ((~alone, -1.0), (alone, 1.0)):
            choices = related_choices(mesh, points)
            vectors = choices.fields(mesh, rank=1, parity=parity)
            field = choices.momenta.reshape(mesh.n_irreducible, 1, -1, 1) * weights[:, :, None]
            image = operator.apply(field, vectors)
            split = (*weights.shape[:2], choices.count, 3, weights.shape[2])
            products = np.einsum(
                "q,qscit,qscjt->tij", mesh.weights, field.reshape(split), image.reshape(split), optimize=True
            )
            total += self.mean_over_group(products) / choices.count
        return self.per_volume(total)

    @property
    def dissipation(self) -> Floats:
        """D, shape (temperature, 3, 3), 1/ps."""
        return self._root_of_momentum @ self.friction @ self._root_of_momentum

    @property
    def volume(self) -> float:
        """V of the crystal, Å³."""
        return self.problem.volume

    def per_volume(self, sums: Floats) -> Floats:
        """Sums over the mesh, shape (temperature, ...), over k_B T V."""
        scale = BOLTZMANN * self.operator.temperatures * self.volume
        return np.asarray(sums / scale.reshape(-1, *(1,) * (sums.ndim - 1)))

    def mean_over_group(self, tensors: Floats) -> Floats:
        """Mean over the point group of tensors (temperature, 3, ..., 3): what a sum over irreducible points lacks."""
        rotations = self.problem.mesh.cartesian_rotations
        turned = np.broadcast_to(tensors, (len(rotations), *tensors.shape))
        for axis in range(2, turned.ndim):
            first = np.moveaxis(turned, axis, 1)
            turned = np.moveaxis(np.einsum("gai,gi...->ga...", rotations, first), 1, axis)
        return np.asarray(turned.mean(axis=0))

    @property
    def _root_of_momentum(self) -> Floats:
        """A^-1/2, shape (temperature, 3, 3), zero across a sheet or a chain, where nothing drifts."""
        values, axes = np.linalg.eigh(self.specific_momentum)
        there = values > _NO_MOMENTUM * values.max(axis=1, keepdims=True)
        roots = np.divide(1.0, np.sqrt(np.abs(values)), out=np.zeros_like(values), where=there)
        return np.einsum("tai,ti,tbi->tab", axes, roots, axes)
