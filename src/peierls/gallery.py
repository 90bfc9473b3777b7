"""What a run shows: the one list of its figures and tables, with what each is made from and what is said beside it.

A figure is an entry here and a module `figures/{name}.py` with a function `draw`; rules, captions and reports follow.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peierls import directions, words
from peierls.analysis_checks import CHECKS
from peierls.config import Run
from peierls.layout import Layout, boundary_solvers, solvers_by_modes

Inputs = Callable[[Layout, str], dict[str, str | list[str]]]
Condition = Callable[[Layout, str], bool]


@dataclass(frozen=True)
class Figure:
    """A figure: `inputs` gives the files of a run for each parameter of its `draw`, `condition` the runs that have it.

    In `caption`, the names in braces are those of `words.of_run`, and `sizes`: how the size of the sample is scanned.
    """

    title: str
    caption: str
    inputs: Inputs
    condition: Condition = lambda layout, run: True


@dataclass(frozen=True)
class Table:
    """A table: the file `results/{run}/{name}.csv`, which a rule of its own writes; the rest as of a figure.

    One of the analysis has `inputs`, and a module `tables/{name}.py` with a function `tabulate`.
    """

    title: str
    caption: str
    condition: Condition = lambda layout, run: True
    inputs: Callable[[Layout, str], list[str]] | None = None


def _conductivities(layout: Layout, run: str) -> dict[str, str | list[str]]:
    return {"transports": layout.conductivities(run)}


def _analysis(name: str, solvers: Callable[[Run], list[str]] = solvers_by_modes) -> Condition:
    """Whether a run asks for a part of the analysis and has a solver that it can be had from."""
    return lambda layout, run: bool(layout.runs[run]["analysis"][name]) and bool(solvers(layout.runs[run]))


_IN_RTA = (
    "Modes are suppressed as their lifetimes in the relaxation-time approximation tell; of an exact solution this "
    "is an estimate."
)


def _spectral(layout: Layout, run: str) -> dict[str, str | list[str]]:
    return {"spectral": f"{layout.root}/{run}/analysis/spectral.h5"}


FIGURES = {
    "kappa": Figure(
        "conductivity against temperature",
        "Lattice thermal conductivity of {run}{extent} against temperature, on logarithmic axes, by {solvers}: one "
        "line for solvers that agree to 0.1 %, and one for the directions that conduct where these agree to 0.1 %, "
        "else one for each. {mesh}; {integration}; {scattering}.",
        _conductivities,
        lambda layout, run: bool(layout.conductivities(run)),
    ),
    "cumulative": Figure(
        "cumulative conductivity",
        "Conductivity of {run}{extent}, the mean over directions, accumulated over the mean free path |v|τ of the "
        "modes and over their frequency at {nearest}, by {solvers_by_modes}, one line for those that agree to 0.1 %. "
        "Above, thin: the steps of the mesh; thick: the same spread in the logarithm; below, the steps. The mean free "
        "paths are those of the relaxation-time approximation, whatever the solver; dotted: those that carry 10, 50 "
        "and 90 % for the first solver. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {"curves": layout.cumulatives(run)},
        _analysis("cumulative"),
    ),
    "mean_free_paths": Figure(
        "lifetimes and mean free paths",
        "Lifetime τ and mean free path |v|τ of every irreducible mode of {run} that is scattered against its frequency "
        "at {nearest}; modes without a velocity are left out below. The colour is the share of Umklapp among "
        "three-phonon processes. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {
            "linewidths": f"{layout.root}/{run}/linewidths.h5",
            # Mean free paths are the same for every solver.
            "curves": (layout.cumulatives(run) or [""])[0],
        },
        _analysis("cumulative"),
    ),
    "boundary_scan": Figure(
        "size of the sample",
        "Conductivity of {run}{extent}, the mean over directions, against the size L of the sample, 1/τ = |v|/L beside "
        "all other scattering: {sizes}, at up to four temperatures. Dotted: without this boundary. {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"scans": layout.boundary_scans(run)},
        _analysis("boundary_scan", boundary_solvers),
    ),
    "thin_film": Figure(
        "films and wires",
        "Conductivity of films and wires of {run} over that of the bulk, against their size, at {nearest}. "
        + _IN_RTA
        + " Faces reflect the given share of phonons like mirrors; contacts between which heat crosses a film reflect "
        "none. One line for solvers that agree to 0.1 %. Dotted: what is carried by modes that never meet a face, at "
        "which thin films end on this mesh. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {"films": layout.thin_films(run)},
        _analysis("thin_film"),
    ),
    "linewidths": Figure(
        "linewidth against frequency",
        "Linewidth Γ/2π of every irreducible mode of {run} that is scattered against its frequency at {nearest}; the "
        "lifetime is 1/(4π·linewidth). The colour is the share of Umklapp among three-phonon processes. {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"linewidths": f"{layout.root}/{run}/linewidths.h5"},
    ),
    "relaxons": Figure(
        "relaxon spectrum",
        "Relaxons of {run} at {nearest}: the lifetime of each eigenvector of the collision operator that carries heat, "
        "and what it contributes, with those that the point group makes of it, to the conductivity{extent}, the mean "
        "over directions. Less than 1e-7 of the largest contribution is not shown. {mesh}; {integration}; "
        "{scattering}.",
        lambda layout, run: {"relaxons": f"{layout.root}/{run}/transport/relaxons.h5"},
        # The relaxons are those of one operator, which a mean over directions is not.
        lambda layout, run: (
            "relaxons" in layout.runs[run]["solvers"] and layout.runs[run]["nac"]["direction"] != "average"
        ),
    ),
    "wigner": Figure(
        "coherences between modes",
        "Heat carried by coherences between the modes of each wave vector of {run} at {nearest}, by the frequencies of "
        "the two modes, the mean over directions: the integral over the map is the coherences' part of the "
        "conductivity{extent}. Degenerate modes are on the diagonal; white is less than 1e-4 of the largest density. "
        "{mesh}; {integration}; {scattering}.",
        lambda layout, run: {"wigner": f"{layout.root}/{run}/transport/wigner.h5"},
        lambda layout, run: "wigner" in layout.runs[run]["solvers"],
    ),
    "viscosity": Figure(
        "viscosity against temperature",
        "Viscosity of the phonons of {run} against temperature, exact and in the relaxation-time approximation: the "
        "means over directions for a drift that varies along itself (μ_iiii) and across itself (μ_ijij). {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"viscosity": f"{layout.root}/{run}/transport/viscosity.h5"},
        lambda layout, run: "viscosity" in layout.runs[run]["solvers"],
    ),
    "spectral": Figure(
        "spectral conductivity",
        "Spectral conductivity of {run}{extent} by the most exact solver that converged, at the temperature nearest to "
        "300 K at which one did: the mean over directions by branch in order of frequency, by species where there are "
        "several, and by direction where they differ; dashed, its running integral. {mesh}; {integration}; "
        "{scattering}.",
        _spectral,
        _analysis("spectral"),
    ),
    "dos": Figure(
        "density of states by parts",
        "Phonon density of states of {run} by branch in order of frequency and, where there are several, by species, "
        "with the squared eigenvectors as weights. {mesh}; {delta}.",
        _spectral,
        _analysis("spectral"),
    ),
    "bands": Figure(
        "bands and density of states",
        "Phonon frequencies of {run} along the standard path through the Brillouin zone, without pieces on which "
        "nothing disperses, such as those across a sheet; and the density of states by the tetrahedron method. {mesh}; "
        "{nac}.",
        lambda layout, run: {"bands": layout.stage_file(run, "bands"), "dos": layout.stage_file(run, "dos")},
    ),
    "convergence": Figure(
        "convergence of the solvers",
        "Convergence of the solvers of {run} that iterate: the conductivity over the largest of its record, and the "
        "relative residual, at each iteration and temperature. They stop at a residual of {tolerance}, or after "
        "{max_iterations} iterations. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {"transports": layout.iterating(run)},
        lambda layout, run: bool(layout.iterating(run)),
    ),
}
"""The figures by name, in the order in which a report shows them."""

TABLES = {
    "kappa": Table(
        "thermal conductivity",
        "Lattice thermal conductivity of {run}{extent} in W/m/K along Cartesian axes, by temperature and solver. "
        "{mesh}; {integration}; {scattering}.",
    ),
    "viscosity": Table(
        "viscosity",
        "Viscosity of the phonons of {run} in Pa s by temperature and method: μ_ijkl is the flux along j of momentum "
        "along i that answers a gradient along l of a drift along k. {mesh}; {integration}; {scattering}.",
        lambda layout, run: "viscosity" in layout.runs[run]["solvers"],
    ),
    "conductance": Table(
        "conductance of a sheet or a chain",
        "What {run} conducts whatever its extent is taken to be: conductivity times thickness in W/K, or times "
        "cross-section in W m/K. {mesh}; {integration}; {scattering}.",
        lambda layout, run: _low_dimensional(layout.runs[run]),
    ),
    "mean_free_paths": Table(
        "mean free paths that matter",
        "Lengths up to which 10, 50 and 90 % of the conductivity of {run} are carried, for the mean free path |v|τ and "
        "the mean free displacement F·v/|v|; where first and last differ, the curve passes the share more than once. "
        "{mesh}; {integration}; {scattering}.",
        _analysis("cumulative"),
        lambda layout, run: layout.cumulatives(run),
    ),
    "boundary_scan": Table(
        "conductivity by size of the sample",
        "Conductivity of {run}{extent} in W/m/K along Cartesian axes against the size of the sample, 1/τ = |v|/L "
        "beside all other scattering: {sizes}; inf is without this boundary. {mesh}; {integration}; {scattering}.",
        _analysis("boundary_scan", boundary_solvers),
        lambda layout, run: layout.boundary_scans(run),
    ),
    "thin_film": Table(
        "conductivity of films and wires",
        "Conductivity of films and wires of {run}{extent} in W/m/K against their size, beside that of the bulk and "
        "that of modes that never meet a face, at which thin films end on this mesh. "
        + _IN_RTA
        + " {mesh}; {integration}; {scattering}.",
        _analysis("thin_film"),
        lambda layout, run: layout.thin_films(run),
    ),
    "thermal": Table(
        "heat capacity and speeds of sound",
        "Harmonic heat capacity at constant volume, speeds of sound over all directions and Debye temperature of "
        "{run}. {mesh}; {nac}.",
        inputs=lambda layout, run: [f"{layout.root}/{run}/analysis/thermal.h5"],
    ),
    "phase_space": Table(
        "phase space",
        "Densities of the three-phonon processes of each irreducible mode of {run}: absorptions and decays. {mesh}; "
        "{integration}.",
        lambda layout, run: bool(layout.runs[run]["analysis"]["phase_space"]),
        lambda layout, run: [f"{layout.root}/{run}/analysis/phase_space.h5"],
    ),
}
"""The tables by name, in the order in which a report shows them."""


def figures(layout: Layout, run: str) -> dict[str, str]:
    """The figures that a run has: the SVG file of each by name."""
    return {name: f"{layout.root}/{run}/figures/{name}.svg" for name in _shown(FIGURES, layout, run)}


def tables(layout: Layout, run: str) -> dict[str, str]:
    """The tables that a run has: the file of each by name."""
    return {name: f"{layout.root}/{run}/{name}.csv" for name in _shown(TABLES, layout, run)}


def left(layout: Layout, run: str) -> list[str]:
    """Figures, tables and results of solvers that are there from earlier settings of a run, and not of its present."""
    folder = Path(layout.root, run)
    made = {*tables(layout, run).values(), *layout.transports(run), layout.populations(run)}
    for path in figures(layout, run).values():
        made |= {path, str(Path(path).with_suffix(".png"))}
    known = [folder / f"{name}.csv" for name in TABLES]
    known += [folder / f"figures/{name}{suffix}" for name in FIGURES for suffix in (".svg", ".png")]
    known += folder.glob("transport/*.h5")
    return sorted(str(path) for path in known if path.is_file() and str(path) not in made)


def checked(layout: Layout, run: str) -> list[str]:
    """The files of those tables of a run that have a health check."""
    return [path for name, path in tables(layout, run).items() if name in CHECKS]


def said(layout: Layout, run: str, entries: Mapping[str, Figure | Table]) -> list[list[str]]:
    """Name, title and caption of each of `FIGURES` or `TABLES` that a run has."""
    settings = layout.runs[run]
    shown = _shown(entries, layout, run)
    return [[name, entries[name].title, caption(entries[name], run, settings)] for name in shown]


def compared(layout: Layout, runs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The files of each of `runs` by which they are compared."""
    stages = ("crystal", "mesh")
    return {
        run: {
            **{stage: layout.stage_file(run, stage) for stage in stages},
            "transports": layout.transports(run),
            "checked": checked(layout, run),
        }
        for run in runs
    }


def records(layout: Layout, run: str) -> list[str]:
    """The records of the jobs from which the figures and tables of a run come, shared stages first."""
    inputs = [FIGURES[name].inputs(layout, run) for name in figures(layout, run)]
    read = [path for one in inputs for value in one.values() for path in ([value] if isinstance(value, str) else value)]
    files = [*layout.stage_files(run), *layout.matrix_elements(run), *read]
    if layout.runs[run]["nac"]["direction"] == "average":
        files += [path for name in directions.runs_of_directions(run) for path in _computed(layout, name)]
    return [layout.record(path) for path in dict.fromkeys(files)]


def _computed(layout: Layout, run: str) -> list[str]:
    """The files of a run for one direction, from which a mean over directions is taken."""
    own = [*layout.transports(run), f"{layout.root}/{run}/linewidths.h5"]
    return [*layout.stage_files(run), *layout.matrix_elements(run), *own]


def caption(entry: Figure | Table, run: str, settings: Run) -> str:
    """What stands under a figure or a table of a run."""
    said = words.of_run(settings)
    if settings["nac"]["direction"] == "average":
        said["scattering"] += ", means over directions of the limit at Γ"
    return entry.caption.format_map({"run": run, "sizes": _sizes(settings), **said})


def _sizes(settings: Run) -> str:
    solvers = boundary_solvers(settings)
    ways = {"rta": "in the relaxation-time approximation", "variational": "exact, solved again at each size"}
    return " and ".join(ways[solver] for solver in solvers) + (" alone" if solvers == ["rta"] else "")


def _shown(entries: Mapping[str, Figure | Table], layout: Layout, run: str) -> list[str]:
    return [name for name, entry in entries.items() if entry.condition(layout, run)]


def _low_dimensional(run: Run) -> bool:
    return 1 in run["mesh"] if isinstance(run["mesh"], list) else any(run["geometry"].values())
