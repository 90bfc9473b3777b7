"""A row of the forecast."""

from dataclasses import dataclass

JOB_MEMORY = 165e6
"""Memory of a job that does nothing, with the libraries it imports, bytes (measured)."""
KERNELS_MEMORY = 30e6
"""What it takes more where it runs what is compiled, bytes (measured)."""


@dataclass(frozen=True)
class Stage:
    """The forecast of a stage: number of jobs, bytes of all its files, memory of the largest job in bytes, processor
    time of all jobs in s."""

    name: str
    jobs: int
    size: float
    memory: float
    seconds: float
