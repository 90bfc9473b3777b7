"""The relaxation-time approximation."""

import numpy as np

from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport
from peierls.units import THZ


def solve(problem: HeatConduction) -> Transport:
    """κ = (1/V) Σ_λ c v⊗v τ over the full mesh, τ = 1/2Γ: the mean free displacement is vτ.

    A mode that is not scattered has no lifetime; it is left out and counted in the health checks. Source:
    physics.md, "Solvers".
    """
    rates = 2 * THZ * problem.linewidths.linewidth.transpose(1, 2, 0)
    lifetimes = np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)
    displacements = problem.phonons.group_velocities[..., None] * lifetimes[:, :, None]
    return transport(problem, "rta", displacements, converged=True)
