"""The phase space of three-phonon processes: how many there are for each mode, whatever their strength."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.mesh import Mesh
from peierls.on_shell import DECAY, on_shell_search, unpack_bands
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.triplets import reduced_triplets
from peierls.units import THZ


@dataclass(frozen=True)
class PhaseSpace:
    """Joint densities of states of the irreducible modes, seen from the mode itself, and the phase space P₃.

    They are densities in the angular frequency, so in ps (per rad/ps). With m branches,

        P₃ = (2/3m³) (1/N) Σ_λ [P⁺(λ) + ½ P⁻(λ)],   P^±(λ) = (1/N) Σ_λ'λ'' δ(ω ± ω' - ω'') over q' of the mesh:

    the share of all triples of branches and wave vectors that conserve energy (L. Lindsay, D. A. Broido, DOI
    10.1088/0953-8984/20/16/165209). ShengBTE's BTE.P3_plus and BTE.P3_minus are P^±/(N m³).
    """

    qpoint: Floats = quantity("1", "ir_q 3", "fractional coordinates of the irreducible wave vectors")
    weight: Integers = quantity("1", "ir_q", "number of grid points in the star")
    frequency: Floats = quantity("THz", "ir_q band", "omega/2pi")
    absorption: Floats = quantity("ps", "ir_q band", "P+: density of processes in which the mode absorbs another")
    decay: Floats = quantity("ps", "ir_q band", "P-: density of ordered pairs into which the mode decays")
    total: float = quantity("ps", "", "three-phonon phase space P3")


def phase_space(
    mesh: Mesh, phonons: Phonons, integration: Mapping[str, Any], progress: Callable[[Any], Any] = iter
) -> PhaseSpace:
    """P^± of every irreducible mode with the delta function of the section `integration`, whose weights are those of
    the mode's own vantage whatever `integration.weights` says."""
    search = on_shell_search(mesh, phonons, {**integration, "weights": "mode"})
    rotated = mesh.rotated()
    sums = np.zeros((2, mesh.n_irreducible, phonons.n_bands))
    for point in progress(range(mesh.n_irreducible)):
        triplets = reduced_triplets(mesh, point, rotated)
        shell = search(int(mesh.irreducible[point]), triplets.q2, triplets.q3)
        first, _, _ = unpack_bands(shell.bands)
        weights = triplets.weights[shell.triplet] * shell.weight / mesh.n_points
        decays = shell.process == DECAY
        # Absorption of q' and of q'' are both listed, and both orders are in the weights of the triplets.
        for kind, chosen, share in ((0, ~decays, 0.5), (1, decays, 1.0)):
            sums[kind, point] = share * np.bincount(first[chosen], weights[chosen], minlength=phonons.n_bands)
    absorption, decay = sums
    of_modes = (mesh.weights[:, None] * (absorption + decay / 2)).sum()
    return PhaseSpace(
        qpoint=mesh.fractional[mesh.irreducible],
        weight=mesh.weights,
        frequency=phonons.frequencies[mesh.irreducible] / THZ,
        absorption=absorption,
        decay=decay,
        total=float(2 / 3 * of_modes / (mesh.n_points * phonons.n_bands**3)),
    )
