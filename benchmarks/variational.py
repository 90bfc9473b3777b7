"""What the variational solution costs beside the third-order stage: CPU time, and memory beside the matrix elements.

OMP_NUM_THREADS=1 python benchmarks/variational.py 15 19

Silicon, tetrahedra, `event`, natural isotopes, five temperatures, to 1e-6. Memory is what Python and NumPy hold at most
while the solver runs (tracemalloc), matrix elements and isotopes included, over the bytes of the matrix elements.
"""

import argparse
import time
import tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np

from peierls import force_constants, schema
from peierls.linewidths import compute_linewidths
from peierls.matrix_elements import MatrixElements, compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons
from peierls.solvers import variational
from peierls.solvers.heat_conduction import HeatConduction

ROOT = Path(__file__).parents[1]
TEMPERATURES = [50.0, 100.0, 200.0, 300.0, 600.0]


def n_bytes(elements: MatrixElements) -> int:
    """Size of the arrays."""
    return sum(getattr(elements, field.name).nbytes for field in fields(elements))


def costs(size: int) -> tuple[float, float, int, int, int]:
    """CPU time of the third order and of the solver, s; bytes of the matrix elements, of the isotopes, and at most
    while the solver runs."""
    keys = schema.load(ROOT / "workflow/schemas/config.schema.yaml")
    run = schema.fill({}, schema.subschema(schema.subschema(keys, "runs"), "any name"))
    run["solver_options"]["tolerance"] = 1e-6
    settings = {**run, "temperatures": TEMPERATURES}
    crystal = force_constants.read({"format": "phono3py", "path": ROOT / "resources/si-pbesol"})
    mesh = build_mesh(crystal, [size] * 3)
    phonons = compute_phonons(crystal, mesh, run["nac"])
    started = time.process_time()
    elements = compute_matrix_elements(crystal, mesh, phonons, run["integration"], np.arange(mesh.n_irreducible))
    third_order = time.process_time() - started
    linewidths = compute_linewidths(crystal, mesh, phonons, [elements], settings)
    problem = HeatConduction(crystal, mesh, phonons, linewidths, [elements], settings)
    started = time.process_time()
    variational.solve(problem)
    solution = time.process_time() - started
    isotopes = problem.operator.isotopes
    arrays = isotopes.first, isotopes.second, isotopes.rates, isotopes.even_tensors, isotopes.odd_tensors
    held = sum(array.nbytes for array in arrays)
    again = HeatConduction(crystal, mesh, phonons, linewidths, [elements], settings)
    tracemalloc.start()
    variational.solve(again)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return third_order, solution, n_bytes(elements), held, n_bytes(elements) + most


def main() -> None:
    """Print a row for each mesh."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("meshes", type=int, nargs="+", metavar="N")
    print(
        "| mesh | third order CPU s | variational CPU s | share | matrix elements MB | isotopes MB | most MB | ratio |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    meshes = parser.parse_args().meshes
    # Kernels are compiled once before.
    costs(3)
    for size in meshes:
        third_order, solution, elements, isotopes, most = costs(size)
        print(
            f"| {size}³ | {third_order:.2f} | {solution:.2f} | {solution / third_order:.0%} | {elements / 1e6:.1f} | "
            f"{isotopes / 1e6:.1f} | {most / 1e6:.1f} | {most / elements:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
