"""Callaway's model: normal processes bring the phonons to a drift, all others to rest."""

import numpy as np

from peierls import crystal_momentum
from peierls.crystal import Floats
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities, sqrt_n_n_plus_1
from peierls.phonons import Phonons, on_full_grid
from peierls.units import BOLTZMANN, HBAR, THZ, WATT_PER_METRE_KELVIN


def callaway_conductivity(volume: float, mesh: Mesh, phonons: Phonons, linewidths: Linewidths) -> Floats:
    """κ with lifetimes split into normal (N) and resistive (R) ones, shape (temperature, 3, 3), W/m/K, in a
    crystal of a volume in Å³.

    Normal processes relax a mode to the displaced occupation n + n(n+1) ħq·u/k_BT at the rate 1/τ_N, all others to n at
    1/τ_R = 1/τ - 1/τ_N; that normal processes conserve Σ ħq gives u, and

        κ = κ_RTA + (T/V) Bᵀ D⁻¹ B,   B_ij = Σ (τ/τ_N) ħq_i v_j ∂n/∂T,   D_ij = Σ (τ/τ_N τ_R) ħq_i ħq_j n(n+1)/k_BT.

    nan where nothing resists. q is in the first Brillouin zone; B and D are averaged over the choices of image that the
    point group relates. Source: J. Callaway, DOI 10.1103/PhysRev.113.1046; P. B. Allen, DOI 10.1103/PhysRevB.88.144302.
    """
    momenta = crystal_momentum.momenta(mesh)
    # Drifts along which the crystal repeats: all, or those of a sheet's plane, a chain's line.
    along = np.linalg.qr(mesh.reciprocal[mesh.sizes > 1].T)[0].T
    velocities = on_full_grid(phonons.group_velocities, mesh)
    result = np.full((len(linewidths.temperature), 3, 3), np.nan)
    for position, temperature in enumerate(linewidths.temperature):
        rates = 2 * THZ * linewidths.linewidth[position][mesh.grid_to_irreducible]
        normal = 2 * THZ * linewidths.linewidth_normal[position][mesh.grid_to_irreducible]
        lifetimes = linewidths.lifetimes[position][mesh.grid_to_irreducible]
        # c = ħω ∂n/∂T, and n(n+1) = 1/(4 sinh²(x/2)).
        capacities = heat_capacities(phonons.frequencies, temperature)
        energies = HBAR * phonons.frequencies
        slopes = np.divide(capacities, energies, out=np.zeros_like(energies), where=energies > 0)
        fluctuations = sqrt_n_n_plus_1(phonons.frequencies, temperature) ** 2 / (BOLTZMANN * temperature)
        drive = np.einsum("qi,qs,qsj->ij", momenta, lifetimes * normal * slopes, velocities)
        resistance = np.einsum(
            "qi,q,qj->ij", momenta, (lifetimes * normal * (rates - normal) * fluctuations).sum(1), momenta
        )
        drive, resistance = (_symmetric(tensor, mesh) for tensor in (drive, resistance))
        relaxation = np.einsum("qs,qsi,qsj->ij", capacities * lifetimes, velocities, velocities) / volume
        drive, resistance = along @ drive, along @ resistance @ along.T
        if np.linalg.cond(resistance) < 1 / np.finfo(float).eps:
            drift = temperature / volume * drive.T @ np.linalg.solve(resistance, drive)
            result[position] = (relaxation + drift) / WATT_PER_METRE_KELVIN
    return result


def _symmetric(tensor: Floats, mesh: Mesh) -> Floats:
    """Mean of a tensor over the point group."""
    rotations = mesh.cartesian_rotations
    return np.einsum("gai,ij,gbj->ab", rotations, tensor, rotations) / len(rotations)
