"""Linewidths by mechanism, for any number of temperatures in one pass over the matrix elements."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from peierls.crystal import Crystal, Floats, Integers
from peierls.errors import InputError
from peierls.isotopes import IsotopeScattering, isotope_scattering
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.occupation import occupations, sqrt_n_n_plus_1
from peierls.on_shell import ABSORBS_SECOND, ABSORBS_THIRD, DECAY, unpack_bands
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.units import BOLTZMANN, HBAR, METRE, THZ

_log = logging.getLogger("peierls")

_LARGEST_EXPONENT = 650.0
"""Largest ħω/k_BT at which products of three occupations are still numbers."""


@dataclass(frozen=True)
class Linewidths:
    """Half widths Γ/2π of the irreducible modes, so that the lifetime is τ = 1/(4π linewidth).

    The total is the sum of four parts: normal, Umklapp, isotopes, boundary. `linewidth_decay` is a part of the first
    two together; what is left of them are processes in which the mode joins another. A mode of `n_unscattered` has no
    scattering at all although its frequency is not zero.
    """

    temperature: Floats = quantity("K", "temperature", "temperatures")
    qpoint: Floats = quantity("1", "ir_q 3", "fractional coordinates of the irreducible wave vectors")
    weight: Integers = quantity("1", "ir_q", "number of grid points in the star")
    frequency: Floats = quantity("THz", "ir_q band", "omega/2pi")
    linewidth: Floats = quantity("THz", "temperature ir_q band", "Gamma/2pi of all mechanisms, 1/tau = 4 pi linewidth")
    linewidth_normal: Floats = quantity("THz", "temperature ir_q band", "part of normal three-phonon processes")
    linewidth_umklapp: Floats = quantity("THz", "temperature ir_q band", "part of Umklapp three-phonon processes")
    linewidth_isotope: Floats = quantity("THz", "temperature ir_q band", "part of isotopes and other mass disorder")
    linewidth_boundary: Floats = quantity("THz", "ir_q band", "part of the boundaries")
    linewidth_decay: Floats = quantity(
        "THz",
        "temperature ir_q band",
        "part of three-phonon processes in which the mode decays into two, which is in normal and Umklapp too",
    )
    n_unscattered: Integers = quantity("1", "temperature", "modes of non-zero frequency with a linewidth of zero")

    @property
    def lifetimes(self) -> Floats:
        """τ = 1/2Γ, shape (temperature, ir_q, band), ps; 0 where a mode is not scattered."""
        rates = 2 * THZ * self.linewidth
        return np.divide(1.0, rates, out=np.zeros_like(rates), where=rates > 0)


def compute_linewidths(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    matrix_elements: Iterable[MatrixElements],
    settings: Mapping[str, Any],
) -> Linewidths:
    """Linewidths at `settings["temperatures"]`, K, by the mechanisms of `settings["scattering"]`.

    `matrix_elements` may come in any order and any division, but must hold each irreducible point once (ValueError
    if not). With the weighting `mode` the rates of a mode are those of its own triplets,

        Γ = (ħπ/16N) Σ |Φ|² {(n' + n'' + 1) δ(ω - ω' - ω'') + (n' - n'') [δ(ω + ω' - ω'') - δ(ω - ω' + ω'')]},

    with `event` each process gives its three modes their loss, symmetric in them: with s = sqrt(n(n+1)) = 1/(2
    sinh(x/2)),

        2Γ n(n+1) = Σ_e c_e |u_e| (πħ/4N) |Φ|² w_e s s' s''.

    Raises InputError for temperatures so low that occupations are no numbers. Source: docs/equations.md,
    "Three-phonon scattering".
    """
    temperatures = np.array(settings["temperatures"], dtype=float)
    scattering, integration = settings["scattering"], settings["integration"]
    omega = phonons.frequencies[mesh.irreducible]
    coldest = HBAR * float(omega.max()) / (_LARGEST_EXPONENT * BOLTZMANN)
    if temperatures.min() < coldest:
        raise InputError(
            f"temperatures: {temperatures.min():g} K is too low for frequencies up to {omega.max() / THZ:.3g} THz: "
            f"their occupation is below the smallest number there is; expected at least {coldest:.2g} K"
        )
    events = integration["weights"] == "event"
    table = sqrt_n_n_plus_1 if events else occupations
    statistics = np.stack([table(phonons.frequencies, temperature) for temperature in temperatures], axis=-1)
    sums, times_held = sums_over_processes(mesh, matrix_elements, statistics, integration)
    if events:
        squares = statistics[mesh.irreducible] ** 2
        sums = np.divide(sums, squares, out=np.zeros_like(sums), where=squares > 0)
    if (times_held != 1).any():
        raise ValueError("the matrix elements do not hold every irreducible point once")
    parts = HBAR * np.pi / (16 * mesh.n_points) / THZ * np.moveaxis(sums, -1, 2)
    normal, umklapp = parts.sum(axis=1)
    _log.info("isotopes and boundaries")
    isotopes = isotope_scattering(mesh, phonons, isotope_disorder(crystal, scattering["isotopes"]), integration)
    isotope = _isotope_linewidths(isotopes, statistics, symmetric=events) / THZ
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
        linewidth_decay=parts[:, 1].sum(axis=0),
        n_unscattered=((total == 0) & (omega > 0)).sum(axis=(1, 2)),
    )


def sums_over_processes(
    mesh: Mesh, matrix_elements: Iterable[MatrixElements], statistics: Floats, integration: Mapping[str, Any]
) -> tuple[Floats, Integers]:
    """Σ weight · strength · statistical factor of the processes, by what becomes of each mode, and how often each
    irreducible point was among the matrix elements; shapes (normal or Umklapp, joins or decays, ir_q, band,
    temperature) and (ir_q,).

    `statistics`, shape (grid, band, temperature), is sqrt(n(n+1)) with the weighting `event`, n with `mode`.
    """
    sums = np.zeros((2, 2, mesh.n_irreducible, *statistics.shape[1:]))
    times_held = np.zeros(mesh.n_irreducible, dtype=np.int64)
    for shard in matrix_elements:
        np.add.at(times_held, shard.points, 1)
        _log.info("three-phonon processes of %d of %d points", int((times_held > 0).sum()), mesh.n_irreducible)
        arrays = (
            *(mesh.irreducible[shard.points], shard.triplet_starts, shard.second_points, shard.third_points),
            *(shard.triplet_weights, shard.normal_fraction),
            *(shard.entry_starts, shard.bands, shard.processes, shard.strengths),
            *(mesh.grid_to_irreducible, statistics),
        )
        if integration["weights"] == "event":
            _add_event_losses(sums, *arrays, mesh.weights)
        else:
            _add_mode_rates(sums, *arrays, integration["occupation"] == "tdep")
    return sums, times_held


def isotope_disorder(crystal: Crystal, isotopes: Any) -> Floats:
    """g of each atom: the crystal's own for "natural", zero for "none", else the given array of shape (atom,)."""
    if isinstance(isotopes, str):
        return crystal.mass_variances if isotopes == "natural" else np.zeros(len(crystal.masses))
    return np.asarray(isotopes, dtype=float)


def _isotope_linewidths(isotopes: IsotopeScattering, statistics: Floats, symmetric: bool) -> Floats:
    """Γ by isotopes, shape (temperature, ir_q, band), rad/ps.

    The sum over a mode's own pairs; `symmetric`, the mean of the pairs as seen from both modes with s'/s, so that what
    the mode loses is what the pair's other mode gains: 2Γ n(n+1) = Σ rate s s'.
    """
    mesh, sums = isotopes.mesh, isotopes.star_sums()
    shape = mesh.n_irreducible, *statistics.shape[1:]
    rates = np.zeros((len(sums), shape[2]))
    ones = np.ones_like(rates)
    s = statistics[mesh.irreducible].reshape(rates.shape) if symmetric else ones
    _add_pair_losses(rates, isotopes.first, isotopes.second, isotopes.rates, sums, s, symmetric)
    rates /= np.repeat(mesh.weights, shape[1])[:, None]
    rates = np.divide(rates, s**2, out=np.zeros_like(rates), where=s > 0)
    return 0.5 * np.moveaxis(rates.reshape(shape), 2, 0)


def boundary_linewidths(phonons: Phonons, scattering: Mapping[str, Any]) -> Floats:
    """Γ = |v|/2L of the irreducible modes, summed over `boundary_length` and `max_mfp` (metres, or null), rad/ps.

    |v| is the root mean square over the degenerate set, (Tr V·V/d)^½. Source: docs/equations.md, "Other mechanisms".
    """
    lengths = [scattering[key] for key in ("boundary_length", "max_mfp") if scattering[key] is not None]
    return phonons.speeds * sum(0.5 / (length * METRE) for length in lengths)


def mean_free_paths(phonons: Phonons, linewidths: Linewidths) -> Floats:
    """|v|τ of the irreducible modes, |v| = (Tr V·V/d)^½ over the degenerate set, shape (temperature, ir_q, band), Å; 0
    where a mode is not scattered, and has no share in κ."""
    return np.asarray(phonons.speeds * linewidths.lifetimes)


@numba.njit(cache=True)
def _add_mode_rates(
    sums: Floats,
    first_points: Integers,
    triplet_starts: Integers,
    second_points: Integers,
    third_points: Integers,
    triplet_weights: Floats,
    normal_fraction: Floats,
    entry_starts: Integers,
    bands: Integers,
    processes: Integers,
    strengths: Floats,
    rows: Integers,
    occupied: Floats,
    products: bool,
) -> None:
    """Add Σ weight · strength · occupation factor to sums[normal or Umklapp, joins or decays, ir_q, band, temperature],
    a point's own triplets.

    With `products`, the factors are (n'+1)(n''+1)/(n+1) and n'(n''+1)/(n+1), equal to n'+n''+1 and n'-n'' on shell.
    """
    n_temperatures = occupied.shape[2]
    for p in range(len(first_points)):
        q1 = first_points[p]
        row = rows[q1]
        for t in range(triplet_starts[p], triplet_starts[p + 1]):
            for entry in range(entry_starts[t], entry_starts[t + 1]):
                s1, s2, s3 = unpack_bands(bands[entry])
                first, second, third = occupied[q1, s1], occupied[second_points[t], s2], occupied[third_points[t], s3]
                if processes[entry] != DECAY and processes[entry] != ABSORBS_SECOND:
                    second, third = third, second
                decays = 1 if processes[entry] == DECAY else 0
                strength = triplet_weights[t] * strengths[entry]
                normal = normal_fraction[t] * strength
                umklapp = strength - normal
                for i in range(n_temperatures):
                    if processes[entry] == DECAY:
                        factor = second[i] + third[i] + 1.0
                        if products:
                            factor = (second[i] + 1.0) * (third[i] + 1.0) / (first[i] + 1.0)
                    else:
                        factor = second[i] - third[i]
                        if products:
                            factor = second[i] * (third[i] + 1.0) / (first[i] + 1.0)
                    sums[0, decays, row, s1, i] += normal * factor
                    sums[1, decays, row, s1, i] += umklapp * factor


@numba.njit(cache=True)
def _add_event_losses(
    sums: Floats,
    first_points: Integers,
    triplet_starts: Integers,
    second_points: Integers,
    third_points: Integers,
    triplet_weights: Floats,
    normal_fraction: Floats,
    entry_starts: Integers,
    bands: Integers,
    processes: Integers,
    strengths: Floats,
    rows: Integers,
    sqrt_nn: Floats,
    star_weights: Integers,
) -> None:
    """Add Σ weight · strength · s s' s'' to the three modes of each process, the star's weight shared among its
    points; to `sums` as in `_add_mode_rates`."""
    n_temperatures = sqrt_nn.shape[2]
    loss = np.empty(n_temperatures)
    for p in range(len(first_points)):
        q1 = first_points[p]
        row1 = rows[q1]
        for t in range(triplet_starts[p], triplet_starts[p + 1]):
            row2, row3 = rows[second_points[t]], rows[third_points[t]]
            ratio2 = star_weights[row1] / star_weights[row2]
            ratio3 = star_weights[row1] / star_weights[row3]
            for entry in range(entry_starts[t], entry_starts[t + 1]):
                s1, s2, s3 = unpack_bands(bands[entry])
                first, second, third = sqrt_nn[q1, s1], sqrt_nn[second_points[t], s2], sqrt_nn[third_points[t], s3]
                strength = triplet_weights[t] * strengths[entry]
                for i in range(n_temperatures):
                    loss[i] = strength * first[i] * second[i] * third[i]
                # The mode that is as high as the other two together decays, those join.
                process = processes[entry]
                decays1, decays2 = int(process == DECAY), int(process == ABSORBS_THIRD)
                decays3 = int(process == ABSORBS_SECOND)
                for kind in range(2):
                    share = normal_fraction[t] if kind == 0 else 1.0 - normal_fraction[t]
                    if share > 0.0:
                        sums1, sums2 = sums[kind, decays1, row1, s1], sums[kind, decays2, row2, s2]
                        sums3 = sums[kind, decays3, row3, s3]
                        for i in range(n_temperatures):
                            sums1[i] += share * loss[i]
                            sums2[i] += share * ratio2 * loss[i]
                            sums3[i] += share * ratio3 * loss[i]


@numba.njit(cache=True)
def _add_pair_losses(
    sums: Floats, first: Integers, second: Integers, rates: Floats, tensors: Floats, s: Floats, symmetric: bool
) -> None:
    """Add rate · overlap · s s' of each pair, summed over both stars, to its first mode, or half of it to each if
    `symmetric`; the overlap is the product of the `tensors` of the stars."""
    for pair in range(len(rates)):
        i, j = first[pair], second[pair]
        overlap = 0.0
        for component in range(tensors.shape[1]):
            overlap += tensors[i, component] * tensors[j, component]
        # A sum of squares, which rounding may leave below zero where it should vanish.
        rate = rates[pair] * max(overlap, 0.0)
        for t in range(s.shape[1]):
            loss = rate * s[i, t] * s[j, t]
            if symmetric:
                sums[i, t] += 0.5 * loss
                sums[j, t] += 0.5 * loss
            else:
                sums[i, t] += loss
