"""What cutting the third order into shards costs: CPU time of their jobs against that of the same work in one process.

    OMP_NUM_THREADS=1 python benchmarks/shards.py [--crystal FOLDER] [--meshes 9 15 25]

The work is computing all points and writing them; the jobs also start, load what numba compiled, and read, and each of
them prepares. Of a job's time, what is measured is that of the process of its script.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from forecast import ends
from startup import ROOT, timed, workflow

from peierls import config, force_constants, schema, stage_files
from peierls.cutting import number_of_shards
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import build_mesh
from peierls.phonons import compute_phonons
from peierls.provenance import set_numba_cache


def in_jobs(run: config.Run, folder: Path) -> float:
    """Processor time of the jobs of all shards, s."""
    folder.mkdir()
    path = folder / "config.yaml"
    keys = ("force_constants", "mesh", "integration", "chunks")
    path.write_text(yaml.safe_dump({"runs": {"one": {key: run[key] for key in keys}}}))
    timed([*workflow(folder, path), "--until", "matrix_elements"])
    return sum(seconds for seconds, _ in ends(list(folder.glob("results/stages/*/logs/matrix_elements/*/*.log"))))


def in_one_process(run: config.Run, folder: Path) -> float:
    """Processor time of computing all points and writing them, s."""
    crystal = force_constants.read(run["force_constants"])
    mesh = build_mesh(crystal, run["mesh"])
    phonons = compute_phonons(crystal, mesh, run["nac"])
    arguments = (crystal, mesh, phonons, run["integration"])
    compute_matrix_elements(*arguments, np.array([mesh.n_irreducible - 1]))
    start = time.process_time()
    shard = compute_matrix_elements(*arguments, np.arange(mesh.n_irreducible))
    stage_files.write(folder / "shard.h5", shard)
    return time.process_time() - start


def main() -> None:
    """Print a row per mesh."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crystal", default=str(ROOT / "resources/si-pbesol"))
    parser.add_argument("--meshes", type=int, nargs="+", default=[9, 15, 19, 25])
    parser.add_argument("--chunks", default="auto")
    arguments = parser.parse_args()
    set_numba_cache()
    chunks = arguments.chunks if arguments.chunks == "auto" else int(arguments.chunks)
    print(f"{'mesh':>5}{'shards':>8}{'jobs, CPU s':>13}{'work, CPU s':>13}{'overhead':>10}")
    for mesh in arguments.meshes:
        keys = {"force_constants": {"path": arguments.crystal}, "mesh": [mesh] * 3, "chunks": chunks}
        run = config.load({"runs": {"one": keys}}, schema.load(schema.shipped()))["one"]
        with tempfile.TemporaryDirectory() as name:
            jobs, work = in_jobs(run, Path(name) / "work"), in_one_process(run, Path(name))
        print(f"{mesh:>5}{number_of_shards(run):>8}{jobs:>13.1f}{work:>13.1f}{jobs / work - 1:>10.1%}", flush=True)


if __name__ == "__main__":
    main()
