"""What the phonons alone say of heat: heat capacity, speeds of sound, Debye temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.sound import sound_speeds
from peierls.units import BOLTZMANN, HBAR, JOULE, METRE, METRE_PER_SECOND

_POLAR, _AZIMUTHAL = 16, 32


@dataclass(frozen=True)
class Thermal:
    """Harmonic heat capacity at constant volume, and the limit of long waves.

    The three speeds of sound of a direction are in ascending order; their means and standard deviations are those
    over all directions. The Debye speed is the mean that counts the long waves, 3/v_D³ = Σ_s ⟨v_s⁻³⟩, and the Debye
    temperature that of as many such waves as there are modes of all atoms, k_B Θ = ħ v_D (6π² n)^⅓, n atoms per volume.
    nan where a long wave is not stable. Volumes are those of the whole cell, of a sheet or a chain with its vacuum.
    """

    temperature: Floats = quantity("K", "temperature", "temperatures")
    heat_capacity: Floats = quantity("J/m^3/K", "temperature", "heat capacity per volume of the cell, all of it")
    heat_capacity_of_cell: Floats = quantity("J/K", "temperature", "heat capacity of a primitive cell")
    direction: Floats = quantity("1", "direction 3", "unit vectors over half of the sphere, Cartesian")
    direction_weight: Floats = quantity("1", "direction", "weights of the directions in a mean, which add up to 1")
    sound_speed: Floats = quantity("m/s", "direction 3", "speeds of sound, ascending", may_be_nan=True)
    sound_speed_mean: Floats = quantity("m/s", "3", "mean over directions of each", may_be_nan=True)
    sound_speed_deviation: Floats = quantity("m/s", "3", "standard deviation over directions of each", may_be_nan=True)
    debye_speed: float = quantity("m/s", "", "mean speed of the Debye model", may_be_nan=True)
    debye_temperature: float = quantity("K", "", "Debye temperature of the long waves", may_be_nan=True)


def thermal_properties(
    crystal: Crystal, mesh: Mesh, phonons: Phonons, nac: Mapping[str, Any], temperatures: Sequence[float]
) -> Thermal:
    """Heat capacity of the modes of the mesh, and speeds of sound from the dynamical matrix itself."""
    per_cell = np.array(
        [heat_capacities(phonons.frequencies, temperature).sum() / mesh.n_points for temperature in temperatures]
    )
    directions, weights = half_sphere()
    speeds = sound_speeds(crystal, directions, nac)
    mean = weights @ speeds
    with np.errstate(invalid="ignore", divide="ignore"):
        debye = float((3 / (weights @ speeds**-3).sum()) ** (1 / 3))
    density = len(crystal.species) / crystal.volume
    return Thermal(
        temperature=np.array(temperatures, dtype=float),
        heat_capacity=per_cell / crystal.volume / JOULE * METRE**3,
        heat_capacity_of_cell=per_cell / JOULE,
        direction=directions,
        direction_weight=weights,
        sound_speed=speeds / METRE_PER_SECOND,
        sound_speed_mean=mean / METRE_PER_SECOND,
        sound_speed_deviation=np.sqrt(np.maximum(weights @ (speeds - mean) ** 2, 0.0)) / METRE_PER_SECOND,
        debye_speed=debye / METRE_PER_SECOND,
        debye_temperature=HBAR * debye * (6 * np.pi**2 * density) ** (1 / 3) / BOLTZMANN,
    )


def half_sphere() -> tuple[Floats, Floats]:
    """Directions over the upper half of the sphere and their weights, which add up to 1, exact for polynomials of
    degree 31."""
    nodes, weights = np.polynomial.legendre.leggauss(2 * _POLAR)
    upper = nodes > 0
    angles = 2 * np.pi * (np.arange(_AZIMUTHAL) + 0.5) / _AZIMUTHAL
    cosines, azimuths = (grid.ravel() for grid in np.meshgrid(nodes[upper], angles, indexing="ij"))
    sines = np.sqrt(1 - cosines**2)
    directions = np.stack([sines * np.cos(azimuths), sines * np.sin(azimuths), cosines], axis=1)
    return directions, np.repeat(weights[upper], _AZIMUTHAL) / _AZIMUTHAL
