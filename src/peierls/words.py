"""The choices of a run in words, for captions."""

from peierls.config import Run

_SOLVERS = {"rta": "the relaxation-time approximation", "wigner": "the Wigner transport equation"}
_KINDS = {"shengbte": "ShengBTE's", "fourphonon": "FourPhonon's", "tdep": "TDEP's", "invariant": "invariant"}


def of_run(run: Run) -> dict[str, str]:
    """Words for what a caption may speak of, by name."""
    options = run["solver_options"]
    return {
        "solvers": _listed([_SOLVERS.get(solver, f"the {solver} solution") for solver in run["solvers"]]),
        "mesh": mesh(run["mesh"]),
        "integration": integration(run),
        "scattering": scattering(run),
        "nac": nac(run),
        "nearest": f"{nearest(run['temperatures']):g} K",
        "tolerance": f"{options['tolerance']:g}",
        "max_iterations": str(options["max_iterations"]),
    }


def nearest(temperatures: list[float], wanted: float = 300.0) -> float:
    """The temperature nearest to that of a room; the lower of two that are as near."""
    return min(temperatures, key=lambda temperature: abs(temperature - wanted))


def mesh(setting: object) -> str:
    """A mesh as it is configured."""
    if isinstance(setting, list):
        return f"Mesh {'×'.join(map(str, setting))}"
    if isinstance(setting, dict) and "density" in setting:
        return f"Mesh of density {setting['density']:g} Å"
    return "Mesh from a file"


def integration(run: Run) -> str:
    """How energy conservation is integrated."""
    setting = run["integration"]
    delta = {
        "tetrahedron": "tetrahedron method",
        "gaussian": f"Gaussians of {setting['sigma']:g} THz",
        "adaptive": f"adaptive Gaussians of {_KINDS[setting['kind']]} width times {setting['scale']:g}",
    }[setting["method"]]
    vantage = {"event": "one weight per scattering event", "mode": "weights of each mode"}[setting["weights"]]
    return f"{delta}, {vantage}"


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


def _listed(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
