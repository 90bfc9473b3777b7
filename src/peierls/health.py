"""Checks that tell a number worth publishing from one that is not: a threshold, a status and a plain sentence each."""

from dataclasses import dataclass

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.units import METRE, THZ

ACOUSTIC_AT_GAMMA = 0.05
"""Largest |ω|/2π of an acoustic mode at Γ before it is set to zero, THz."""
ASYMMETRY = 1e-3
"""Largest relative part of κ that breaks the symmetry of the crystal."""
UNRESOLVED = 0.5
"""Largest share of κ carried by modes whose mean free path is longer than the crystal that the mesh stands for."""


@dataclass(frozen=True)
class HealthCheck:
    """A check: its name, whether it passed, and what it found in one sentence."""

    name: str
    passed: bool
    sentence: str


def check_acoustic_sum_rule(phonons: Phonons) -> HealthCheck:
    """The three acoustic frequencies at Γ, which the sum rule makes zero, must be small before they are set to zero."""
    largest = float(np.abs(phonons.acoustic_at_gamma).max())
    return HealthCheck(
        "acoustic sum rule",
        largest <= ACOUSTIC_AT_GAMMA,
        f"the acoustic modes at Gamma are at most {largest:.2g} THz before they are set to zero (limit {ACOUSTIC_AT_GAMMA} THz)",
    )


def check_scattering(linewidths: Linewidths) -> HealthCheck:
    """Every mode must be scattered: one that is not would carry infinite heat and is left out of κ in RTA."""
    most = int(linewidths.n_unscattered.max())
    total = int((linewidths.frequency > 0).sum())
    sentence = f"each of the {total} irreducible modes is scattered at every temperature"
    if most:
        temperature = linewidths.temperature[int(np.argmax(linewidths.n_unscattered))]
        sentence = (
            f"{most} of {total} irreducible modes have no scattering at {temperature:g} K and are missing from kappa: use a finer "
            "mesh or a wider delta function"
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
    worst = float((np.linalg.norm(kappa - symmetric, axis=(1, 2)) / norms).max())
    return HealthCheck(
        "symmetry of kappa",
        worst <= ASYMMETRY,
        f"kappa breaks the symmetry of the crystal by {worst:.1e} before any symmetrisation (limit {ASYMMETRY:.0e})",
    )


def check_resolution(crystal: Crystal, mesh: Mesh, mode_kappa: Floats, linewidths: Linewidths, phonons: Phonons) -> HealthCheck:
    """Share of κ at mean free paths beyond N_i |a_i|, the crystal whose modes the mesh holds; `mode_kappa` (temperature, ir_q, band)."""
    size = float((np.linalg.norm(crystal.lattice, axis=1) * mesh.sizes).min())
    speeds = np.sqrt(np.einsum("qsaa->qs", phonons.velocity_squares))
    rates = 2 * THZ * linewidths.linewidth
    unresolved = speeds > size * rates
    totals = mode_kappa.sum(axis=(1, 2))
    shares = np.divide((mode_kappa * unresolved).sum(axis=(1, 2)), totals, out=np.zeros_like(totals), where=totals > 0)
    worst = int(np.argmax(shares))
    return HealthCheck(
        "resolved mean free paths",
        bool(shares[worst] <= UNRESOLVED),
        f"{100 * shares[worst]:.0f} % of kappa at {linewidths.temperature[worst]:g} K is carried by mean free paths longer than the "
        f"{size / METRE * 1e9:.1f} nm that the mesh stands for (limit {100 * UNRESOLVED:.0f} %)",
    )
