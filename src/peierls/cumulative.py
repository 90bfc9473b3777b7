"""κ accumulated over the mean free path and over the frequency: which phonons carry the heat.

    κ(l) = Σ_λ κ_λ Θ(l - l_λ),   κ(ω) = Σ_λ κ_λ Θ(ω - ω_λ),   κ_λ = (1/V) c v⊗F

Two lengths are given to a mode. The mean free path |v|τ, |v| the root mean square over the degenerate set, is that of
the relaxation-time approximation, whatever solver gives κ_λ (as in TDEP). The mean free displacement F·v/|v| is how far
the solver at hand lets the mode carry its heat (as in ShengBTE); beyond the relaxation-time approximation it may be
negative, the curve then starts with the modes that carry heat uphill, and need not rise everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.linewidths import Linewidths, mean_free_paths
from peierls.low_dimensions import conducting_volume
from peierls.mesh import Mesh
from peierls.parts import all_parts, kappa_on_atoms, part_names, weights_on_atoms
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.solvers import Transport
from peierls.units import METRE

SHARES = (0.1, 0.5, 0.9)
"""Shares of κ whose mean free paths are looked up."""

_POINTS_PER_DECADE = 30
N_FREQUENCIES = 401

_NEGLIGIBLE = 1e-3
"""Share of κ below the first point of the axis of lengths."""

_NARROWEST, _WIDEST = 0.1, float(np.log(10))
"""Bounds of the half width of the smooth curve in ln l: a tenth, and a decade."""

_MOST_WEIGHTS = 1 << 22
"""Weights of the smooth curve held at once."""


@dataclass(frozen=True)
class Cumulative:
    """κ of one solver accumulated over mean free path, mean free displacement and frequency, in all and by parts.

    The parts are the total, the branches in order of frequency, the atoms, with weights |ε_i|² averaged over
    degenerate sets, and the species. Each of the three splits adds up to the total, and each curve ends at its κ. The
    curves are exact step functions, with their value at the points of an axis; `step_*` are the steps themselves. In
    the smooth ones each step is spread in ln l by the integral of the quartic kernel (15/16h)(1 - u²)², |u| = |ln
    l/l_λ|/h ≤ 1, so they keep the ends and the order of the steps. A quantile is where the line through the middles
    of the steps, in ln l, reaches a share of trace κ / 3: where first and last differ, it is reached more than once.
    """

    solver: str = quantity("", "", "name of the solver")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    kappa: Floats = quantity("W/m/K", "temperature 3 3", "thermal conductivity", may_be_nan=True)
    parts: tuple[str, ...] = quantity("", "part", "total, branches by frequency, atoms, species")
    frequency: Floats = quantity("THz", "ir_q band", "omega/2pi of the irreducible modes")
    mean_free_path: Floats = quantity(
        "m", "temperature ir_q band", "|v| tau of the relaxation-time approximation, whatever the solver"
    )
    displacement: Floats = quantity(
        "m", "temperature ir_q band", "mean free displacement F.v/|v| of this solver", may_be_nan=True
    )
    length: Floats = quantity("m", "length", "axis of mean free paths and displacements")
    over_mean_free_path: Floats = quantity(
        "W/m/K", "temperature part length 3 3", "kappa of modes with |v| tau up to the length", may_be_nan=True
    )
    over_mean_free_path_smooth: Floats = quantity(
        "W/m/K", "temperature part length 3 3", "the same, steps spread in ln l", may_be_nan=True
    )
    over_displacement: Floats = quantity(
        "W/m/K", "temperature part length 3 3", "kappa of modes with F.v/|v| up to the length", may_be_nan=True
    )
    over_displacement_smooth: Floats = quantity(
        "W/m/K", "temperature part length 3 3", "the same, steps spread in ln l", may_be_nan=True
    )
    half_width: Floats = quantity(
        "1", "temperature 2", "half width h in ln l of the smooth curves over mean free path, displacement"
    )
    frequency_axis: Floats = quantity("THz", "frequency", "axis of frequencies omega/2pi")
    over_frequency: Floats = quantity(
        "W/m/K", "temperature part frequency 3 3", "kappa of modes with frequencies up to the axis", may_be_nan=True
    )
    step_mean_free_path: Floats = quantity("m", "temperature step", "mean free paths of all modes, ascending")
    step_kappa: Floats = quantity(
        "W/m/K", "temperature step 3 3", "kappa of all modes up to that step, itself included", may_be_nan=True
    )
    share: Floats = quantity("1", "share", "shares of trace kappa / 3")
    quantile_mean_free_path: Floats = quantity(
        "m", "temperature share 2", "mean free path where the share is reached: first, last time", may_be_nan=True
    )
    quantile_displacement: Floats = quantity(
        "m", "temperature share 2", "displacement where the share is reached: first, last time", may_be_nan=True
    )

    def part(self, name: str) -> int:
        """Position of a part, such as "total", "branch 1", "atom 1 Si", "species Si"."""
        return self.parts.index(name)


def cumulative_conductivity(
    crystal: Crystal, mesh: Mesh, phonons: Phonons, linewidths: Linewidths, transport: Transport
) -> Cumulative:
    """The cumulative curves of one solver; nan at temperatures where it did not converge.

    Source: docs/understanding-kappa.md, "Which mean free paths carry the heat".
    """
    temperatures = transport.temperature
    paths = mean_free_paths(phonons, linewidths)
    displacements = projected_displacements(phonons, transport.mean_free_displacement)
    traces = np.einsum("tqsaa->tqs", transport.mode_kappa) / 3
    families = [[(one[t], traces[t]) for t in range(len(temperatures))] for one in (paths, displacements)]
    half_width = np.array([[smoothing_half_width(*one) for one in family] for family in families]).T
    length = _length_axis(families, half_width.max())
    top = phonons.frequencies.max()
    frequency_axis = np.linspace(0, 1.02 * top, N_FREQUENCIES)
    volume = conducting_volume(crystal, mesh.sizes, transport.geometry)
    weights = weights_on_atoms(crystal, phonons)
    curves = []
    for t, temperature in enumerate(temperatures):
        of_modes = transport.mode_kappa[t]
        on_atoms = kappa_on_atoms(volume, mesh, phonons, weights, temperature, transport.mean_free_displacement[t])
        axes = [
            (paths[t], length, 0.0),
            (paths[t], length, half_width[t, 0]),
            (displacements[t], length, 0.0),
            (displacements[t], length, half_width[t, 1]),
            (phonons.frequencies[mesh.irreducible], frequency_axis, 0.0),
        ]
        curves.append([_by_parts(crystal.species, *one, of_modes, on_atoms) for one in axes])
    by_kind = [np.stack(of_kind) for of_kind in zip(*curves, strict=True)]
    steps = [steps_of(paths[t], transport.mode_kappa[t]) for t in range(len(temperatures))]
    quantiles = [np.stack([quantile_positions(*one, SHARES) for one in family]) / METRE for family in families]
    return Cumulative(
        solver=transport.solver,
        temperature=temperatures,
        kappa=transport.kappa,
        parts=part_names(crystal.species, phonons.n_bands),
        frequency=linewidths.frequency,
        mean_free_path=paths / METRE,
        displacement=displacements / METRE,
        length=length / METRE,
        over_mean_free_path=by_kind[0],
        over_mean_free_path_smooth=by_kind[1],
        over_displacement=by_kind[2],
        over_displacement_smooth=by_kind[3],
        half_width=half_width,
        frequency_axis=frequency_axis / top * linewidths.frequency.max(),
        over_frequency=by_kind[4],
        step_mean_free_path=np.stack([positions for positions, _ in steps]) / METRE,
        step_kappa=np.stack([kappa for _, kappa in steps]),
        share=np.array(SHARES),
        quantile_mean_free_path=quantiles[0],
        quantile_displacement=quantiles[1],
    )


def projected_displacements(phonons: Phonons, displacements: Floats) -> Floats:
    """F·v/|v| for F of shape (temperature, ir_q, band, 3), v the mean over the degenerate set; 0 where v = 0."""
    speeds = np.linalg.norm(phonons.group_velocities, axis=-1, keepdims=True)
    directions = np.divide(
        phonons.group_velocities, speeds, out=np.zeros_like(phonons.group_velocities), where=speeds > 0
    )
    return np.einsum("tqsa,qsa->tqs", displacements, directions)


def accumulated(positions: Floats, contributions: Floats, axis: Floats, half_width: float = 0.0) -> Floats:
    """Σ_λ κ_λ Θ(x - x_λ) at the points x of `axis`, shapes (mode,), (mode, ...), (point,) to (point, ...).

    With a `half_width` h, Θ is replaced by the integral of the quartic kernel of ln(x/x_λ)/h, 1 where x_λ is not
    positive.
    """
    flat = contributions.reshape(len(positions), -1)
    if half_width == 0:
        order = np.argsort(positions, kind="stable")
        sums = np.concatenate([np.zeros((1, flat.shape[1])), np.cumsum(flat[order], axis=0)])
        return sums[np.searchsorted(positions[order], axis, side="right")].reshape(-1, *contributions.shape[1:])
    result = np.zeros((len(axis), flat.shape[1]))
    for batch in np.array_split(np.arange(len(positions)), max(1, len(positions) * len(axis) // _MOST_WEIGHTS)):
        ahead = positions[batch] > 0
        logarithms = np.where(ahead, np.log(np.where(ahead, positions[batch], 1.0)), -np.inf)
        u = np.clip((np.log(axis)[:, None] - logarithms) / half_width, -1.0, 1.0)
        result += (0.5 + u * (15 - 10 * u**2 + 3 * u**4) / 16) @ flat[batch]
    return result.reshape(-1, *contributions.shape[1:])


def steps_of(positions: Floats, contributions: Floats) -> tuple[Floats, Floats]:
    """The exact step function: positions ascending, shape (step,), and the sums up to each, shape (step, 3, 3)."""
    flat = positions.ravel()
    order = np.argsort(flat, kind="stable")
    return flat[order], np.cumsum(contributions.reshape(len(flat), 3, 3)[order], axis=0)


def quantile_positions(positions: Floats, contributions: Floats, shares: Sequence[float]) -> Floats:
    """Where the sum of scalar `contributions`, in ascending order of `positions`, reaches each share of the whole.

    The step function is read along the straight line, in ln x, through the middles of its steps. Shape (share, 2), the
    first and the last time, which differ only if contributions are negative; nan where there is no positive whole.
    """
    logarithms, sums, middles = _middles(positions, contributions)
    whole = sums[-1] if len(sums) else 0.0
    result = np.full((len(shares), 2), np.nan)
    if not whole > 0:
        return result
    for row, share in enumerate(shares):
        reached = middles >= share * whole
        first = int(np.argmax(reached)) if reached.any() else len(middles)
        last = len(middles) - int(np.argmax(~reached[::-1])) if not reached.all() else 0
        for column, after in enumerate((first, last)):
            result[row, column] = _between(logarithms, middles, after, share * whole)
    return np.exp(result)


def smoothing_half_width(positions: Floats, contributions: Floats) -> float:
    """Twice the largest distance in ln x between neighbouring steps among those that carry the middle 96 %, from 0.1 to
    a decade: below it the steps are the mesh's, not the crystal's."""
    logarithms, _, middles = _sizes(positions, contributions)
    if len(middles) == 0:
        return _NARROWEST
    inner = (middles > 0.02 * middles[-1]) & (middles < 0.98 * middles[-1])
    gaps = np.diff(logarithms[inner])
    return float(np.clip(2 * gaps.max(initial=0.0), _NARROWEST, _WIDEST))


def _sizes(positions: Floats, contributions: Floats) -> tuple[Floats, Floats, Floats]:
    """The steps of Σ|κ_λ|, as `_middles` gives them, over modes of positive x alone: however much the others carry, it
    is there from the beginning, and says nothing about where the steps are."""
    return _middles(positions, np.where(positions > 0, np.abs(contributions), 0.0))


def _middles(positions: Floats, contributions: Floats) -> tuple[Floats, Floats, Floats]:
    """ln x of the steps at positive positions, equal ones joined, the sum after each, that in the middle of each."""
    flat, values = positions.ravel(), contributions.ravel()
    if not np.isfinite(values).all():
        return np.empty(0), np.empty(0), np.empty(0)
    ahead = (flat > 0) & (values != 0)
    before = values[~ahead].sum()
    logarithms = np.log(flat[ahead])
    order = np.argsort(logarithms, kind="stable")
    logarithms = logarithms[order]
    starts = np.flatnonzero(np.diff(logarithms, prepend=-np.inf) > 1e-9)
    steps = np.add.reduceat(values[ahead][order], starts) if len(starts) else np.empty(0)
    sums = before + np.cumsum(steps)
    return logarithms[starts], sums, sums - steps / 2


def _between(logarithms: Floats, middles: Floats, after: int, level: float) -> float:
    """ln x at which the line from the point before `after` to it reaches a level; its own end beyond the ends."""
    if after == 0 or after == len(middles):
        return float(logarithms[min(after, len(middles) - 1)])
    before = after - 1
    step = middles[after] - middles[before]
    part = np.clip((level - middles[before]) / step, 0.0, 1.0) if step != 0 else 1.0
    return float(logarithms[before] + part * (logarithms[after] - logarithms[before]))


def _length_axis(families: Sequence[Sequence[tuple[Floats, Floats]]], half_width: float) -> Floats:
    """Lengths in equal ratios, Å, from where next to nothing is carried to where all of it is, at every temperature."""
    lows, highs = [], []
    for positions, values in (one for family in families for one in family):
        logarithms, sums, _ = _sizes(positions, values)
        if len(sums):
            lows.append(logarithms[np.argmax(sums > _NEGLIGIBLE * sums[-1])])
            highs.append(logarithms[-1] + half_width)
    # In metres, so that the points are round numbers for those who read them.
    low, high = (np.log10(np.exp(end) / METRE) for end in (min(lows, default=0.0), max(highs, default=10.0)))
    numbers = np.arange(np.floor(low * _POINTS_PER_DECADE), np.ceil(high * _POINTS_PER_DECADE) + 2)
    return np.asarray(10.0 ** (numbers / _POINTS_PER_DECADE) * METRE)


def _by_parts(
    species: Sequence[str], positions: Floats, axis: Floats, half_width: float, of_modes: Floats, on_atoms: Floats
) -> Floats:
    """A curve for each part, shape (part, point, 3, 3)."""
    if not np.isfinite(of_modes).all():
        n_parts = len(part_names(species, positions.shape[1]))
        return np.full((n_parts, len(axis), 3, 3), np.nan)
    branches = np.stack(
        [accumulated(positions[:, s], of_modes[:, s], axis, half_width) for s in range(positions.shape[1])]
    )
    flat = on_atoms.reshape(positions.size, *on_atoms.shape[2:])
    return all_parts(species, branches, accumulated(positions.ravel(), flat, axis, half_width).swapaxes(0, 1))
