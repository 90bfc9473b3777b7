"""The chain of peierls in one Python process, without files between its stages and with nothing else in memory.

python benchmarks/one_process.py SOLVER N TEMPERATURE...
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INPUT = ROOT / "resources" / "si-pbesol"


def chain(solver: str, n: int, temperatures: Sequence[float]) -> None:
    """Print κ at 300 K on the mesh n×n×n."""
    sys.path.insert(0, str(ROOT / "src"))
    from peierls.provenance import set_numba_cache

    set_numba_cache()
    from peierls import force_constants, schema
    from peierls.linewidths import compute_linewidths
    from peierls.matrix_elements import Recomputed
    from peierls.mesh import build_mesh
    from peierls.phonons import compute_phonons
    from peierls.solvers.heat_conduction import HeatConduction

    keys = schema.load(ROOT / "workflow" / "schemas" / "config.schema.yaml")
    settings = schema.fill({}, schema.subschema(schema.subschema(keys, "runs"), "any name"))
    settings["temperatures"] = list(temperatures)
    settings["integration"]["weights"] = "mode"
    settings["scattering"]["isotopes"] = "none"
    crystal = force_constants.read({"format": "phono3py", "path": INPUT})
    mesh = build_mesh(crystal, [n, n, n])
    phonons = compute_phonons(crystal, mesh, settings["nac"])
    # Point by point, and so without a second copy of all of them.
    elements = list(Recomputed(crystal, mesh, phonons, settings["integration"]))
    linewidths = compute_linewidths(crystal, mesh, phonons, elements, settings)
    problem = HeatConduction(crystal, mesh, phonons, linewidths, elements, settings)
    result = import_module(f"peierls.solvers.{solver}").solve(problem)
    print(result.kappa[temperatures.index(300.0), 0, 0])


if __name__ == "__main__":
    chain(sys.argv[1], int(sys.argv[2]), [float(temperature) for temperature in sys.argv[3:]])
