"""The relaxation-time approximation."""

import numpy as np

from peierls.crystal import Crystal
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import transport
from peierls.units import THZ


def solve(crystal: Crystal, mesh: Mesh, phonons: Phonons, linewidths: Linewidths) -> Transport:
    """κ = (1/V) Σ_λ c v⊗v τ over the full mesh, τ = 1/2Γ: the mean free displacement is vτ.

    A mode that is not scattered has no lifetime; it is left out and counted in the health checks. Source:
    physics.md, "Solvers".
    """
    rates = 2 * THZ * linewidths.linewidth.transpose(1, 2, 0)
    lifetimes = np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)
    displacements = phonons.group_velocities[..., None] * lifetimes[:, :, None]
    return transport(crystal, mesh, phonons, linewidths, "rta", displacements, converged=True)
