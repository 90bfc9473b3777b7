"""What a run shows: the one list of its figures and tables, with what each is made from and what is said beside it.

A figure is an entry here and a module `figures/{name}.py` with a function `draw`; rules, captions and reports follow.
"""

from collections.abc import Callable
from dataclasses import dataclass

from peierls import words
from peierls.config import Run
from peierls.layout import ITERATING, WITHOUT_KAPPA, Layout, boundary_solvers, solvers_by_modes

Inputs = Callable[[Layout, str], dict[str, str | list[str]]]


@dataclass(frozen=True)
class Figure:
    """A figure: `inputs` gives the files of a run for each parameter of its `draw`, `condition` the runs that have it.

    In `caption`, the names in braces are those of `words.of_run`.
    """

    title: str
    caption: str
    inputs: Inputs
    condition: Callable[[Run], bool] = lambda run: True


@dataclass(frozen=True)
class Table:
    """A table: the file `results/{run}/{name}.csv`, which a rule of its own writes; the rest as of a figure.

    One of the analysis has `inputs`, and a module `tables/{name}.py` with a function `tabulate`.
    """

    title: str
    caption: str
    condition: Callable[[Run], bool] = lambda run: True
    inputs: Callable[[Layout, str], list[str]] | None = None


def _conductivities(layout: Layout, run: str) -> dict[str, str | list[str]]:
    return {"transports": layout.conductivities(run)}


def _gives_kappa(run: Run) -> bool:
    return bool(set(run["solvers"]) - set(WITHOUT_KAPPA))


def _analysis(name: str, solvers: Callable[[Run], list[str]] = solvers_by_modes) -> Callable[[Run], bool]:
    """Whether a run asks for a part of the analysis and has a solver that it can be had from."""
    return lambda run: bool(run["analysis"][name]) and bool(solvers(run))


_IN_RTA = (
    "Modes are suppressed as their lifetimes in the relaxation-time approximation tell; of an exact solution this "
    "is an estimate."
)

FIGURES = {
    "kappa": Figure(
        "conductivity against temperature",
        "Lattice thermal conductivity of {run} against temperature, on logarithmic axes, by {solvers}: one line where "
        "the three directions agree to 0.1 %, else one for each of them. {mesh}; {integration}; {scattering}.",
        _conductivities,
        _gives_kappa,
    ),
    "convergence": Figure(
        "convergence of the solvers",
        "Convergence of the solvers of {run} that iterate: the conductivity over the largest of its record, and the "
        "relative residual, at each iteration and temperature. They stop at a residual of {tolerance}, or after "
        "{max_iterations} iterations.",
        lambda layout, run: {"transports": layout.iterating(run)},
        lambda run: bool(set(run["solvers"]) & set(ITERATING)),
    ),
    "cumulative": Figure(
        "cumulative conductivity",
        "Conductivity of {run}, the mean over directions, accumulated over the mean free path |v|τ of the modes and "
        "over their frequency at {nearest}, by {solvers}. Thin: the steps of the mesh; thick: the same spread in the "
        "logarithm. The mean free paths are those of the relaxation-time approximation, whatever the solver; dotted: "
        "those that carry 10, 50 and 90 % for the first solver. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {"curves": layout.cumulatives(run)},
        _analysis("cumulative"),
    ),
    "mean_free_paths": Figure(
        "lifetimes and mean free paths",
        "Lifetime τ and mean free path |v|τ of every irreducible mode of {run} against its frequency at {nearest}. The "
        "colour is the share of Umklapp among three-phonon processes. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {
            "linewidths": f"{layout.root}/{run}/linewidths.h5",
            # Mean free paths are the same for every solver.
            "curves": (layout.cumulatives(run) or [""])[0],
        },
        _analysis("cumulative"),
    ),
    "boundary_scan": Figure(
        "size of the sample",
        "Conductivity of {run}, the mean over directions, against the size L of the sample, 1/τ = |v|/L beside all "
        "other scattering; the exact solution is found again at each size. Dotted: without this boundary. {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"scans": layout.boundary_scans(run)},
        _analysis("boundary_scan", boundary_solvers),
    ),
    "thin_film": Figure(
        "films and wires",
        "Conductivity of films and wires of {run} over that of the bulk, against their size, at {nearest}. "
        + _IN_RTA
        + " Dotted: what is carried by modes that never meet a face, at which thin films end on this mesh. {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"films": layout.thin_films(run)},
        _analysis("thin_film"),
    ),
    "linewidths": Figure(
        "linewidth against frequency",
        "Linewidth Γ/2π of every irreducible mode of {run} against its frequency at {nearest}; the lifetime is "
        "1/(4π·linewidth). The colour is the share of Umklapp among three-phonon processes. {mesh}; {integration}; "
        "{scattering}.",
        lambda layout, run: {"linewidths": f"{layout.root}/{run}/linewidths.h5"},
    ),
    "relaxons": Figure(
        "relaxon spectrum",
        "Relaxons of {run} at {nearest}: the lifetime of each eigenvector of the collision operator, and what it "
        "contributes to the conductivity, the mean over directions.",
        lambda layout, run: {"relaxons": f"{layout.root}/{run}/transport/relaxons.h5"},
        lambda run: "relaxons" in run["solvers"],
    ),
    "wigner": Figure(
        "coherences between modes",
        "Heat carried by coherences between the modes of each wave vector of {run} at {nearest}, by the frequencies of "
        "the two modes, the mean over directions: the integral over the map is the coherences' part of the "
        "conductivity. Degenerate modes are on the diagonal. {mesh}; {integration}; {scattering}.",
        lambda layout, run: {"wigner": f"{layout.root}/{run}/transport/wigner.h5"},
        lambda run: "wigner" in run["solvers"],
    ),
    "viscosity": Figure(
        "viscosity against temperature",
        "Viscosity of the phonons of {run} against temperature, exact and in the relaxation-time approximation: the "
        "means over directions for a drift that varies along itself (μ_iiii) and across itself (μ_ijij). {mesh}; "
        "{integration}; {scattering}.",
        lambda layout, run: {"viscosity": f"{layout.root}/{run}/transport/viscosity.h5"},
        lambda run: "viscosity" in run["solvers"],
    ),
    "bands": Figure(
        "bands and density of states",
        "Phonon frequencies of {run} along the standard path through the Brillouin zone, and the density of states by "
        "the tetrahedron method. {mesh}; {nac}.",
        lambda layout, run: {"bands": layout.stage_file(run, "bands"), "dos": layout.stage_file(run, "dos")},
    ),
}
"""The figures by name, in the order in which a report shows them."""

TABLES = {
    "kappa": Table(
        "thermal conductivity",
        "Lattice thermal conductivity of {run} in W/m/K along Cartesian axes, by temperature and solver. {mesh}; "
        "{integration}; {scattering}.",
    ),
    "viscosity": Table(
        "viscosity",
        "Viscosity of the phonons of {run} in Pa s by temperature and method: μ_ijkl is the flux along j of momentum "
        "along i that answers a gradient along l of a drift along k. {mesh}; {integration}; {scattering}.",
        lambda run: "viscosity" in run["solvers"],
    ),
    "conductance": Table(
        "conductance of a sheet or a chain",
        "What {run} conducts whatever its extent is taken to be: conductivity times thickness in W/K, or times "
        "cross-section in W m/K. {mesh}; {integration}; {scattering}.",
        lambda run: 1 in run["mesh"] if isinstance(run["mesh"], list) else any(run["geometry"].values()),
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
        "size of the sample",
        "Conductivity of {run} in W/m/K along Cartesian axes against the size of the sample, 1/τ = |v|/L beside all "
        "other scattering; inf is the bulk. {mesh}; {integration}; {scattering}.",
        _analysis("boundary_scan", boundary_solvers),
        lambda layout, run: layout.boundary_scans(run),
    ),
    "thin_film": Table(
        "films and wires",
        "Conductivity of films and wires of {run} in W/m/K against their size, beside that of the bulk and that at "
        "which thin films end on this mesh. " + _IN_RTA + " {mesh}; {integration}; {scattering}.",
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
        lambda run: bool(run["analysis"]["phase_space"]),
        lambda layout, run: [f"{layout.root}/{run}/analysis/phase_space.h5"],
    ),
}
"""The tables by name, in the order in which a report shows them."""


def figures(layout: Layout, run: str) -> dict[str, str]:
    """The figures that a run has: the SVG file of each by name."""
    names = [name for name, figure in FIGURES.items() if figure.condition(layout.runs[run])]
    return {name: f"{layout.root}/{run}/figures/{name}.svg" for name in names}


def tables(layout: Layout, run: str) -> dict[str, str]:
    """The tables that a run has: the file of each by name."""
    names = [name for name, table in TABLES.items() if table.condition(layout.runs[run])]
    return {name: f"{layout.root}/{run}/{name}.csv" for name in names}


def caption(entry: Figure | Table, run: str, settings: Run) -> str:
    """What stands under a figure or a table of a run."""
    return entry.caption.format_map({"run": run, **words.of_run(settings)})
