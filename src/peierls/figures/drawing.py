"""From the files of a job to a figure: each parameter of a `draw` is read as the stage that it declares."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import get_args, get_type_hints

from matplotlib.figure import Figure

from peierls import stage_files


def draw(name: str, files: Mapping[str, str | Sequence[str]]) -> Figure:
    """The figure `name`, from the file of each parameter of its `draw`, or several files where that is a sequence."""
    function = import_module(f"peierls.figures.{name}").draw
    kinds = get_type_hints(function)
    stages = {}
    for parameter, paths in files.items():
        kind, several = kinds[parameter], get_args(kinds[parameter])
        if several:
            stages[parameter] = [stage_files.read(path, several[0]) for path in paths]
        else:
            stages[parameter] = stage_files.read(str(paths), kind)
    figure: Figure = function(**stages)
    return figure
