"""The Wigner transport equation: beside the populations of the modes, the coherences between modes carry heat.

    κ = κ_P + κ_C,   κ_C = (ħ/V) Σ_q Σ_s≠s' (ω+ω')/2 V_ss'⊗V_s's (∂n/∂T + ∂n'/∂T) (γ+γ') / (4(ω-ω')² + (γ+γ')²)

with γ = 1/τ and the velocity operator V in the smooth phase convention, in which atoms have the phase of where they
are (`phonons.velocity_operators`). For s = s' a term is c v⊗v τ. Members of a degenerate set have one velocity v̄ in
κ_P; what the set carries besides,

    (1/V) Σ c τ (V_ss'⊗V_s's summed over the set - v̄⊗v̄ of each of its members),

belongs to κ_C, with the mean γ of the set. So in the relaxation-time approximation κ is the sum over all pairs, s = s'
included, and does not depend on the basis of a set, nor, where its members have one rate, on which modes are taken for
degenerate. Source: M. Simoncelli, N. Marzari, F. Mauri, DOI 10.1038/s41567-019-0520-x and 10.1103/PhysRevX.12.041011;
docs/wigner.md; docs/weightings.md, "Degenerate modes".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.dynamical_matrix import Complexes
from peierls.health import (
    HealthCheck,
    check_positive_kappa,
    check_quasiparticles,
    check_symmetry,
    check_unscattered_sets,
)
from peierls.linewidths import Linewidths
from peierls.low_dimensions import conducting_volume, within
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons, average_over_sets
from peierls.solvers import Transport, health_datasets
from peierls.units import THZ, WATT_PER_METRE_KELVIN

N_BINS = 60
"""Intervals of frequency along each axis of the map of coherences."""

BATCH_NUMBERS = 2**22
"""Numbers in the largest array of a batch of wave vectors; bounds the memory of a step to some 200 MB."""


@dataclass(frozen=True)
class Modes:
    """What the coherences are made of: modes of some wave vectors q, each of which stands for `weights` points.

    `frequencies` ω (q, band), rad/ps; `rates` γ = 1/τ (temperature, q, band), rad/ps; `operator` (q, 3, band, band),
    Å/ps; `velocities` v̄ (q, band, 3), Å/ps; `sets` (q, band), the first band of each band's degenerate set.
    """

    frequencies: Floats
    rates: Floats
    operator: Complexes
    velocities: Floats
    sets: Integers
    weights: Integers


@dataclass(frozen=True)
class Coherences:
    """κ V of the coherences, amu Å⁴/(ps³ K).

    `by_mode` (temperature, q, band, 3, 3) is that of one point of each star; `by_frequencies` (temperature, bin, bin)
    the mean over directions of whole stars, by the frequencies of the two modes, in equal bins from zero to `highest`,
    rad/ps. `n_left_out` (temperature) counts pairs within degenerate sets that nothing scatters: their sum diverges.
    """

    by_mode: Floats
    by_frequencies: Floats
    highest: float
    n_left_out: Integers


def coherences(modes: Modes, temperatures: Floats, n_bins: int = N_BINS) -> Coherences:
    """Heat carried by the coherences of each wave vector at `temperatures`, K.

    A mode has the mean rate of its degenerate set, Tr γ/d, the only one that does not depend on the basis. A pair is
    shared among its two modes as their heat capacities, c/(c+c') (DOI 10.1103/PhysRevX.12.041011). Pairs whose rates
    add up to zero or less contribute nothing: between different frequencies that is the limit γ → 0.
    """
    n_points, n_bands = modes.frequencies.shape
    by_mode = np.zeros((len(temperatures), n_points, n_bands, 3, 3))
    highest = float(modes.frequencies.max(initial=np.finfo(float).tiny))
    bins = np.minimum((modes.frequencies * (n_bins / highest)).astype(np.int64), n_bins - 1)
    by_frequencies = np.zeros((len(temperatures), n_bins**2))
    n_left_out = np.zeros(len(temperatures), dtype=np.int64)
    for batch in _batches(n_points, 9 * n_bands**2):
        sets, omega, operator = modes.sets[batch], modes.frequencies[batch], modes.operator[batch]
        rates_of_sets = average_over_sets(modes.rates[:, batch].transpose(1, 2, 0), sets).transpose(2, 0, 1)
        together = sets[:, :, None] == sets[:, None, :]
        alone = together.sum(axis=2) == 1
        moving = (omega[:, :, None] > 0) & (omega[:, None, :] > 0)
        # Re V_ss'⊗V_s's, V being Hermitian, shape (q, band, band, 9).
        products = np.einsum("qast,qbst->qstab", operator, operator.conj()).real.reshape(*moving.shape, 9)
        mean_squares = np.einsum("qsa,qsb->qsab", modes.velocities[batch], modes.velocities[batch])
        places = bins[batch][:, :, None] * n_bins + bins[batch][:, None, :]
        for i, temperature in enumerate(temperatures):
            rates = rates_of_sets[i]
            capacities = heat_capacities(omega, temperature)
            weights = pair_weights(omega, rates, capacities)
            own = np.arange(n_bands)
            weights[:, own, own] *= ~alone
            sums = capacities[:, :, None] + capacities[:, None, :]
            shares = np.divide(capacities[:, :, None], sums, out=np.full_like(sums, 0.5), where=sums > 0)
            of_pairs = ((2 * shares * weights)[:, :, None] @ products)[:, :, 0].reshape(*omega.shape, 3, 3)
            carried = _lifetimes(rates) * capacities * ~alone
            by_mode[i, batch] = of_pairs - carried[..., None, None] * mean_squares
            means = weights * products[..., ::4].sum(axis=-1) / 3
            means[:, own, own] -= carried * np.einsum("qsaa->qs", mean_squares) / 3
            by_frequencies[i] += np.bincount(
                places.ravel(), (modes.weights[batch][:, None, None] * means).ravel(), minlength=n_bins**2
            )
            unscattered = together & moving & (rates[:, :, None] + rates[:, None, :] <= 0) & ~alone[:, :, None]
            n_left_out[i] += unscattered.sum()
    return Coherences(by_mode, by_frequencies.reshape(-1, n_bins, n_bins), highest, n_left_out)


def pair_weights(frequencies: Floats, rates: Floats, capacities: Floats) -> Floats:
    """ħ (ω+ω')/2 (∂n/∂T + ∂n'/∂T) (γ+γ')/(4(ω-ω')² + (γ+γ')²) with ħ ∂n/∂T = c/ω, shape (q, band, band).

    Zero where γ + γ' ≤ 0 and where a frequency is zero; c/γ on the diagonal.
    """
    slopes = np.divide(capacities, frequencies, out=np.zeros_like(capacities), where=frequencies > 0)
    energies = 0.5 * (frequencies[:, :, None] + frequencies[:, None, :]) * (slopes[:, :, None] + slopes[:, None, :])
    widths = rates[:, :, None] + rates[:, None, :]
    detunings = 2 * (frequencies[:, :, None] - frequencies[:, None, :])
    resonances = np.divide(widths, detunings**2 + widths**2, out=np.zeros_like(widths), where=widths > 0)
    moving = frequencies > 0
    return energies * resonances * (moving[:, :, None] & moving[:, None, :])


def _lifetimes(rates: Floats) -> Floats:
    """1/γ; 0 where a mode is not scattered."""
    return np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)


def _batches(n_points: int, numbers: int) -> Iterator[slice]:
    """Slices of wave vectors, each of which takes `numbers` numbers."""
    size = max(1, BATCH_NUMBERS // numbers)
    return (slice(start, start + size) for start in range(0, n_points, size))


def solve(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    linewidths: Linewidths,
    populations: Transport,
    geometry: Mapping[str, Any],
) -> Transport:
    """κ_P of `populations`, any solution of the Boltzmann equation, plus κ_C from the linewidths.

    κ_C is summed over stars, so it has the symmetry of the crystal as κ_P does. Across a sheet or a chain it is zero:
    what V has there is energy that goes to and fro between the atoms of one cell, and not on. κ is nan where κ_P is.
    The mean free displacement is that of the populations. `geometry` is the section of the configuration, by which the
    populations were made. Raises ValueError where the temperatures of the two are not the same.
    """
    temperatures = linewidths.temperature
    if not np.array_equal(populations.temperature, temperatures):
        raise ValueError("the populations are not at the temperatures of the linewidths")
    frequencies = phonons.frequencies[mesh.irreducible]
    rates = 2 * THZ * linewidths.linewidth
    sets = phonons.degenerate_sets[mesh.irreducible]
    projector = within(crystal, mesh.sizes)
    operator = np.einsum("ab,qbst->qast", projector, phonons.velocity_operator)
    modes = Modes(frequencies, rates, operator, phonons.group_velocities @ projector, sets, mesh.weights)
    found = coherences(modes, temperatures)
    scale = mesh.n_points * conducting_volume(crystal, mesh.sizes, geometry) * WATT_PER_METRE_KELVIN
    mode_coherences = over_stars(found.by_mode, mesh) / scale
    kappa_coherences = mode_coherences.sum(axis=(1, 2))
    kappa = populations.kappa + kappa_coherences
    converged = populations.converged.astype(bool)
    heat = np.einsum("tqsaa->tqs", np.nan_to_num(populations.mode_kappa) + mode_coherences) / 3
    own_checks = [
        check_positive_kappa(np.nan_to_num(kappa), converged),
        check_symmetry(kappa[converged], mesh),
        check_unscattered_sets(found.n_left_out, temperatures),
        check_quasiparticles(heat, (rates > frequencies) & (frequencies > 0), temperatures),
    ]
    edges = np.linspace(0.0, found.highest, N_BINS + 1) / THZ
    checks = _joined(populations.health, own_checks)
    return Transport(
        solver="wigner",
        temperature=temperatures,
        kappa=kappa,
        converged=populations.converged,
        mode_kappa=populations.mode_kappa + mode_coherences,
        mean_free_displacement=populations.mean_free_displacement,
        kappa_rta=populations.kappa_rta,
        thickness=populations.thickness,
        cross_section=populations.cross_section,
        **health_datasets(checks),
        populations=populations.solver,
        kappa_populations=populations.kappa,
        kappa_coherences=kappa_coherences,
        mode_coherences=mode_coherences,
        coherence_map=found.by_frequencies / scale / edges[1] ** 2,
        coherence_map_edges=edges,
    )


def over_stars(tensors: Floats, mesh: Mesh) -> Floats:
    """Sums over the star of tensors (temperature, ir_q, band, 3, 3) of its irreducible point."""
    flat = tensors.reshape(*tensors.shape[:3], 9)
    return np.einsum("qij,tqsj->tqsi", mesh.sums_over_stars(), flat, optimize=True).reshape(tensors.shape)


def _joined(inherited: list[HealthCheck], own: list[HealthCheck]) -> list[HealthCheck]:
    """The checks of the populations, those that are made again for the whole replaced."""
    again = {check.name for check in own}
    return [check for check in inherited if check.name not in again] + own
