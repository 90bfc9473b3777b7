"""phono3py and peierls on silicon, in turn, as whole processes: CPU time, wall time, memory, and the κ of both.

Both take the force constants of resources/si-pbesol, the same mesh, linear tetrahedra, rates of each mode, no isotopes.
peierls is run twice: as its Snakemake workflow, every job of it up to the table of conductivities, in a new folder; and
the same chain in one Python process. CPU time is user and system time of a process and all its children; memory is the
largest sum of the resident sets of a process and its children, sampled ten times a second. peierls' kernels are
compiled once before (the time is printed); phono3py's are compiled when it is built.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import h5py
import pandas as pd
import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
INPUT = ROOT / "resources" / "si-pbesol"
SAMPLING = 0.1
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Told to phono3py and to one process; Snakemake is told its cores, and tells each job its threads."""


class Cost(NamedTuple):
    """What a process took: s, s, MB; and κ in W/m/K."""

    cpu: float
    wall: float
    memory: float
    kappa: float


class Method(NamedTuple):
    """A solver of peierls, the option of phono3py that asks for the same, and the temperatures, K."""

    solver: str
    option: str
    temperatures: tuple[int, ...]


def phono3py(command: Path, method: Method, n: int, threads: int) -> Cost:
    """phono3py, whole process, in a new folder with copies of its input."""
    with new_folder() as folder:
        for name in ("phono3py.yaml", "fc2.hdf5", "fc3.hdf5"):
            shutil.copy(INPUT / name, folder)
        arguments = ["phono3py.yaml", "-o", "out.yaml", method.option, "--mesh", *[str(n)] * 3]
        arguments += ["--ts", *map(str, method.temperatures)]
        cpu, wall, memory = measured([str(command), *arguments], folder, threads)
        with h5py.File(folder / f"kappa-m{n}{n}{n}.hdf5") as file:
            at_room_temperature = method.temperatures.index(300)
            return Cost(cpu, wall, memory, float(file["kappa"][at_room_temperature, 0]))


def workflow(method: Method, n: int, threads: int) -> Cost:
    """Snakemake in a new folder, up to the table of conductivities, which is what phono3py writes."""
    run = {
        "force_constants": {"format": "phono3py", "path": str(INPUT)},
        "mesh": [n, n, n],
        "temperatures": list(method.temperatures),
        "integration": {"method": "tetrahedron", "weights": "mode"},
        "scattering": {"isotopes": "none"},
        "solvers": [method.solver],
    }
    with new_folder() as folder:
        (folder / "config.yaml").write_text(yaml.safe_dump({"runs": {"silicon": run}}))
        arguments = ["-s", str(ROOT / "workflow" / "Snakefile"), "--configfile", "config.yaml", "--cores", str(threads)]
        arguments += ["--", "results/silicon/kappa.csv"]
        cost = measured([sys.executable, "-m", "snakemake", *arguments], folder, threads)
        table = pd.read_csv(folder / "results" / "silicon" / "kappa.csv")
        return Cost(*cost, float(table.kxx[table.temperature_K == 300].iloc[0]))


def one_process(method: Method, n: int, threads: int) -> Cost:
    """The same chain, without files between its stages, in one Python process."""
    with new_folder() as folder:
        cost = measured(
            [
                sys.executable,
                str(Path(__file__).with_name("one_process.py")),
                method.solver,
                str(n),
                *map(str, method.temperatures),
            ],
            folder,
            threads,
        )
        return Cost(*cost, float((folder / "output").read_text()))


def measured(command: Sequence[str], folder: Path, threads: int) -> tuple[float, float, float]:
    """Run a command, its output to the file `output`; CPU time in s, wall time in s, memory in MB."""
    environment = {name: value for name, value in os.environ.items() if name not in (*THREADS, "PYTHONPATH")}
    if "snakemake" not in command:
        environment.update(dict.fromkeys(THREADS, str(threads)))
    before = os.times()
    started = time.perf_counter()
    with open(folder / "output", "w") as output, open(folder / "errors", "w") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=errors)
        largest = 0
        while process.poll() is None:
            largest = max(largest, resident(process.pid))
            time.sleep(SAMPLING)
    wall = time.perf_counter() - started
    after = os.times()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / 'errors').read_text()[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, wall, largest / 1e6


def resident(pid: int) -> int:
    """Sum of the resident sets of a process and its children, bytes."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
    return total


@contextmanager
def new_folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="peierls-benchmark-") as name:
        yield Path(name)


def compare(command: Path, method: Method, n: int, threads: int, repeats: int) -> None:
    """Run the three in turn, and print the medians and the ratios of phono3py's to them."""
    runs: dict[str, list[Cost]] = {"phono3py": [], "peierls, workflow": [], "peierls, one process": []}
    for _ in range(repeats):
        runs["phono3py"].append(phono3py(command, method, n, threads))
        runs["peierls, workflow"].append(workflow(method, n, threads))
        runs["peierls, one process"].append(one_process(method, n, threads))
    medians = {name: Cost(*map(statistics.median, zip(*costs, strict=True))) for name, costs in runs.items()}
    first = medians["phono3py"]
    for name, cost in medians.items():
        spread = max(one.cpu for one in runs[name]) - min(one.cpu for one in runs[name])
        ratios = f"{first.cpu / cost.cpu:.1f} | {first.wall / cost.wall:.1f} | {first.memory / cost.memory:.2f}"
        print(
            f"| {n}³ | {threads} | {name} | {cost.cpu:.1f} ± {spread / 2:.1f} | {cost.wall:.1f} | {cost.memory:.0f} | "
            f"{ratios} | {cost.kappa:.3f} |",
            flush=True,
        )


def found(name: str | None) -> Path:
    """The command phono3py: as given, in a given virtual environment, or on the path."""
    candidates = [Path(name), Path(name) / "bin" / "phono3py"] if name else []
    on_path = shutil.which("phono3py")
    for candidate in [*candidates, *([Path(on_path)] if on_path else [])]:
        if candidate.is_file():
            return candidate.resolve().parent / candidate.name if not candidate.is_absolute() else candidate
    sys.exit(f"no phono3py {'at ' + name if name else 'on the path'}; install it in an environment of its own")


def versions(command: Path) -> str:
    """The programs compared and the machine."""
    script = "import phono3py, phonopy; print(phono3py.__version__, phonopy.__version__)"
    shown = subprocess.run([str(command.parent / "python"), "-c", script], capture_output=True, text=True)
    theirs = "phono3py {} with phonopy {}".format(*shown.stdout.split()) if shown.returncode == 0 else "phono3py"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "h5py", "snakemake"))
    with suppress(OSError):
        models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        machine = models[0].split(":")[1].strip() if models else platform.processor()
    return f"{theirs}; peierls with Python {platform.python_version()}, {libraries}; {machine}, {os.cpu_count()} cores"


def main(method: Method, meshes: Sequence[int], description: str) -> None:
    """Command line of a benchmark of `method`, by default on `meshes`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phono3py", metavar="PATH", help="the command, or a virtual environment that has it")
    parser.add_argument("--meshes", type=int, nargs="+", default=meshes, metavar="N")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    options = parser.parse_args()
    command = found(options.phono3py)
    print(versions(command), flush=True)
    for name, run in (("one process", one_process), ("workflow", workflow)):
        first, second = run(method, 5, 1), run(method, 5, 1)
        print(f"compilation, once ({name}): {first.cpu - second.cpu:.1f} s", flush=True)
    print("| mesh | threads | program | CPU s | wall s | memory MB | CPU ratio | wall ratio | memory ratio | κ W/m/K |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for n in options.meshes:
        for threads in options.threads:
            compare(command, method, n, threads, options.repeats)
