"""The Boltzmann equation at many strengths of one more diagonal scattering, solved in one common subspace.

(Ω + σ D) ψ = b for a diagonal D ≥ 0 and several σ: a vector whose image under Ω is known serves every σ, for that of
D costs nothing. So the subspace is shared: in it the equation is solved for each σ (where Ω is positive that is the
best approximation it holds, as in conjugate gradients), and it grows by the residual of the σ that is farthest from
its solution, until none is. An application of Ω extends it at all temperatures, at each by what that one needs.

Everything is in coordinates in which products are plain sums, shape (system, coordinate), and Ω is symmetric, or nearly
so: where force constants break the space group of their crystal, b is not among the fields on which it is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peierls.crystal import Floats

_log = logging.getLogger("peierls")


class Projected(NamedTuple):
    """ψ in a subspace, what it leaves of the source, both of shape (system, coordinate), and whether the operator is
    positive there, shape (system,)."""

    solution: Floats
    remainder: Floats
    positive: NDArray[np.bool_]


@dataclass(frozen=True)
class Subspace:
    """Vectors and their images under Ω, shape (system, vector, coordinate), and what is solved in their span: `shift`
    is D and `source` b, shape (system, coordinate)."""

    shift: Floats
    source: Floats
    vectors: Floats
    images: Floats

    @cached_property
    def _products(self) -> tuple[Floats, Floats, Floats]:
        """⟨v, Ω v'⟩, ⟨v, D v'⟩ and ⟨v, b⟩ of each system."""
        transposed = self.vectors.transpose(0, 2, 1)
        shifting = (self.vectors * self.shift[:, None]) @ transposed
        return self.vectors @ self.images.transpose(0, 2, 1), shifting, self.vectors @ self.source[..., None]

    def solve(self, strength: float) -> Projected:
        """The ψ for which b - (Ω + σ D) ψ is orthogonal to all vectors."""
        collisions, shifting, overlaps = self._products
        mirrored = collisions.transpose(0, 2, 1)
        values, modes = np.linalg.eigh(0.5 * (collisions + mirrored) + strength * shifting)
        # A system that had nothing to add has vectors of zeros.
        zero = 1e-14 * np.abs(values).max(axis=1, initial=0.0, keepdims=True)
        used = values > zero
        # In what makes the even part of the matrix the identity, the whole has an inverse of at most 1.
        basis = modes * np.sqrt(np.divide(1.0, values, out=np.zeros_like(values), where=used))[:, None]
        whole = np.eye(values.shape[1]) + basis.transpose(0, 2, 1) @ (0.5 * (collisions - mirrored)) @ basis
        coefficients = (basis @ np.linalg.solve(whole, basis.transpose(0, 2, 1) @ overlaps)).transpose(0, 2, 1)
        solution = (coefficients @ self.vectors)[:, 0]
        image = (coefficients @ self.images)[:, 0] + strength * self.shift * solution
        return Projected(solution, self.source - image, (values >= -zero).all(axis=1))

    def orthonormal(self, vector: Floats, metric: Floats) -> Floats:
        """What `vector` adds to the subspace, normalised in ⟨v, metric v⟩, in which its vectors are orthonormal."""
        for _ in range(2):  # the second time removes what rounding left
            vector = vector / _norm(vector, metric)
            overlaps = self.vectors @ (metric * vector)[..., None]
            vector = vector - (overlaps.transpose(0, 2, 1) @ self.vectors)[:, 0]
        return vector / _norm(vector, metric)

    def extended(self, vector: Floats, image: Floats) -> "Subspace":
        """The subspace with one more vector, shape (system, coordinate)."""
        return replace(
            self,
            vectors=np.concatenate([self.vectors, vector[:, None]], axis=1),
            images=np.concatenate([self.images, image[:, None]], axis=1),
        )


def solve_shifted(
    apply: Callable[[Floats], Floats],
    diagonal: Floats,
    shift: Floats,
    source: Floats,
    strengths: Floats,
    tolerance: float,
    max_iterations: int,
) -> tuple[Subspace, Floats]:
    """A subspace that holds the solution for every σ in `strengths`, and the residuals in it, shape (strength, system).

    They are |r|/|b| in the norm ⟨r, r/(diagonal + σ D)⟩, and infinite where Ω + σ D turns out not to be positive. At
    most `max_iterations` applications of Ω are made to bring all below `tolerance`. `apply` is Ω, `diagonal` what it
    has there; where that is zero nothing acts, and the source is zero, too.
    """
    space = Subspace(shift, source, *(np.empty((len(source), 0, source.shape[1])) for _ in range(2)))
    while True:
        residuals = np.zeros((len(strengths), len(source)))
        direction, farthest = np.zeros_like(source), np.zeros(len(source))
        for number, strength in enumerate(strengths):
            found, inverse = space.solve(strength), _inverse(diagonal + strength * shift)
            scale = (source**2 * inverse).sum(axis=1)
            preconditioned = found.remainder * inverse
            square = (found.remainder * preconditioned).sum(axis=1)
            left = np.sqrt(np.divide(square, scale, out=np.zeros_like(scale), where=scale > 0))
            ahead = found.positive & (left > farthest)
            direction[ahead], farthest[ahead] = preconditioned[ahead], left[ahead]
            residuals[number] = np.where(found.positive, left, np.inf)
        done = space.vectors.shape[1]
        _log.info("application %d: relative residual at most %.1e", done, farthest.max(initial=0.0))
        if farthest.max(initial=0.0) < tolerance or done == max_iterations:
            return space, residuals
        vector = space.orthonormal(direction, diagonal)
        space = space.extended(vector, apply(vector))


def _inverse(diagonal: Floats) -> Floats:
    return np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)


def _norm(vector: Floats, metric: Floats) -> Floats:
    """Of each system, shape (system, 1); one where there is nothing."""
    norms = np.sqrt((vector * metric * vector).sum(axis=1, keepdims=True))
    return np.where(norms > 0, norms, 1.0)
