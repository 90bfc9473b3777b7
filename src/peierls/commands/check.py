"""Whether a configuration and its force constants are sound, and what its runs will cost.

Validates every key, reads the force constants, looks for broken rules and imaginary modes (on a coarse mesh), and
forecasts points, triplets, bytes, memory and processor time on this machine. The status is 0 if the runs can be
computed here, else 1. A failed check is what the run's own health report would say.

examples:
  peierls check config/config.yaml
  peierls check mine.yaml --results /scratch/me/results --memory 64"""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peierls.config import Run
    from peierls.crystal import Crystal
    from peierls.health import HealthCheck

SUMMARY = "are the inputs sound, and what will the runs cost?"

COARSE = 20.0
"""Density of the mesh on which imaginary modes are looked for, Å."""


def add_arguments(parser: ArgumentParser) -> None:
    """The configuration and the machine."""
    parser.add_argument("config", metavar="CONFIG", help="configuration file, such as config/config.yaml")
    parser.add_argument(
        "--results", default="results", metavar="FOLDER", help="folder of the results (default: results)"
    )
    parser.add_argument(
        "--memory", type=_positive, metavar="GB", help="memory that a job can have (default: that of this machine)"
    )


def _positive(text: str) -> float:
    with suppress(ValueError):
        if (number := float(text)) > 0:
            return number
    raise ArgumentTypeError(f"'{text}', expected a positive number in GB")


def run(arguments: Namespace) -> int:
    """Print what is found."""
    # Set before NumPy is imported: the jobs that are forecast have one thread, too.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    from peierls import config, config_file, force_constants, schema
    from peierls.errors import InputError
    from peierls.forecast import available_disk, available_memory, forecast, refusals, report, too_fine
    from peierls.layout import Layout
    from peierls.units import GIGABYTE

    runs = config.load(config_file.read(arguments.config), schema.load(schema.shipped()), source=arguments.config)
    layout = Layout(runs, arguments.results)
    memory = GIGABYTE * arguments.memory if arguments.memory else available_memory()
    disk = available_disk(arguments.results)
    crystals, sound, forecasts, refused, faults = {}, {}, {}, [], []
    for name, one in runs.items():
        crystal, harmonic = (config.stage_digest(one, stage) for stage in ("crystal", "bands"))
        if crystal not in crystals:
            print(f"{one['force_constants']['path']}:")
            crystals[crystal] = force_constants.read(one["force_constants"])
        if harmonic not in sound:
            checks = health(crystals[crystal], one)
            sound[harmonic] = checks[-1].passed
            for check in checks:
                print(f"  {'passed' if check.passed else 'FAILED'}  {check.name}: {check.sentence}")
        if sound[harmonic]:
            try:
                if sentence := too_fine(name, crystals[crystal], one, memory, disk):
                    refused.append(sentence)
                else:
                    forecasts[name] = forecast(crystals[crystal], one, len(layout.shards(name)))
            except InputError as error:
                faults.append(f"run {name}: {error}")
    if forecasts:
        print(*report(runs, forecasts), sep="\n")
    refused += refusals(runs, forecasts, memory, disk)
    for sentence in refused:
        print(f"does not fit: {sentence}")
    if faults:
        raise InputError("; ".join(faults))
    return 1 if refused or not all(sound.values()) else 0


def health(crystal: "Crystal", run: "Run") -> "list[HealthCheck]":
    """Checks of the force constants alone; the last is that of imaginary modes, without which there is no result."""
    from peierls.errors import InputError
    from peierls.health import HealthCheck, check_acoustic_sum_rule, check_force_constants
    from peierls.mesh import build_mesh
    from peierls.phonons import compute_phonons

    mesh = build_mesh(crystal, {"density": COARSE})
    sizes = "x".join(str(size) for size in mesh.sizes)
    checks = [check_force_constants(crystal.rule_violations)]
    try:
        phonons = compute_phonons(crystal, mesh, run["nac"], only_wedge=True)
    except InputError as error:
        return [*checks, HealthCheck("real frequencies", False, str(error))]
    real = HealthCheck("real frequencies", True, f"no mode is imaginary on a mesh of {sizes}")
    return [*checks, check_acoustic_sum_rule(phonons), real]
