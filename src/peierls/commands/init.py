"""Write a configuration for a folder of force constants.

The program that wrote them is recognised by the names of the files; they are read, so that a fault is found now. The
file has every key: what must be said, and the rest commented out with its default. The mesh is a first choice, to be
refined until the conductivity no longer depends on it. Force constants that can be read only with a sum rule imposed
get that, and it is said. Nothing is overwritten.

examples:
  peierls init resources/si-pbesol
  peierls init ~/calculations/nacl --name rock-salt --output nacl.yaml"""

import logging
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

SUMMARY = "write a configuration for a folder of force constants"

FIRST_DENSITY = 40.0
"""Density of the first mesh, Å: 13×13×13 for silicon."""


def add_arguments(parser: ArgumentParser) -> None:
    """The folder, and where the configuration goes."""
    parser.add_argument("folder", metavar="FOLDER", help="folder with force constants of any program that is known")
    parser.add_argument("--name", help="name of the run (default: that of the folder)")
    parser.add_argument(
        "--output",
        default="config/config.yaml",
        metavar="FILE",
        help="where to write it (default: %(default)s, where the workflow looks for it)",
    )


def run(arguments: Namespace) -> int:
    """Write the file."""
    from peierls import force_constants, schema
    from peierls.config_template import template
    from peierls.errors import InputError
    from peierls.mesh import build_mesh

    target, folder = Path(arguments.output), Path(arguments.folder)
    if target.exists():
        raise InputError(f"{target}: exists already, nothing is overwritten; --output can name another file")
    name = arguments.name
    if name is None:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-") or "crystal"
    names = schema.subschema(schema.load(schema.shipped()), "runs")
    if not re.search(names["propertyNames"]["pattern"], name) or name == names["propertyNames"]["not"]["const"]:
        raise InputError(f"--name is '{name}', expected letters, digits, _ or -, and not 'stages'")
    settings = {"format": force_constants.recognise(folder), "path": str(folder)}
    try:
        crystal = force_constants.read(settings)
    except InputError as fault:
        try:
            crystal = force_constants.read({**settings, "sum_rules": "impose"})
        except InputError:
            raise fault from None
        settings["sum_rules"] = "impose"
        logging.getLogger("peierls").warning("%s: written with 'sum_rules: impose'", fault)
    mesh = build_mesh(crystal, {"density": FIRST_DENSITY})
    atoms = ", ".join(f"{crystal.species.count(element)} {element}" for element in dict.fromkeys(crystal.species))
    heading = (
        f"Thermal conductivity of a crystal with {atoms} in its primitive cell, space group {mesh.space_group}, from "
        f"force constants of {settings['format']}."
    )
    given = {"force_constants": settings, "mesh": [int(size) for size in mesh.sizes]}
    target.parent.mkdir(parents=True, exist_ok=True)
    text = template(heading, name, given, schema.subschema(names, name))
    with open(target, "x", encoding="utf-8") as file:
        file.write(text)
    print(f"{target} is written: {atoms}, space group {mesh.space_group}, force constants of {settings['format']}")
    print(f"next: peierls check {target}")
    return 0
