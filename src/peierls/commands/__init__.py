"""The commands of `peierls`, a module each: `SUMMARY`, `add_arguments(parser)` and `run(arguments)`, which gives the
status.

Importing one costs nothing: what a command needs is imported when it runs, so that `--help` is there at once.
"""

from importlib.util import find_spec

COMMANDS = tuple(
    name for name in ("init", "check", "convert", "show", "compare") if find_spec(f"peierls.commands.{name}")
)
"""Names of the commands, in the order in which one needs them."""
