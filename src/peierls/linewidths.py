"""Linewidths by mechanism, for any number of temperatures in one pass over the matrix elements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.delta_functions import ABSORBS_SECOND, DECAY
from peierls.isotopes import isotope_linewidths
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.occupation import occupations
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.units import HBAR, METRE, THZ


@dataclass(frozen=True)
class Linewidths:
    """Half widths Γ/2π of the irreducible modes, so that the lifetime is τ = 1/(4π linewidth).

    The total is the sum of its four parts. A mode of `n_unscattered` has no scattering at all although its frequency is not zero.
    """

    temperature: Floats = quantity("K", "temperature", "temperatures")
    qpoint: Floats = quantity("1", "ir_q 3", "fractional coordinates of the irreducible wave vectors")
    weight: Integers = quantity("1", "ir_q", "number of grid points in the star")
    frequency: Floats = quantity("THz", "ir_q band", "omega/2pi")
    linewidth: Floats = quantity("THz", "temperature ir_q band", "Gamma/2pi of all mechanisms, 1/tau = 4 pi linewidth")
    linewidth_normal: Floats = quantity("THz", "temperature ir_q band", "part of normal three-phonon processes")
    linewidth_umklapp: Floats = quantity("THz", "temperature ir_q band", "part of Umklapp three-phonon processes")
    linewidth_isotope: Floats = quantity("THz", "ir_q band", "part of isotopes and other mass disorder")
    linewidth_boundary: Floats = quantity("THz", "ir_q band", "part of the boundaries")
    n_unscattered: Integers = quantity("1", "temperature", "modes of non-zero frequency with a linewidth of zero")


def compute_linewidths(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    matrix_elements: Iterable[MatrixElements],
    settings: Mapping[str, Any],
) -> Linewidths:
    """Linewidths at `settings["temperatures"]`, K, by the mechanisms of `settings["scattering"]`.

    `matrix_elements` may come in any order and any division, but must hold each irreducible point once (ValueError if not).
    `settings["scattering"]["isotopes"]` is "natural" (the crystal's own mass disorder), "none", or an array of g per atom.
    """
    temperatures = np.array(settings["temperatures"], dtype=float)
    scattering, integration = settings["scattering"], settings["integration"]
    omega = phonons.frequencies[mesh.irreducible]
    occupied = np.stack([occupations(phonons.frequencies, temperature) for temperature in temperatures], axis=-1)
    processes = np.full((2, *omega.shape, len(temperatures)), np.nan)
    products = integration["occupation"] == "tdep"
    for shard in matrix_elements:
        for position, point in enumerate(shard.points):
            triplets, entries = shard.of_point(position)
            starts = shard.entry_starts[triplets.start : triplets.stop + 1]
            processes[:, point] = _three_phonon_sums(
                int(mesh.irreducible[point]),
                shard.second_points[triplets],
                shard.third_points[triplets],
                shard.triplet_weights[triplets],
                shard.normal_fraction[triplets],
                starts - starts[0],
                shard.bands[entries],
                shard.processes[entries],
                shard.strengths[entries],
                occupied,
                products,
            )
    if np.isnan(processes).any():
        raise ValueError("the matrix elements do not cover every irreducible point")
    # Γ = (ħπ/16N) Σ |Φ|² {(n' + n'' + 1) δ(ω - ω' - ω'') + (n' - n'') [δ(ω + ω' - ω'') - δ(ω - ω' + ω'')]}
    three_phonon = HBAR * np.pi / (16 * mesh.n_points) * processes.transpose(0, 3, 1, 2)
    normal, umklapp = three_phonon / THZ
    isotopes = scattering["isotopes"]
    if isinstance(isotopes, str):
        disorder = crystal.mass_variances if isotopes == "natural" else np.zeros(len(crystal.masses))
    else:
        disorder = np.asarray(isotopes, dtype=float)
    isotope = isotope_linewidths(mesh, phonons, disorder, integration) / THZ
    boundary = boundary_linewidths(phonons, scattering) / THZ
    total = normal + umklapp + isotope + boundary
    return Linewidths(
        temperature=temperatures,
        qpoint=mesh.fractional[mesh.irreducible],
        weight=mesh.weights,
        frequency=omega / THZ,
        linewidth=total,
        linewidth_normal=normal,
        linewidth_umklapp=umklapp,
        linewidth_isotope=isotope,
        linewidth_boundary=boundary,
        n_unscattered=((total == 0) & (omega > 0)) .sum(axis=(1, 2)),
    )


def boundary_linewidths(phonons: Phonons, scattering: Mapping[str, Any]) -> Floats:
    """Γ = |v|/2L of the irreducible modes, summed over `boundary_length` and `max_mfp` (metres, or null), rad/ps.

    |v| is the root mean square over the degenerate set, (Tr V·V/d)^½. Source: physics.md, "Other mechanisms" (Casimir).
    """
    lengths = [scattering[key] for key in ("boundary_length", "max_mfp") if scattering[key] is not None]
    speeds = np.sqrt(np.einsum("qsaa->qs", phonons.velocity_squares))
    return speeds * sum(0.5 / (length * METRE) for length in lengths)


@numba.njit(cache=True)
def _three_phonon_sums(
    q1: int,
    q2: Integers,
    q3: Integers,
    weights: Integers,
    normal_fraction: Floats,
    entry_starts: Integers,
    bands: Integers,
    processes: Integers,
    strengths: Floats,
    occupied: Floats,
    products: bool,
) -> Floats:
    """Σ weight · strength · occupation factor of one q, split into normal and Umklapp, shape (2, band, temperature).

    With `products`, the factors are (n'+1)(n''+1)/(n+1) and n'(n''+1)/(n+1), equal to n'+n''+1 and n'-n'' on shell.
    """
    n_bands, n_temperatures = occupied.shape[1], occupied.shape[2]
    sums = np.zeros((2, n_bands, n_temperatures))
    for t in range(len(q2)):
        for entry in range(entry_starts[t], entry_starts[t + 1]):
            s1 = bands[entry] // (n_bands * n_bands)
            s2, s3 = bands[entry] // n_bands % n_bands, bands[entry] % n_bands
            second, third = occupied[q2[t], s2], occupied[q3[t], s3]
            if processes[entry] != DECAY and processes[entry] != ABSORBS_SECOND:
                second, third = third, second
            strength = weights[t] * strengths[entry]
            normal = normal_fraction[t] * strength
            umklapp = strength - normal
            for i in range(n_temperatures):
                if processes[entry] == DECAY:
                    factor = second[i] + third[i] + 1.0
                    if products:
                        factor = (second[i] + 1.0) * (third[i] + 1.0) / (occupied[q1, s1, i] + 1.0)
                else:
                    factor = second[i] - third[i]
                    if products:
                        factor = second[i] * (third[i] + 1.0) / (occupied[q1, s1, i] + 1.0)
                sums[0, s1, i] += normal * factor
                sums[1, s1, i] += umklapp * factor
    return sums
