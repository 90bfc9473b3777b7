"""What it takes on this machine to start a job and to read a file, apart from what is computed."""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROGRAM = """
import time
import peierls.job, peierls.phonons, peierls.stage_files
plain = time.process_time()
import peierls.job_inputs, peierls.solvers.heat_conduction, peierls.matrix_elements as elements
libraries = time.process_time()
elements._is_without_sets(elements.np.zeros(3, dtype=elements.np.int64))
kernels = time.process_time()
import io
from matplotlib.figure import Figure
from peierls.figures.style import styled
with styled():
    figure = Figure()
    axes = figure.add_subplot(xlabel="x", ylabel="y", xscale="log")
    axes.plot([1, 2], [3, 4])
    for kind in ("svg", "png"):
        figure.savefig(io.BytesIO(), format=kind)
print(plain, libraries, kernels, plain + time.process_time() - kernels)
"""


BEFORE = 0.6
"""What the workflow system does in a job before its script, over the processor time of the least that a script imports
(measured)."""


@dataclass(frozen=True)
class Start:
    """Processor time of a job that does nothing, s: one of the harmonic stages; one that imports numba as well; one
    that runs what numba compiled, of which the first function takes the longest to load; and one that draws a
    figure."""

    plain: float
    libraries: float
    kernels: float
    figure: float


@cache
def start() -> Start:
    """Measured once in a process. What is compiled must have been compiled before."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.getenv("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    plain, *others = map(float, done.stdout.split())
    return Start(*(each + BEFORE * plain for each in (plain, *others)))


@cache
def seconds_per_byte() -> float:
    """Processor time of reading or writing a byte of a stage file, s: half of it is the checksum."""
    content = bytes(4_000_000)
    before = time.process_time()
    hashlib.sha256(content)
    return 2 * (time.process_time() - before) / len(content)
