"""κ of silicon at 300 K against the mesh, by both weightings of the collision operator: the figure of
docs/weightings.md.

python benchmarks/weightings.py docs/images/weightings.svg
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from peierls import force_constants, schema
from peierls.figures.style import COLOURS, save, styled
from peierls.linewidths import compute_linewidths
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons
from peierls.solvers import rta, variational
from peierls.solvers.heat_conduction import HeatConduction

ROOT = Path(__file__).parents[1]
SIZES = (5, 7, 9, 11, 13, 15, 17, 19)


def conductivities(size: int, weights: str) -> tuple[float, float, float]:
    """κ in RTA and of the variational solution, W/m/K, and the energy vector's Rayleigh quotient over the mean rate."""
    fields = schema.load(ROOT / "workflow/schemas/config.schema.yaml")
    run = schema.fill({}, schema.subschema(schema.subschema(fields, "runs"), "any name"))
    run["integration"]["weights"] = weights
    run["scattering"]["isotopes"] = "none"
    settings = {**run, "temperatures": [300.0]}
    crystal = force_constants.read({"format": "phono3py", "path": ROOT / "resources/si-pbesol"})
    mesh = build_mesh(crystal, [size] * 3)
    phonons = compute_phonons(crystal, mesh, run["nac"])
    elements = compute_matrix_elements(crystal, mesh, phonons, run["integration"], np.arange(mesh.n_irreducible))
    linewidths = compute_linewidths(crystal, mesh, phonons, [elements], settings)
    problem = HeatConduction(crystal, mesh, phonons, linewidths, [elements], settings)
    kappas = [float(solver.solve(problem).kappa[0, 0, 0]) for solver in (rta, variational)]
    return kappas[0], kappas[1], float(problem.energy_conservation()[0])


def main() -> None:
    """Print the table and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", type=Path, help="file of the figure, svg or png")
    target = parser.parse_args().figure
    rows = {weights: [conductivities(size, weights) for size in SIZES] for weights in ("event", "mode")}
    print("| mesh | event: RTA | exact | energy loss | mode: RTA | exact | energy loss |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size, event, mode in zip(SIZES, rows["event"], rows["mode"], strict=True):
        cells = " | ".join(f"{rta:.2f} | {exact:.2f} | {loss:.1e}" for rta, exact, loss in (event, mode))
        print(f"| {size}³ | {cells} |")
    with styled():
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        for colour, (weights, values) in zip(COLOURS, rows.items(), strict=False):
            for column, line in ((1, "-"), (0, "--")):
                label = f"{weights}, {'exact' if column else 'RTA'}"
                axes.plot(SIZES, [row[column] for row in values], f"o{line}", ms=3.5, color=colour, label=label)
        axes.set(xlabel="divisions of the mesh", ylabel="thermal conductivity at 300 K (W/m/K)", ylim=(0, None))
        axes.grid(alpha=0.25, lw=0.5)
        axes.legend()
    save(figure, [target])


if __name__ == "__main__":
    main()
