"""The relaxation-time approximation."""

from peierls.callaway import callaway_conductivity
from peierls.solvers import Transport
from peierls.solvers.heat_conduction import HeatConduction, transport


def solve(problem: HeatConduction) -> Transport:
    """κ = (1/V) Σ_λ c v⊗v τ over the full mesh, τ = 1/2Γ: the mean free displacement is vτ.

    A mode that is not scattered has no lifetime; it is left out and counted in the health checks. Beside it stands
    Callaway's model, which tells what normal processes alone would change. Source: docs/equations.md, "Solvers".
    """
    callaway = callaway_conductivity(problem.volume, problem.mesh, problem.phonons, problem.linewidths)
    return transport(problem, "rta", problem.rta_displacements, converged=True, kappa_callaway=callaway)
