"""Films and wires: how much of the heat of each mode is left where the sample is as small as its mean free path.

Every mode of κ = (1/V) Σ c v⊗F is multiplied by a suppression S between 0 and 1 that depends on δ = d/l, the size over
the mode's mean free path across it. Faces keep the frequency of a phonon and, for a share p of them, the angle.

The suppressions solve the Boltzmann equation with the lifetimes of the relaxation-time approximation. Multiplied with
the F of an exact solution they are an estimate: collisions there do not only end a phonon, they pass its momentum on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.linewidths import Linewidths
from peierls.low_dimensions import conducting_volume
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.solvers import Transport, single_mode_conductivities
from peierls.units import METRE

IN_PLANE, CROSS_PLANE, WIRE = "in-plane", "cross-plane", "wire"

_IN_RTA = "suppression of the lifetimes that the solution is made of"
_BEYOND_RTA = (
    "suppression by the lifetimes of the relaxation-time approximation, applied to an exact solution: an estimate"
)

_GRAZING = 1e-9
"""Speed across a film over the speed, below which a mode never meets a face."""

_ROUNDING = 1e-12

# Angles over the cross-section of a wire; 32 are good to 2e-9 at every size.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


@dataclass(frozen=True)
class ThinFilm:
    """κ of one solver in films or wires against their size.

    In-plane and in wires κ is that along `direction`, cross-plane that along `normal`; `kappa_bulk` is the same without
    the film. `validity` says how far the suppression and the solver belong together.
    """

    solver: str = quantity("", "", "name of the solver")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    kinds: tuple[str, ...] = quantity("", "kind", "in-plane, cross-plane or wire")
    thickness: Floats = quantity("m", "thickness", "thickness of the film, or diameter of the wire")
    specularity: float = quantity("1", "", "share of specular reflections, in-plane and in wires")
    kappa: Floats = quantity(
        "W/m/K", "temperature kind thickness", "thermal conductivity of the film or wire", may_be_nan=True
    )
    kappa_bulk: Floats = quantity("W/m/K", "temperature kind", "the same of the bulk", may_be_nan=True)
    kappa_grazing: Floats = quantity(
        "W/m/K", "temperature kind", "part of the bulk that never meets a face, the end of thin films", may_be_nan=True
    )
    validity: str = quantity("", "", "what the suppression is worth for this solver")
    normal: Floats | None = quantity("1", "3", "unit normal of the film, Cartesian", default=None)
    direction: Floats | None = quantity("1", "3", "unit vector of the heat flow, Cartesian", default=None)


def thin_film_conductivity(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    linewidths: Linewidths,
    transport: Transport,
    settings: Mapping[str, Any],
) -> ThinFilm:
    """κ(d) = (1/V) Σ_λ c v^z F^z S(d/l_λ) for the section `analysis.thin_film` of the configuration.

    A film breaks the symmetry of the crystal, so the sum is over all members of each star. The velocity across the film
    is the root mean square over the degenerate set, (n·⟨v⊗v⟩·n)^½. nan where the solver did not converge. Source:
    docs/understanding-kappa.md, "Films and wires".
    """
    temperatures, kinds = transport.temperature, tuple(settings["kinds"])
    normal, direction = (_unit(settings[key]) for key in ("normal", "direction"))
    # What a kind does not use may be missing.
    n_film, z_film = (np.zeros(3) if vector is None else vector for vector in (normal, direction))
    thickness = np.array(settings["thickness"], dtype=float)
    specularity = float(settings["specularity"])
    kappa = np.zeros((len(temperatures), len(kinds), len(thickness)))
    bulk, grazing = np.zeros(kappa.shape[:2]), np.zeros(kappa.shape[:2])
    volume = conducting_volume(crystal, mesh.sizes, transport.geometry)
    lifetimes, spreads = linewidths.lifetimes, _spreads(phonons)
    for t, temperature in enumerate(temperatures):
        displacements = transport.mean_free_displacement[t]
        of_modes = single_mode_conductivities(volume, mesh, phonons, temperature, displacements)
        for operation, turn in enumerate(mesh.cartesian_rotations):
            rows = mesh.grid_to_irreducible[mesh.grid_rotation == operation]
            # What the member of a star sees of n is what its irreducible point sees of n turned back.
            n, z = n_film @ turn, z_film @ turn
            for k, kind in enumerate(kinds):
                along = n if kind == CROSS_PLANE else z
                heat = np.einsum("a,qsab,b->qs", along, of_modes[rows], along)
                across = _across(kind, phonons.group_velocities[rows], spreads[rows], n, z)
                # What is rounding is no motion across, however thin the film.
                across[across <= _GRAZING * phonons.speeds[rows]] = 0.0
                bulk[t, k] += heat.sum()
                grazing[t, k] += heat[across == 0.0].sum()
                for i, size in enumerate(thickness):
                    delta = _ratio(size * METRE, across * lifetimes[t, rows])
                    kappa[t, k, i] += (heat * suppression(kind, delta, specularity)).sum()
    return ThinFilm(
        solver=transport.solver,
        temperature=temperatures,
        kinds=kinds,
        thickness=thickness,
        specularity=specularity,
        kappa=kappa,
        kappa_bulk=bulk,
        kappa_grazing=grazing,
        validity=_IN_RTA if transport.solver == "rta" else _BEYOND_RTA,
        normal=normal,
        direction=direction,
    )


def suppression(kind: str, delta: Floats, specularity: float) -> Floats:
    """S(δ) of a mode in a film or wire, elementwise; δ may be infinite, and 0 where it stands for the limit."""
    if kind == IN_PLANE:
        return in_plane(delta, specularity)
    return cross_plane(delta) if kind == CROSS_PLANE else wire(delta, specularity)


def in_plane(delta: Floats, specularity: float = 0.0) -> Floats:
    """Heat along a film of thickness d, δ = d/|v_y|τ, of whose reflections a share p is specular, the others diffuse:

        S = 1 - (1-p)(1 - exp(-δ)) / (δ (1 - p exp(-δ))),

    δ/2 for thin and 1 - 1/δ for thick films where p = 0; 1 where p = 1. Written as a ratio of sums of positive terms,
    so that nothing cancels. A specular face is taken to be a mirror plane of the crystal. Source: K. Fuchs,
    E. H. Sondheimer; A. J. Minnich, DOI 10.1063/1.4935160.
    """
    diffuse, specular = 1.0 - specularity, -specularity * np.expm1(-delta)
    # Both terms vanish together only where p = 1 and δ = 0, in the limit of which S = 1.
    total = diffuse + specular
    return np.divide(diffuse * _diffuse(delta) + specular, total, out=np.ones_like(total), where=total > 0)


def cross_plane(delta: Floats) -> Floats:
    """Heat through a film of thickness d between two black contacts, δ = d/|v_y|τ:

        S = 1 / (1 + 2/δ).

    This is the Boltzmann equation of each pair of modes of opposite velocity, among which collisions redistribute
    their energy: the transmission 2l/(2l + d) of a one-dimensional conductor. The ballistic limit, δ/2, and the bulk
    are exact. Between them it leaves out that all modes relax to one local temperature, which moves κ of a grey solid
    by less than 1 % (tests/physics/test_films.py). B. Vermeersch et al., arXiv:1512.01354, found such a suppression
    within 5 % of Monte Carlo solutions.
    """
    return 1.0 / (1.0 + _ratio(2.0, delta))


def wire(delta: Floats, specularity: float = 0.0) -> Floats:
    """Heat along a wire of circular cross-section, diameter D, δ = D/|v_⊥|τ.

    A phonon crosses the section along a chord D cos θ, and keeps to chords of that length where it is reflected like
    light, so the mean of the film's S over the chords, weighted with their area, is exact:

        S = (4/π) ∫ cos²θ S_film(δ cos θ) dθ, θ from 0 to π/2;   S = 1 - (2/δ)(I₁(δ) - L₁(δ)) where p = 0,

    with Struve's L₁: 4δ/3π for thin and 1 - 4/πδ for thick wires. (R. B. Dingle, J. M. Ziman.)
    """
    angles, weights = np.pi / 4 * (_NODES + 1), _WEIGHTS * np.cos(np.pi / 4 * (_NODES + 1)) ** 2
    result = np.zeros_like(delta)
    for angle, weight in zip(angles, weights / weights.sum(), strict=True):
        result += weight * in_plane(delta * np.cos(angle), specularity)
    return result


def _diffuse(delta: Floats) -> Floats:
    """1 - (1 - exp(-δ))/δ; its series where the difference would cancel."""
    small = delta < 1e-2
    series = delta / 2 * (1 - delta / 3 * (1 - delta / 4 * (1 - delta / 5 * (1 - delta / 6))))
    return np.where(small, series, 1 + np.divide(np.expm1(-delta), delta, out=np.zeros_like(delta), where=~small))


def _across(kind: str, velocities: Floats, spreads: Floats, normal: Floats, direction: Floats) -> Floats:
    """Speed across the film, or perpendicular to the wire, root mean square over the degenerate set, (q, band)."""
    if kind == WIRE:
        perpendicular = np.eye(3) - np.outer(direction, direction)
        of_mean = ((velocities @ perpendicular) ** 2).sum(axis=-1)
        return np.asarray(np.sqrt(of_mean + np.maximum(np.einsum("ab,qsab->qs", perpendicular, spreads), 0.0)))
    return np.asarray(
        np.sqrt((velocities @ normal) ** 2 + np.maximum(np.einsum("a,qsab,b->qs", normal, spreads, normal), 0.0))
    )


def _spreads(phonons: Phonons) -> Floats:
    """Mean of v⊗v over the degenerate set without that of its mean velocity, shape (ir_q, band, 3, 3).

    Zero where a mode is alone, not only up to rounding: what moves along the film exactly is not to cross it by the
    square root of the smallest number.
    """
    mean = np.einsum("qsa,qsb->qsab", phonons.group_velocities, phonons.group_velocities)
    spreads = phonons.velocity_squares - mean
    traces = np.einsum("qsaa->qs", spreads)
    return np.where((traces > _ROUNDING * phonons.speeds**2)[..., None, None], spreads, 0.0)


def _ratio(numerator: float, denominators: Floats) -> Floats:
    """Infinite where the denominator is zero: no motion across, or no scattering, in which case nothing is carried."""
    return np.divide(numerator, denominators, out=np.full_like(denominators, np.inf), where=denominators > 0)


def _unit(vector: Any) -> Floats | None:
    return None if vector is None else np.array(vector, dtype=float) / np.linalg.norm(vector)
