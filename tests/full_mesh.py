"""The Boltzmann equation on the full mesh, written out term by term without any symmetry: the reference for what
uses it."""

from itertools import product
from typing import NamedTuple

import numpy as np
from chain import Chain

from peierls.crystal import Floats
from peierls.occupation import occupations, sqrt_n_n_plus_1
from peierls.phonons import average_over_sets, on_full_grid
from peierls.third_order import fold_third_order
from peierls.units import BOLTZMANN, HBAR, THZ, WATT_PER_METRE_KELVIN


class FullMesh(NamedTuple):
    """A and its loss part for all modes (grid, band) in one row, b per direction, and the factor from b·f to κ in
    W/m/K."""

    collisions: Floats
    losses: Floats
    source: Floats
    scale: float

    def kappa(self) -> Floats:
        """κ by direct solution over the modes that have a frequency, shape (3, 3).

        In the sense of least squares: on a small mesh few processes are on shell, and fields that no gradient excites
        may be without any rate.
        """
        active = np.flatnonzero(self.losses > 0)
        roots = np.sqrt(self.losses[active])
        scaled = self.collisions[np.ix_(active, active)] / np.multiply.outer(roots, roots)
        source = self.source[active] / roots[:, None]
        return self.scale * source.T @ np.linalg.lstsq(scaled, source, rcond=1e-13)[0]


def squared_elements(chain: Chain) -> Floats:
    """|Φ|² of all ordered pairs of wave vectors, averaged over degenerate sets, shape (grid, grid, band, band,
    band)."""
    mesh, phonons = chain.mesh, chain.phonons
    folded = fold_third_order(chain.crystal, mesh.sizes, chain.integration["fc3_origin"])
    n, bands = mesh.n_points, phonons.n_bands
    root = np.where(phonons.frequencies > 0, phonons.frequencies, np.inf)
    squares = np.empty((n, n, bands, bands, bands))
    everything = np.arange(n)
    for q1 in everything:
        q3 = mesh.third_point(np.array(q1), everything)
        first = folded.at(mesh.fractional[q1], phonons.eigenvectors[q1])
        lattice_sum = folded.transform(first, mesh.coordinates).reshape(n, bands, bands, bands)
        elements = np.einsum("qsjk,qjt,qku->qstu", lattice_sum, phonons.eigenvectors, phonons.eigenvectors[q3])
        raw = np.abs(elements) ** 2 / root[q1][:, None, None] / root[:, None, :, None] / root[q3][:, None, None, :]
        sets1 = np.broadcast_to(phonons.degenerate_sets[q1], (n, bands))
        for axis, sets in ((1, sets1), (2, phonons.degenerate_sets), (3, phonons.degenerate_sets[q3])):
            raw = np.moveaxis(average_over_sets(np.moveaxis(raw, axis, 1), sets), 1, axis)
        squares[q1] = raw
    return squares


def full_mesh(chain: Chain, temperature: float, isotopes: bool = False) -> FullMesh:
    """A = Σ_e c_e (πħ/4N) |Φ|² w P u uᵀ over every event of the mesh, by Gaussians; the losses as the weighting says.

    Source: docs/equations.md, "The collision operator".
    """
    crystal, mesh, phonons = chain.crystal, chain.mesh, chain.phonons
    assert chain.integration["method"] == "gaussian"
    sigma, threshold = chain.integration["sigma"] * THZ, chain.integration["threshold"]
    n, bands = mesh.n_points, phonons.n_bands
    omega, s = phonons.frequencies, sqrt_n_n_plus_1(phonons.frequencies, temperature)
    occupied = occupations(omega, temperature)
    squares = squared_elements(chain)
    opposite = mesh.index(-mesh.coordinates)
    mode = np.arange(n * bands).reshape(n, bands)
    a = np.zeros((n * bands, n * bands))
    event_losses, mode_losses = np.zeros((n, bands)), np.zeros((n, bands))

    def delta(mismatch: Floats, *legs: Floats) -> Floats:
        inside = (np.abs(mismatch) < threshold * sigma) & np.all(
            [leg > 0 for leg in np.broadcast_arrays(*legs)], axis=0
        )
        return inside * np.exp(-0.5 * (mismatch / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))

    for q1, q2 in product(range(n), repeat=2):
        q3 = int(mesh.third_point(np.array(q1), np.array(q2)))
        w1, w2, w3 = omega[q1][:, None, None], omega[q2][None, :, None], omega[q3][None, None, :]
        s1, s2, s3 = s[q1][:, None, None], s[q2][None, :, None], s[q3][None, None, :]
        n2, n3 = occupied[q2][None, :, None], occupied[q3][None, None, :]
        prefactor = np.pi * HBAR / (4 * n) * squares[q1, q2]
        # Ordered pairs count each event twice, and once where its two lower modes are one.
        joins = 0.5 * prefactor * delta(w1 + w2 - w3, w1, w2, w3) * s1 * s2 * s3
        shape = joins.shape
        legs = [np.broadcast_to(m, shape) for m in (mode[q1][:, None, None], mode[q2][None, :, None])]
        legs.append(np.broadcast_to(mode[opposite[q3]][None, None, :], shape))
        for (i, u), (j, v) in product(enumerate((1, 1, -1)), repeat=2):
            np.add.at(a, (legs[i], legs[j]), u * v * joins)
        for leg in legs:
            np.add.at(event_losses.ravel(), leg, joins)
        splits = delta(w1 - w2 - w3, w1, w2, w3) * (n2 + n3 + 1)
        absorbs = delta(w1 + w2 - w3, w1, w2, w3) * (n2 - n3) - delta(w1 - w2 + w3, w1, w2, w3) * (n2 - n3)
        mode_losses[q1] += (prefactor / 2 * (splits + absorbs)).sum(axis=(1, 2)) * s[q1] ** 2
    if isotopes:
        by_atom = phonons.eigenvectors.reshape(n, -1, 3, bands)
        products = np.einsum("qiat,piau->qptui", by_atom.conj(), by_atom)
        overlap = np.einsum("qptui,i->qptu", np.abs(products) ** 2, crystal.mass_variances)
        for q1 in range(n):
            sets1 = np.broadcast_to(phonons.degenerate_sets[q1], (n, bands))
            overlap[q1] = average_over_sets(overlap[q1], sets1)
            swapped = average_over_sets(overlap[q1].swapaxes(1, 2), phonons.degenerate_sets)
            overlap[q1] = swapped.swapaxes(1, 2)
        w, v = omega[:, None, :, None], omega[None, :, None, :]
        rates = np.pi / (2 * n) * w * v * overlap * delta(w - v, w, v)
        coupling = (rates * s[:, None, :, None] * s[None, :, None, :]).transpose(0, 2, 1, 3).reshape(a.shape)
        a += np.diag(coupling.sum(axis=1)) - coupling
        event_losses += coupling.sum(axis=1).reshape(n, bands)
        mode_losses += rates.sum(axis=(1, 3)) * s**2
    losses = event_losses
    if chain.integration["weights"] == "mode":
        a += np.diag((mode_losses - event_losses).ravel())
        losses = mode_losses
    velocities = on_full_grid(phonons.group_velocities, mesh)
    source = (velocities * (HBAR * omega * s**2)[..., None]).reshape(-1, 3)
    scale = 1 / (n * crystal.volume * BOLTZMANN * temperature**2 * WATT_PER_METRE_KELVIN)
    return FullMesh(a, losses.ravel(), source, scale)
