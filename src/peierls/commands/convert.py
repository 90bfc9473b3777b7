"""Force constants in the files of another program, or in this program's own.

FROM is a folder as a run's force_constants.path names it, TO a folder to write to; files that are there already stay,
and are an error. Nothing is rounded. What the other format cannot hold is said, one sentence on each thing; where the
physics would change, nothing is written. The files are read back and compared before they get their names.

formats: phono3py, tdep, shengbte, qe, peierls

examples:
  peierls convert calculations/mgo mgo-phono3py --to-format phono3py
  peierls convert results/silicon/stages silicon-tdep --to-format tdep      from a run's own crystal.h5
  peierls convert qe-silicon silicon --to-format peierls --sum-rules impose  with the sum rule imposed on the way"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

SUMMARY = "force constants in the files of another program"

_FORMATS = ("phono3py", "tdep", "shengbte", "qe", "peierls")


def add_arguments(parser: ArgumentParser) -> None:
    """From where and to where, and what to do on the way."""
    parser.add_argument("source", metavar="FROM", type=Path, help="folder with force constants")
    parser.add_argument("target", metavar="TO", type=Path, help="folder to write to, made where there is none")
    parser.add_argument(
        "--from-format", choices=("auto", *_FORMATS), default="auto", help="by default told by the names of the files"
    )
    parser.add_argument("--to-format", choices=_FORMATS, required=True, help="the format to write")
    parser.add_argument(
        "--sum-rules", choices=("none", "impose"), default="none", help="as force_constants.sum_rules of a run"
    )
    parser.add_argument("--symmetrize", action="store_true", help="as force_constants.symmetrize of a run")
    parser.add_argument("--isotopes", metavar="FILE", type=Path, help="as force_constants.isotopes.file of a run")


def run(arguments: Namespace) -> int:
    """Read, write, and say what was lost."""
    from peierls import force_constants
    from peierls.force_constants import writers

    crystal = force_constants.read(
        {
            "format": arguments.from_format,
            "path": arguments.source,
            "sum_rules": arguments.sum_rules,
            "symmetrize": arguments.symmetrize,
            "isotopes": None if arguments.isotopes is None else {"file": arguments.isotopes},
        }
    )
    notes = writers.write(crystal, arguments.to_format, arguments.target)
    print(f"{arguments.target}: written as {arguments.to_format}, read back, and the same")
    for note in notes:
        print(f"- {note}")
    return 0
