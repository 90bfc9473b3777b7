"""What two runs differ in: settings, code, input files, conductivity and health.

The differences of the conductivity are relative to the mean of both runs; the last column is the largest difference
of any component of the tensor, relative to the largest component. Where a run lacks a solver or a temperature stands
"-", and "no result" where a solver found none. The status is 0 whatever the differences.

examples:
  peierls compare results/silicon results/pure
  peierls compare results/silicon ../yesterday/results/silicon"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from peierls.comparison import Difference

SUMMARY = "what two runs differ in"


def add_arguments(parser: ArgumentParser) -> None:
    """The two folders."""
    parser.add_argument("one", metavar="RUN", help="folder of a run, results/NAME")
    parser.add_argument("other", metavar="RUN", help="folder of another run, or of the same one elsewhere")


def run(arguments: Namespace) -> int:
    """Print the comparison."""
    from rich.console import Console
    from rich.table import Table

    from peierls.comparison import compare

    found = compare(arguments.one, arguments.other)
    console = Console(highlight=False)
    names = arguments.one.rstrip("/"), arguments.other.rstrip("/")
    for title, differences in (
        ("settings", found.settings),
        ("input files", found.inputs),
        ("code", found.code),
        ("health checks", found.health),
    ):
        if differences:
            console.print(_table(title, names, differences))
        else:
            console.print(f"{title}: the same")
    console.print("conductivity in W/m/K")
    kappa = Table("T (K)", "solver")
    for name in (*names, "difference", "largest"):
        kappa.add_column(name, overflow="fold")
    for row in found.kappa.itertuples():
        numbers = [_value(row.one, row.in_one), _value(row.other, row.in_other)]
        if row.difference == row.difference:  # not nan
            numbers += [f"{100 * row.difference:+.3g} %", f"{100 * row.largest:.3g} %"]
        kappa.add_row(f"{row.temperature_K:g}", row.solver, *numbers)
    console.print(kappa)
    return 0


def _value(kappa: float, there: bool) -> str:
    if not there:
        return "-"
    return f"{kappa:.6g}" if kappa == kappa else "no result"


def _table(title: str, names: Sequence[str], differences: "Sequence[Difference]") -> "Table":
    from rich.table import Table

    table = Table(title)
    for name in names:
        table.add_column(name, overflow="fold")
    for difference in differences:
        table.add_row(difference.what, difference.one, difference.other)
    return table
