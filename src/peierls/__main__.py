"""The command `peierls`: what there is to do before a run and after it; the run itself is Snakemake's."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from peierls import __version__
from peierls.commands import COMMANDS
from peierls.errors import InputError

DESCRIPTION = """\
Lattice thermal conductivity from force constants: what there is to do before a run and after it.
The run itself is Snakemake's."""

EXAMPLES = """\
from force constants to a conductivity:
  peierls init path/to/force_constants      write config/config.yaml, with every key and its default
  peierls check config/config.yaml          are the inputs sound, and what will the run cost?
  snakemake --snakefile PATH/workflow/Snakefile --cores all
  peierls show results/NAME/linewidths.h5   what a file of results holds
  peierls compare results/ONE results/OTHER what two runs differ in

`peierls COMMAND --help` explains a command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its status, 1 with one sentence on standard error for a fault that a person can mend."""
    parser = argparse.ArgumentParser(
        prog="peierls",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"peierls {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for name in COMMANDS:
        module = import_module(f"peierls.commands.{name}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help()
        return 0
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has had enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A full disk, a file that may not be read or written: the system has said what a person can mend.
        name = "" if error.filename is None else f"{error.filename}: "
        print(f"error: {name}{error.strerror or error}", file=sys.stderr)
    except MemoryError:
        print("error: there is not enough memory for this; expected a coarser mesh or more of it", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
