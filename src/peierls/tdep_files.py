"""TDEP's output files, so that what was written to read them reads ours.

Names, shapes and the order of the dimensions are those of `thermal_conductivity` (2023); units and dimensions in the
attributes are right also where TDEP's are not. κ is that of the most exact solver that converged, at each temperature.
The coherences of the Wigner equation, where they were computed, are part of it in the first file, as in TDEP's; in the
others they are not, for a coherence has no mean free path. TDEP's angular momentum datasets, which have no documented
definition, are left out. Sources: TDEP's documentation of thermal_conductivity, "Output files";
docs/how-to/tdep-files.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from peierls.crystal import Crystal, Floats
from peierls.cumulative import accumulated, smoothing_half_width
from peierls.errors import InputError
from peierls.linewidths import Linewidths, mean_free_paths
from peierls.low_dimensions import conducting_volume
from peierls.mesh import Mesh
from peierls.occupation import heat_capacities
from peierls.parts import kappa_of_modes, kappa_on_atoms, weights_on_atoms
from peierls.phonons import Phonons, on_full_grid
from peierls.solvers import Transport
from peierls.spectral_conductivity import SpectralConductivity, spectral_conductivity
from peierls.stage_files import Array, Group
from peierls.units import BOHR, JOULE, METRE, METRE_PER_SECOND, SECOND, THZ

COMPONENTS = ((0, 0), (1, 1), (2, 2), (0, 2), (1, 2), (0, 1), (2, 0), (2, 1), (1, 0))
"""Order of the tensor components in a row of outfile.thermal_conductivity."""

N_MEAN_FREE_PATHS, N_LENGTHS = 200, 400
"""Points of TDEP's axes of mean free paths and of domain sizes."""

_NEGLIGIBLE = 1e-3
"""Share of κ below the first mean free path of an axis."""


def most_exact(transports: Sequence[Transport]) -> Transport:
    """At each temperature what the first of `transports` that converged gives; nan where none did."""
    chosen = transports[0]
    for other in transports[1:]:
        use = (chosen.converged == 0) & (other.converged == 1)
        fields = ("kappa", "converged", "mode_kappa", "mean_free_displacement")
        values = {
            name: np.where(_along(use, getattr(chosen, name)), getattr(other, name), getattr(chosen, name))
            for name in fields
        }
        chosen = replace(chosen, **values)
    return chosen


def thermal_conductivity(transport: Transport, coherences: Floats | None = None) -> str:
    """outfile.thermal_conductivity: a row per temperature, T and κ in K and W/m/K, as Fortran's (1X,10(1X,E20.10)).

    κ is that of `transport` plus `coherences`, those of the Wigner equation, shape (temperature, 3, 3), where given.
    """
    rows = []
    whole = transport.kappa if coherences is None else transport.kappa + coherences
    for temperature, kappa in zip(transport.temperature, whole, strict=True):
        numbers = [temperature, *(kappa[component] for component in COMPONENTS)]
        rows.append(" " + "".join(f" {_fortran(float(number))}" for number in numbers) + "\n")
    return "".join(rows)


def cumulative_kappa(
    crystal: Crystal,
    mesh: Mesh,
    phonons: Phonons,
    linewidths: Linewidths,
    transport: Transport,
    integration: Mapping[str, Any],
) -> Group:
    """outfile.cumulative_kappa.hdf5: density of states; at each temperature κ over mean free path, frequency and domain
    size.

    Scalars are trace/3, so parts add up to the total; TDEP's parts are norms of tensors over √3, the same in a cubic
    crystal. The curves over the mean free path |v|τ of the relaxation-time approximation are the smooth ones of
    `cumulative`. κ of a domain of size L is Σ κ_λ / (1 + |v|τ/L): the solution is not repeated with the boundaries.
    """
    spectral = spectral_conductivity(crystal, mesh, phonons, [transport], integration)
    paths = mean_free_paths(phonons, linewidths)
    groups = {
        f"temperature_{number + 1}": Group(
            {
                **_over_mean_free_path(crystal, mesh, phonons, transport, number, paths[number]),
                **_over_frequency(spectral, number),
                **_over_domain_size(transport, number, paths[number]),
            },
            {"temperature": np.array([temperature])},
        )
        for number, temperature in enumerate(transport.temperature)
    }
    states = "States/THz"
    members = {
        "frequencies": _array(spectral.frequency, "THz", "frequency"),
        "dos": _array(spectral.dos[0], states, "frequency"),
        "dos_per_site": _array(_parts(spectral, spectral.dos, "atom"), states, "site,frequency"),
        "dos_per_mode": _array(_parts(spectral, spectral.dos, "branch"), states, "mode,frequency"),
        "dos_per_species": _array(_parts(spectral, spectral.dos, "species"), states, "species,frequency"),
    }
    attributes = {
        "number_of_temperatures": np.array([len(transport.temperature)], dtype=np.int32),
        "atomic_species": " ".join(dict.fromkeys(crystal.species)),
    }
    return Group({**members, **groups}, attributes)


def grid_thermal_conductivity(
    crystal: Crystal, mesh: Mesh, phonons: Phonons, linewidths: Linewidths, transport: Transport
) -> Group:
    """outfile.grid_thermal_conductivity.hdf5: every mode of the full mesh, for one temperature.

    Points are in the first Brillouin zone, the last index of the mesh fastest. Eigenvectors are the complex conjugates
    of ours: TDEP's belong to the transposed dynamical matrix. Of the three-phonon rates, `minus` counts every decay
    twice and `plus` every process in which the mode joins another once: 1/τ = plus + minus/2 + isotope + boundary.
    A mode with no scattering has a lifetime of zero, as in TDEP. Raises InputError for several temperatures.
    """
    if len(transport.temperature) != 1:
        raise InputError(
            f"outfile.grid_thermal_conductivity.hdf5: {len(transport.temperature)} temperatures, expected one"
        )
    rows = mesh.grid_to_irreducible
    frequencies = phonons.frequencies
    temperature = float(transport.temperature[0])
    velocities = on_full_grid(phonons.group_velocities, mesh)
    capacities = heat_capacities(frequencies, temperature)
    volume = conducting_volume(crystal, mesh.sizes, transport.geometry)
    kappa = kappa_of_modes(volume, mesh, phonons, temperature, transport.mean_free_displacement[0])
    eigenvectors = phonons.eigenvectors.conj().swapaxes(1, 2)
    decay, isotope = linewidths.linewidth_decay[0], linewidths.linewidth_isotope[0]
    join = linewidths.linewidth_normal[0] + linewidths.linewidth_umklapp[0] - decay
    angular, rate, by_mode = "Hz (angular)", "1/s", "q-vector,mode"

    def per_second(linewidth: Floats) -> Floats:
        return (linewidth * THZ * SECOND)[rows]

    points = mesh.zone_images / mesh.sizes @ mesh.reciprocal / (2 * np.pi)
    members = {
        "qpoints": _array(points * BOHR, "1/bohr", "q-vector,xyz"),
        "frequencies": _array(frequencies * SECOND, angular, by_mode),
        "group_velocities": _array(velocities / METRE_PER_SECOND, "m/s", "q-vector,mode,xyz"),
        "eigenvectors_re": _array(eigenvectors.real, "dimensionless", "q-vector,mode,atom-xyz"),
        "eigenvectors_im": _array(eigenvectors.imag, "dimensionless", "q-vector,mode,atom-xyz"),
        "linewidths": _array(per_second(linewidths.linewidth[0]), angular, by_mode),
        "lifetimes": _array(linewidths.lifetimes[0][rows] / SECOND, "s", by_mode),
        "mean_free_paths": _array(mean_free_paths(phonons, linewidths)[0][rows] / METRE, "m", by_mode),
        "scattering_rates_plus": _array(2 * per_second(join), rate, by_mode),
        "scattering_rates_minus": _array(4 * per_second(decay), rate, by_mode),
        "scattering_rates_isotope": _array(2 * per_second(isotope), rate, by_mode),
        "thermal_conductivity": _array(kappa, "W/mK", "q-vector,mode,xyz,xyz"),
        "harmonic_heat_capacity": _array(capacities / JOULE, "J/K", by_mode),
        "lattice_vectors": _array(crystal.lattice.T, "A", "xyz,xyz"),
    }
    attributes = {
        "number_of_atoms": np.array([len(crystal.species)], dtype=np.int32),
        "number_of_bands": np.array([phonons.n_bands], dtype=np.int32),
        "number_of_qpoints": np.array([mesh.n_points], dtype=np.int32),
        "temperature": np.array([temperature]),
        "meshtype": "FFT",
    }
    return Group(members, attributes)


def _over_mean_free_path(
    crystal: Crystal, mesh: Mesh, phonons: Phonons, transport: Transport, number: int, paths: Floats
) -> dict[str, Array]:
    """κ carried by mean free paths up to each of an axis, m and W/m/K; `paths` in Å, shape (ir_q, band)."""
    of_modes = np.einsum("qsaa->qs", transport.mode_kappa[number]) / 3
    volume, weights = conducting_volume(crystal, mesh.sizes, transport.geometry), weights_on_atoms(crystal, phonons)
    temperature, displacements = float(transport.temperature[number]), transport.mean_free_displacement[number]
    on_atoms = kappa_on_atoms(volume, mesh, phonons, weights, temperature, displacements)
    of_atoms = np.einsum("qsiaa->qsi", on_atoms).reshape(paths.size, -1) / 3
    half_width = smoothing_half_width(paths, of_modes)
    low, high = _relevant(paths, of_modes)
    axis = np.geomspace(low * np.exp(-half_width), high * np.exp(half_width), N_MEAN_FREE_PATHS)
    branches = np.stack([accumulated(paths[:, s], of_modes[:, s], axis, half_width) for s in range(paths.shape[1])])
    atoms = accumulated(paths.ravel(), of_atoms, axis, half_width).T
    kinds = dict.fromkeys(crystal.species)
    species = np.stack([atoms[np.array(crystal.species) == kind].sum(axis=0) for kind in kinds])
    name, unit = "cumulative_kappa_vs_mean_free_path", "W/mK"
    return {
        "mean_free_path_axis": _array(axis / METRE, "m", "mfp"),
        f"{name}_total": _array(branches.sum(axis=0), unit, "mfp"),
        f"{name}_per_mode": _array(branches, unit, "mode,mfp"),
        f"{name}_per_atom": _array(atoms, unit, "atom,mfp"),
        f"{name}_per_species": _array(species, unit, "species,mfp"),
    }


def _over_frequency(spectral: SpectralConductivity, number: int) -> dict[str, Array]:
    """Spectral κ, THz and W/m/K/THz."""
    tensors = spectral.spectral_kappa[0, number]
    curves = np.einsum("pfaa->pf", tensors) / 3
    name, unit = "spectral_kappa_vs_frequency", "W/mK/THz"
    return {
        "frequency_axis": _array(spectral.frequency, "THz", "frequency"),
        f"{name}_total": _array(curves[0], unit, "frequency"),
        f"{name}_per_direction": _array(np.moveaxis(tensors[0], 0, -1), unit, "xyz,xyz,frequency"),
        f"{name}_per_mode": _array(_parts(spectral, curves, "branch"), unit, "mode,frequency"),
        f"{name}_per_atom": _array(_parts(spectral, curves, "atom"), unit, "atom,frequency"),
        f"{name}_per_species": _array(_parts(spectral, curves, "species"), unit, "species,frequency"),
    }


def _over_domain_size(transport: Transport, number: int, paths: Floats) -> dict[str, Array]:
    """κ of domains, m and W/m/K, from a hundredth of the shortest relevant mean free path to where it is κ to 1e-5."""
    low, high = _relevant(paths, np.einsum("qsaa->qs", transport.mode_kappa[number]) / 3)
    lengths = np.geomspace(1e-2 * low, 1e5 * high, N_LENGTHS)
    tensors = transport.mode_kappa[number].reshape(-1, 9)
    kappa = np.stack([1.0 / (1.0 + paths.ravel() / length) @ tensors for length in lengths]).reshape(-1, 3, 3)
    return {
        "boundary_scattering_lengths": _array(lengths / METRE, "m", "domainsize"),
        "boundary_scattering_kappa": _array(kappa, "W/mK", "domainsize,xyz,xyz"),
    }


def _relevant(paths: Floats, of_modes: Floats) -> tuple[float, float]:
    """The mean free path below which next to nothing of κ is carried, and the longest that carries anything, Å."""
    carried = np.abs(np.nan_to_num(of_modes.ravel()))
    order = np.argsort(paths.ravel(), kind="stable")
    lengths, sums = paths.ravel()[order], np.cumsum(carried[order])
    if not sums[-1] > 0:
        return 1.0, 10.0
    first, last = (int(np.argmax(sums > share)) for share in (_NEGLIGIBLE * sums[-1], (1 - 1e-15) * sums[-1]))
    return float(lengths[first]), float(lengths[last])


def _parts(spectral: SpectralConductivity, curves: Floats, kind: str) -> Floats:
    """The curves of the parts of one kind: "branch", "atom" or "species"."""
    return curves[[name.startswith(f"{kind} ") for name in spectral.parts]]


def _array(values: Any, unit: str, dimensions: str) -> Array:
    return Array(values, {"unit": unit, "dimensions": dimensions})


def _along(use: Any, values: Any) -> Any:
    """A choice per temperature, ready to be broadcast over `values`."""
    return use.reshape(-1, *(1,) * (values.ndim - 1))


def _fortran(number: float) -> str:
    """A number as Fortran's E20.10: ten digits after the point and none before it."""
    if not np.isfinite(number):
        return f"{'NaN' if np.isnan(number) else 'Infinity':>20}"
    mantissa, _, exponent = f"{abs(number):.9e}".partition("e")
    power = int(exponent) + 1 if number else 0
    # A power of three digits takes the place of the letter.
    tail = f"E{power:+03d}" if abs(power) < 100 else f"{power:+04d}"
    return f"{'-' if number < 0 else ''}0.{mantissa.replace('.', '')}{tail}".rjust(20)
