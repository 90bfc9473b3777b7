"""The relaxation-time approximation."""

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.health import (
    check_acoustic_sum_rule,
    check_positive_rates,
    check_resolution,
    check_scattering,
    check_symmetry,
)
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons, on_full_grid
from peierls.solvers import Transport
from peierls.units import THZ, WATT_PER_METRE_KELVIN


def solve(crystal: Crystal, mesh: Mesh, phonons: Phonons, linewidths: Linewidths) -> Transport:
    """κ = (1/V) Σ_λ c v⊗v τ over the full mesh, V = NΩ, τ = 1/2Γ.

    A mode that is not scattered has no lifetime; it is left out and counted in the health checks. Source: physics.md, "Solvers".
    """
    frequencies = phonons.frequencies[mesh.irreducible]
    capacities = np.stack([heat_capacities(frequencies, temperature) for temperature in linewidths.temperature])
    rates = 2 * THZ * linewidths.linewidth
    lifetimes = np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)
    volume = mesh.n_points * crystal.volume
    mode_kappa = np.einsum("tqs,qsab->tqsab", capacities * lifetimes, velocity_stars(mesh, phonons)) / volume
    mode_kappa /= WATT_PER_METRE_KELVIN
    kappa = mode_kappa.sum(axis=(1, 2))
    checks = [
        check_acoustic_sum_rule(phonons),
        check_scattering(linewidths),
        check_positive_rates(linewidths),
        check_symmetry(kappa, mesh),
        check_resolution(crystal, mesh, np.einsum("tqsaa->tqs", mode_kappa) / 3, linewidths, phonons),
    ]
    return Transport(
        solver="rta",
        temperature=linewidths.temperature,
        kappa=kappa,
        converged=np.ones(len(kappa), dtype=np.int64),
        mode_kappa=mode_kappa,
        health_names=tuple(check.name for check in checks),
        health_passed=np.array([check.passed for check in checks], dtype=np.int64),
        health_sentences=tuple(check.sentence for check in checks),
    )


def velocity_stars(mesh: Mesh, phonons: Phonons) -> Floats:
    """Σ v⊗v over the star of each irreducible mode, shape (ir_q, band, 3, 3), Å²/ps²."""
    velocities = on_full_grid(phonons.group_velocities, mesh)
    stars = np.zeros((mesh.n_irreducible, phonons.n_bands, 3, 3))
    np.add.at(stars, mesh.grid_to_irreducible, velocities[..., :, None] * velocities[..., None, :])
    return stars
