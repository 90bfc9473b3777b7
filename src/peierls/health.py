"""Checks that tell a number worth publishing from one that is not: a threshold, a status and a plain sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from peierls.crystal import Floats, Integers
from peierls.units import BOLTZMANN, HBAR

# Those who only read results need no compiler.
if TYPE_CHECKING:
    from peierls.linewidths import Linewidths
    from peierls.mesh import Mesh
    from peierls.phonons import Phonons

ACOUSTIC_AT_GAMMA = 0.05
"""Largest |ω|/2π of an acoustic mode at Γ before it is set to zero, THz."""
ASYMMETRY = 1e-3
"""Largest relative part of κ that breaks the symmetry of the crystal."""
UNRESOLVED = 0.2
"""Largest share of κ carried by the wave vectors next to Γ."""
THERMAL_EXPONENT = 0.25
"""Largest ħΔ/2k_BT of the energy mismatch Δ that the mesh leaves."""
VIOLATION = 1e-2
"""Largest violation of a sum rule or a permutation, relative to the largest force constant of its order."""
OVERDAMPED = 0.1
"""Largest share of the heat carried by modes that live shorter than 1/ω."""
ENERGY_LOSS = 0.1
"""Largest Rayleigh quotient of the energy vector over the mean rate."""
ON_BOUNDARY = 0.2
"""Largest share of the specific momentum at wave vectors that have several images."""


@dataclass(frozen=True)
class HealthCheck:
    """A check: its name, whether it passed, and what it found in one sentence."""

    name: str
    passed: bool
    sentence: str


def check_acoustic_sum_rule(phonons: Phonons) -> HealthCheck:
    """The acoustic frequencies at Γ, which the sum rule makes zero, must be small before they are set to zero."""
    largest = float(np.abs(phonons.acoustic_at_gamma).max())
    return HealthCheck(
        "acoustic sum rule",
        largest <= ACOUSTIC_AT_GAMMA,
        f"the acoustic modes at Gamma are at most {largest:.2g} THz before they are set to zero "
        f"(limit {ACOUSTIC_AT_GAMMA} THz)",
    )


def check_scattering(linewidths: Linewidths) -> HealthCheck:
    """Every mode must be scattered: one that is not would carry infinite heat and is left out of κ in RTA."""
    most = int(linewidths.n_unscattered.max())
    total = int((linewidths.frequency > 0).sum())
    sentence = f"each of the {total} irreducible modes is scattered at every temperature"
    if most:
        temperature = linewidths.temperature[int(np.argmax(linewidths.n_unscattered))]
        sentence = (
            f"{most} of {total} irreducible modes have no scattering at {temperature:g} K and are missing from kappa: "
            "use a finer mesh or a wider delta function"
        )
    return HealthCheck("unscattered modes", most == 0, sentence)


def check_positive_rates(linewidths: Linewidths) -> HealthCheck:
    """No linewidth may be negative."""
    negative = int((linewidths.linewidth < 0).sum())
    return HealthCheck("positive rates", negative == 0, f"{negative} linewidths are negative")


def check_symmetry(kappa: Floats, mesh: Mesh) -> HealthCheck:
    """κ, shape (temperature, 3, 3), must have the symmetry of the crystal without having been symmetrised."""
    rotations = mesh.cartesian_rotations
    symmetric = np.einsum("gab,tbc,gdc->tad", rotations, kappa, rotations) / len(rotations)
    norms = np.maximum(np.linalg.norm(kappa, axis=(1, 2)), np.finfo(float).tiny)
    worst = float((np.linalg.norm(kappa - symmetric, axis=(1, 2)) / norms).max(initial=0.0))
    return HealthCheck(
        "symmetry of kappa",
        worst <= ASYMMETRY,
        f"kappa breaks the symmetry of the crystal by {worst:.1e} before any symmetrisation (limit {ASYMMETRY:.0e})",
    )


def check_resolution(mesh: Mesh, mode_kappa: Floats, temperatures: Floats) -> HealthCheck:
    """Share of κ carried by the wave vectors next to Γ: what has longer mean free paths than they is not on the mesh.

    `mode_kappa` has shape (temperature, ir_q, band).
    """
    images = mesh.zone_images[mesh.irreducible]
    next_to_gamma = (np.abs(images) <= 1).all(axis=1) & (images != 0).any(axis=1)
    totals = mode_kappa.sum(axis=(1, 2))
    shares = np.divide(
        mode_kappa[:, next_to_gamma].sum(axis=(1, 2)), totals, out=np.zeros_like(totals), where=totals > 0
    )
    name = "resolved mean free paths"
    if not len(shares):
        return HealthCheck(name, True, "there is no kappa to resolve")
    worst = int(np.argmax(shares))
    unresolved = temperatures[shares > UNRESOLVED]
    sentence = (
        f"{100 * shares[worst]:.0f} % of kappa at {temperatures[worst]:g} K is carried by the wave vectors next to "
        f"Gamma, the longest mean free paths that the mesh has (limit {100 * UNRESOLVED:.0f} %)"
    )
    if len(unresolved):
        sentence += f": use a finer mesh for {_span(unresolved)}"
    return HealthCheck(name, len(unresolved) == 0, sentence)


def flows_uphill(kappa: Floats) -> NDArray[np.bool_]:
    """Where κ, shape (temperature, 3, 3), has a negative eigenvalue: heat would flow towards the hotter side."""
    eigenvalues = np.linalg.eigvalsh(0.5 * (kappa + kappa.swapaxes(1, 2)))
    return eigenvalues[:, 0] < -ASYMMETRY * np.abs(eigenvalues).max(axis=1)


def check_positive_kappa(kappa: Floats, converged: NDArray[np.bool_]) -> HealthCheck:
    """κ, shape (temperature, 3, 3), must be neither negative nor zero where the solver `converged`."""
    negative = int((converged & flows_uphill(kappa)).sum())
    zero = int((converged & (np.abs(kappa).max(axis=(1, 2)) == 0)).sum())
    return HealthCheck(
        "positive kappa",
        negative + zero == 0,
        f"kappa is negative at {negative} and zero at {zero} of {len(kappa)} temperatures",
    )


def check_thermal_resolution(spread: float, temperatures: Floats) -> HealthCheck:
    """The energy that a process may miss on this mesh must be small beside the thermal energy.

    With the weighting `event` a mismatch Δ multiplies a rate by up to exp(ħΔ/2k_BT); `spread` is the root mean
    square of Δ over the mesh, rad/ps.
    """
    exponents = HBAR * spread / (2 * BOLTZMANN * temperatures)
    cold = temperatures[exponents > THERMAL_EXPONENT]
    sentence = f"the mesh resolves energies of {HBAR * spread / BOLTZMANN:.2g} K, well below k_B T"
    if len(cold):
        sentence = (
            f"the mesh resolves energies of {HBAR * spread / BOLTZMANN:.2g} K only, too coarse for rates at "
            f"{_span(cold)}: use a finer mesh or integration.weights mode"
        )
    return HealthCheck("thermal resolution", len(cold) == 0, sentence)


_RULES = (
    *("translation, second order", "permutation, second order", "translation, third order"),
    *("permutation, third order", "the space group of the atoms, second order: are they of this crystal?"),
    "the space group of the atoms, third order: are they of this crystal?",
)


def check_force_constants(violations: Floats | None) -> HealthCheck:
    """`Crystal.rule_violations`: translations and permutations of the force constants, and the space group of the
    atoms."""
    worst, named = 0.0, ""
    if violations is not None:
        worst = float(violations.max())
        named = f": {_RULES[int(violations.argmax())]}" if worst > VIOLATION else ""
    return HealthCheck(
        "force constants",
        worst <= VIOLATION,
        f"the force constants break their rules by at most {worst:.1e} of the largest (limit {VIOLATION:.0e}){named}",
    )


def check_energy_conservation(quotients: Floats, temperatures: Floats) -> HealthCheck:
    """The energy vector must be a null vector of the collisions, up to the width of the delta function.

    `quotients` is its Rayleigh quotient over the mean rate of the modes, per temperature.
    """
    worst = int(np.argmax(np.abs(quotients)))
    return HealthCheck(
        "energy conservation",
        bool(abs(quotients[worst]) <= ENERGY_LOSS),
        f"collisions lose energy at {quotients[worst]:.1e} of the mean rate at {temperatures[worst]:g} K "
        f"(limit {ENERGY_LOSS:.0e})",
    )


def grows_by_itself(eta: Floats) -> NDArray[np.bool_]:
    """Where η, shape (temperature, 3, 3, 3, 3), has a negative eigenvalue: a drift would gain from its own friction."""
    matrices = eta.reshape(len(eta), 9, 9)
    eigenvalues = np.linalg.eigvalsh(0.5 * (matrices + matrices.swapaxes(1, 2)))
    return np.asarray(eigenvalues[:, 0] < -ASYMMETRY * np.abs(eigenvalues).max(axis=1))


def check_positive_viscosity(eta: Floats, converged: NDArray[np.bool_]) -> HealthCheck:
    """No gradient of the drift may feed it: η as a matrix of gradients (ij, kl) has no negative eigenvalue."""
    negative = int((converged & grows_by_itself(eta)).sum())
    return HealthCheck(
        "positive viscosity", negative == 0, f"the viscosity is negative at {negative} of {len(eta)} temperatures"
    )


def check_zone_boundary(shares: Floats, temperatures: Floats) -> HealthCheck:
    """`shares` of the specific momentum, per temperature, are at wave vectors for which one image is a convention."""
    worst = int(np.argmax(shares))
    return HealthCheck(
        "momentum on the zone boundary",
        bool(shares[worst] <= ON_BOUNDARY),
        f"{100 * shares[worst]:.1f} % of the specific momentum at {temperatures[worst]:g} K is on the boundary of the "
        f"zone, where a wave vector has several images (limit {100 * ON_BOUNDARY:.0f} %, a finer mesh has less)",
    )


def check_definiteness(n_negative: int, smallest_over_largest: float) -> HealthCheck:
    """The collision operator must have no negative eigenvalues on vector and scalar fields, of heat and energy."""
    return HealthCheck(
        "negative eigenvalues",
        n_negative == 0,
        f"{n_negative} eigenvalues of the collision operator are negative, the smallest is {smallest_over_largest:.1e} "
        "of the largest",
    )


def check_unscattered_sets(n_left_out: Integers, temperatures: Floats) -> HealthCheck:
    """Coherences within a degenerate set that nothing scatters are infinite and left out; `n_left_out` counts them."""
    most = int(np.argmax(n_left_out))
    sentence = "each pair of modes of a degenerate set is scattered at every temperature"
    if n_left_out[most]:
        sentence = (
            f"{n_left_out[most]} pairs of modes of one degenerate set have no scattering at {temperatures[most]:g} K "
            "and are missing from the coherences: use a finer mesh or a wider delta function"
        )
    return HealthCheck("unscattered pairs", not n_left_out[most], sentence)


def check_quasiparticles(mode_kappa: Floats, overdamped: NDArray[np.bool_], temperatures: Floats) -> HealthCheck:
    """Phonons must live longer than 1/ω, or they are none and no transport equation for them holds.

    `mode_kappa`, the heat of each mode, and `overdamped`, where ωτ < 1, have shape (temperature, ir_q, band). Source:
    the Ioffe-Regel limit in time, DOI 10.1103/PhysRevX.12.041011.
    """
    totals = np.abs(mode_kappa).sum(axis=(1, 2))
    shares = (np.abs(mode_kappa) * overdamped).sum(axis=(1, 2))
    shares = np.divide(shares, totals, out=np.zeros_like(totals), where=totals > 0)
    worst = int(np.argmax(shares))
    return HealthCheck(
        "well-defined phonons",
        bool(shares[worst] <= OVERDAMPED),
        f"{100 * shares[worst]:.2g} % of the heat at {temperatures[worst]:g} K is carried by modes that live shorter "
        f"than 1/omega (limit {100 * OVERDAMPED:.0f} %)",
    )


def failures_at(temperatures: Floats, reasons: Sequence[tuple[str, str, float, str]]) -> list[str]:
    """Sentences on the temperatures at which a solver failed, one for all of those at which it failed alike.

    `reasons` has for each temperature what happened (empty where nothing did), after what, the residual that was left,
    and the advice.
    """
    alike: dict[tuple[str, str, str], list[int]] = {}
    for place, (what, after, _, advice) in enumerate(reasons):
        if what:
            alike.setdefault((what, after, advice), []).append(place)
    sentences = []
    for (what, after, advice), places in alike.items():
        residuals = [reasons[place][2] for place in places]
        low, high = min(residuals), max(residuals)
        left = f"a residual of {high:.1e}" if len(places) == 1 else f"residuals of {low:.1e} to {high:.1e}"
        at = ", ".join(f"{temperatures[place]:g}" for place in places)
        sentences.append(f"{what} at {at} K{after} at {left}{advice}")
    return sentences


def check_convergence(solver: str, sentences: Sequence[str]) -> HealthCheck:
    """Whether a solver converged at every temperature; `sentences` say where and why it did not."""
    return HealthCheck(
        f"{solver} convergence", not sentences, "; ".join(sentences) or f"{solver} converged at every temperature"
    )


def _span(temperatures: Floats) -> str:
    """Temperatures in words: one, or the first and the last."""
    low, high = temperatures.min(), temperatures.max()
    return f"{low:g} K" if low == high else f"{low:g} to {high:g} K"
