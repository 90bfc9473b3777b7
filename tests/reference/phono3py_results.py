"""Results of phono3py, in the order of this package and with phono3py's constants of nature."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from chain import Chain
from scipy import constants as si

from peierls import units, wigner
from peierls.crystal import Crystal, Floats
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons

AVERAGED = Path(__file__).parents[1] / "data" / "phono3py-si-11-average-degenerate.hdf5"
"""phono3py with tetrahedron weights averaged over degenerate modes; see the README beside the file."""
TEMPERATURES = (50.0, 100.0, 200.0, 300.0, 600.0)
COUNTED_AS_ZERO = 1e-30

# phonopy.physical_units of phonopy 4.8.6: CODATA 1986 to 2006.
PLANCK_IN_EV_S, BOLTZMANN_IN_J, AMU_IN_KG, EV_IN_J = 4.13566733e-15, 1.3806504e-23, 1.6605402e-27, 1.60217733e-19

FREQUENCIES = np.sqrt(EV_IN_J / AMU_IN_KG) * units.THZ / np.sqrt(units.EV) / 1e-10 / (2e12 * np.pi)
"""phono3py's frequencies over ours, for the same force constants in eV/Å² and masses in amu: 1 - 1.23e-7."""
TEMPERATURE_SCALE = (si.h / si.k) / (PLANCK_IN_EV_S * EV_IN_J * FREQUENCIES / BOLTZMANN_IN_J)
"""Our temperature over phono3py's where both have the same ħω/k_B T: 1 + 7.9e-7."""


def strength_constant(planck: float, ev: float, amu: float) -> float:
    """ħ³/(36·8·Å⁶ (2π THz)³ amu³): from a squared lattice sum in eV²/Å⁶ and frequencies in THz to phono3py's |Φ|² in
    eV²."""
    return float((planck * ev / (2 * np.pi)) ** 3 / (288 * 1e-60 * (2e12 * np.pi) ** 3 * amu**3))


STRENGTHS = (
    strength_constant(PLANCK_IN_EV_S, EV_IN_J, AMU_IN_KG)
    / strength_constant(si.h / si.e, si.e, si.atomic_mass)
    / FREQUENCIES**3
)
"""phono3py's |Φ|² over ours: 1 - 6.36e-7."""
LINEWIDTHS = STRENGTHS * (si.h / si.e / PLANCK_IN_EV_S) ** 2 / FREQUENCIES
"""phono3py's linewidths over ours at the same ħω/k_B T: 1 - 3.4e-7."""


def read(path: Path, mesh: Mesh) -> dict[str, Floats]:
    """The datasets of a run, those with an axis of wave vectors in the order of the irreducible points of `mesh`."""
    with h5py.File(path) as file:
        names = [name for name in file if file[name].dtype.kind in "fi"]
        data: dict[str, Any] = {name: file[name][()] for name in names}
    points = np.rint(data["qpoint"] * mesh.sizes).astype(int)
    order = np.argsort(mesh.grid_to_irreducible[mesh.index(points)])
    assert len(order) == mesh.n_irreducible
    for name in ("qpoint", "weight"):
        data[name] = data[name][order]
    for name in data.keys() & {"frequency", "gamma", "gamma_N", "gamma_U", "gamma_isotope"}:
        data[name] = data[name][..., order, :]
    return data


def in_its_constants(chain: Chain, *temperatures: float, **scattering: Any) -> Floats:
    """Three-phonon linewidths as phono3py's constants of nature give them, shape (temperature, ir_q, band), THz."""
    found = chain.linewidths(*(temperature * TEMPERATURE_SCALE for temperature in temperatures), **scattering)
    return three_phonon(found) * LINEWIDTHS


def three_phonon(linewidths: Linewidths) -> Floats:
    """The part of three-phonon processes, normal and Umklapp."""
    return np.asarray(linewidths.linewidth_normal + linewidths.linewidth_umklapp)


def deviations(found: Floats, expected: Floats) -> Floats:
    """Relative deviations of what phono3py finds to scatter, flat."""
    scattered = expected > COUNTED_AS_ZERO
    np.testing.assert_array_equal(scattered, found > COUNTED_AS_ZERO)
    return np.asarray(found[scattered] / expected[scattered] - 1)


def inter_band(crystal: Crystal, mesh: Mesh, phonons: Phonons, linewidth: Floats, temperatures: Floats) -> Floats:
    """phono3py's κ_inter (smm19), mean over directions, W/m/K, for linewidths (temperature, ir_q, band) in THz.

    Its velocity operator has 2 sqrt(ωω') for ω+ω'. Members of a degenerate set are in the basis that diagonalises the
    velocity along [1, 2, 3]; all pairs s ≠ s' count, and the squares of what the velocities of the members differ from
    their mean by are in neither part.
    """
    omega, sets = phonons.frequencies[mesh.irreducible], phonons.degenerate_sets[mesh.irreducible]
    operator = phonons.velocity_operator.copy()
    for q, firsts in enumerate(sets):
        along = np.tensordot([1.0, 2.0, 3.0], operator[q], axes=1)
        same = firsts[:, None] == firsts[None, :]
        _, mixture = np.linalg.eigh(np.where(same, along, 0.0) + 1e6 * np.diag(firsts))
        operator[q] = mixture.conj().T @ operator[q] @ mixture
    operator *= sum_over_roots(omega)
    own = np.arange(omega.shape[1])
    operator[:, :, own, own] = 0.0
    # Every mode for itself, without a velocity: what is left are the pairs.
    alone = np.broadcast_to(own, omega.shape)
    modes = wigner.Modes(omega, 2 * units.THZ * linewidth, operator, np.zeros((*omega.shape, 3)), alone, mesh.weights)
    by_mode = wigner.coherences(modes, temperatures).by_mode
    total = np.einsum("q,tqsaa->t", mesh.weights, by_mode) / 3
    return np.asarray(total / (mesh.n_points * crystal.volume * units.WATT_PER_METRE_KELVIN))


def sum_over_roots(omega: Floats) -> Floats:
    """(ω+ω')/(2 sqrt(ωω')) of each pair of modes, shape (q, 1, band, band): its velocity operator over the Wigner
    equation's."""
    sums, roots = omega[:, :, None] + omega[:, None, :], 2 * np.sqrt(omega[:, :, None] * omega[:, None, :])
    return np.divide(sums, roots, out=np.ones_like(sums), where=roots > 0)[:, None]
