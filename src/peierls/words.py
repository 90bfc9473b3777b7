"""The choices of a run in words, for captions; and what it found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import gcd

import numpy as np

from peierls.config import POPULATION_SOLVERS, Run, at
from peierls.crystal import Crystal, Floats

_SEQUENCE = (
    "Rn Xe Kr Ar Ne He Fr Cs Rb K Na Li Ra Ba Sr Ca Mg Be "
    "Lr No Md Fm Es Cf Bk Cm Am Pu Np U Pa Th Ac Lu Yb Tm Er Ho Dy Tb Gd Eu Sm Pm Nd Pr Ce La Y Sc "
    "Rf Hf Zr Ti Db Ta Nb V Sg W Mo Cr Bh Re Tc Mn Hs Os Ru Fe Mt Ir Rh Co Ds Pt Pd Ni Rg Au Ag Cu Cn Hg Cd Zn "
    "Tl In Ga Al B Pb Sn Ge Si C Bi Sb As P N H Po Te Se S O At I Br Cl F "
)
"""The elements from electropositive to electronegative, IUPAC's sequence for binary compounds."""
_SOLVERS = {"rta": "the relaxation-time approximation", "wigner": "the Wigner transport equation"}
NOISE = 1e-9
"""Part of the largest component of a tensor below which another is zero."""
_KINDS = {"shengbte": "ShengBTE's", "fourphonon": "FourPhonon's", "tdep": "TDEP's", "invariant": "invariant"}


def of_run(run: Run) -> dict[str, str]:
    """Words for what a caption may speak of, by name."""
    named = {solver: _SOLVERS.get(solver, f"the {solver} solution") for solver in run["solvers"]}
    return {
        "solvers": _listed([name for solver, name in named.items() if solver != "viscosity"]),
        "solvers_by_modes": _listed([name for solver, name in named.items() if solver in POPULATION_SOLVERS]),
        "mesh": mesh(run["mesh"]),
        "extent": extent(run),
        "delta": delta(run),
        "integration": integration(run),
        "scattering": scattering(run),
        "nac": nac(run),
        "nearest": f"{run['temperatures'][nearest(run['temperatures'])]:g} K",
        "tolerance": f"{at(run, 'solver_options.tolerance') or 0:g}",
        "max_iterations": str(at(run, "solver_options.max_iterations")),
    }


def conductivity(kappa: Floats) -> str:
    """κ, shape (3, 3), in words: one number, or those of the diagonal where they differ by more than 0.1 %.

    The directions across a sheet or a chain, in which nothing is conducted, are left out.
    """
    diagonal = np.diagonal(kappa)
    found = {f"{axis}{axis}": value for axis, value in zip("xyz", diagonal, strict=True)}
    along = {name: value for name, value in found.items() if abs(value) > NOISE * np.abs(diagonal).max()} or found
    values = np.array(list(along.values()))
    if np.allclose(values, values[0], rtol=1e-3, equal_nan=True):
        return four_digits(float(values.mean()))
    return ", ".join(f"{name} {four_digits(float(value))}" for name, value in along.items())


def viscosity(mu: Floats) -> str:
    """μ, shape (3, 3, 3, 3), in words: the mean of μ_ijij, of a drift along and across its gradient."""
    return four_digits(float(np.einsum("ijij->", mu)) / 9)


def assumed(geometry: Mapping[str, float | None]) -> str:
    """The extent of a sheet or a chain that a conductivity assumes, nothing for a bulk crystal."""
    if geometry["thickness"] is not None:
        return f"for a thickness of {geometry['thickness']:.4g} m"
    return "" if geometry["cross_section"] is None else f"for a cross-section of {geometry['cross_section']:.4g} m²"


def four_digits(value: float) -> str:
    """A number with four digits, zeros at its end included."""
    return f"{value:#.4g}".rstrip(".")


def formula(species: Sequence[str]) -> list[tuple[str, int]]:
    """The elements of a cell in their smallest whole ratios, the electronegative ones last."""
    counts = Counter(sorted(species, key=lambda symbol: f" {_SEQUENCE}".find(f" {symbol} ")))
    divisor = gcd(*counts.values())
    return [(symbol, count // divisor) for symbol, count in counts.items()]


def nearest(temperatures: Sequence[float] | Floats) -> int:
    """Position of the temperature, of some in ascending order, that is nearest to 300 K; of two, the lower."""
    return int(np.argmin(np.abs(np.asarray(temperatures) - 300.0)))


def mesh(setting: object) -> str:
    """A mesh as it is configured."""
    if isinstance(setting, list):
        return f"Mesh {'×'.join(map(str, setting))}"
    if isinstance(setting, dict) and "density" in setting:
        return f"Mesh of density {setting['density']:g} Å"
    return "Mesh from a file"


def extent(run: Run) -> str:
    """What the conductivity of a sheet or a chain assumes, where its mesh says that it is one."""
    sizes = run["mesh"] if isinstance(run["mesh"], list) else []
    key = {1: "thickness", 2: "cross_section"}.get(sizes.count(1))
    if key is None:
        return ""
    given, name, unit = run["geometry"][key], key.replace("_", "-"), {"thickness": "m", "cross_section": "m²"}[key]
    return f" for the {name} of its cell" if given is None else f" for a {name} of {given:g} {unit}"


def delta(run: Run) -> str:
    """What stands for the delta function."""
    setting = run["integration"]
    if setting["method"] == "gaussian":
        return f"Gaussians of {setting['sigma']:g} THz"
    if setting["method"] == "adaptive":
        scale = "" if setting["scale"] == 1 else f" times {setting['scale']:g}"
        return f"adaptive Gaussians of {_KINDS[setting['kind']]} width{scale}"
    return "tetrahedron method"


def integration(run: Run) -> str:
    """How energy conservation is integrated."""
    weights = {"event": "one weight per scattering event", "mode": "weights of each mode"}
    return f"{delta(run)}, {weights[run['integration']['weights']]}"


def scattering(run: Run) -> str:
    """What scatters phonons."""
    setting = run["scattering"]
    found = ["three-phonon processes"]
    if setting["isotopes"] != "none":
        found.append("natural isotopes" if setting["isotopes"] == "natural" else "isotopes from a file")
    if setting["boundary_length"] is not None:
        found.append(f"boundaries at {setting['boundary_length']:g} m")
    if setting["max_mfp"] is not None:
        found.append(f"mean free paths up to {setting['max_mfp']:g} m")
    return f"scattering by {_listed(found)}" if len(found) > 1 else "scattering by three-phonon processes alone"


def nac(run: Run) -> str:
    """How the dipoles of a polar crystal are treated."""
    return {
        "auto": "long-range dipole sums where the input has Born charges",
        "gonze-lee": "long-range dipole sums after Gonze and Lee",
        "wang": "non-analytic term after Wang and others",
        "none": "no non-analytic term",
    }[run["nac"]["method"]]


def long_range(crystal: Crystal, run: Run) -> str:
    """The same of a crystal that is known: what is added to its force constants, and the limit at Γ."""
    method, direction = run["nac"]["method"], run["nac"]["direction"]
    if crystal.born_charges is None:
        return "no Born charges in the input"
    if method == "none":
        return nac(run)
    added = nac({"nac": {"method": "gonze-lee" if method == "auto" else method}})
    if crystal.ewald_parameter is not None:
        added = f"the sum over dipoles that the force constants leave out, at {crystal.ewald_parameter:.4g} 1/Å"
    limits = {"none": "no non-analytic term at Γ", "average": "at Γ the mean of results over directions"}
    limit = limits[direction] if isinstance(direction, str) else f"at Γ along {_vector(direction)}"
    return f"{added}; {limit}"


def _vector(components: Sequence[float]) -> str:
    return f"({' '.join(f'{component:g}' for component in components)})"


def _listed(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
