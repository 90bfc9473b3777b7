"""What a file of results holds: every dataset with its unit, dimensions and meaning, and what it was made from.

Name datasets to see their numbers.

examples:
  peierls show results/silicon/linewidths.h5
  peierls show results/silicon/transport/variational.h5 kappa health_sentences
  peierls show results/silicon/stages/phonons.h5"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.tree import Tree

    from peierls.stage_files import Dataset

SUMMARY = "what a file of results holds"


def add_arguments(parser: ArgumentParser) -> None:
    """The file, and datasets of it."""
    parser.add_argument("file", metavar="FILE", help="a stage file, .h5")
    parser.add_argument("names", metavar="DATASET", nargs="*", help="datasets of which to print the numbers")


def run(arguments: Namespace) -> int:
    """Print the tree, or the numbers."""
    from rich.console import Console

    from peierls import stage_files
    from peierls.errors import InputError

    path = Path(arguments.file)
    if path.suffix != ".h5" and path.is_file():
        raise InputError(f"{path}: is no stage file, expected one whose name ends in .h5")
    datasets = {dataset.name: dataset for dataset in stage_files.datasets(arguments.file)}
    console = Console(highlight=False)
    if not arguments.names:
        console.print(_tree(arguments.file, list(datasets.values()), stage_files.provenance(arguments.file)))
        return 0
    for name in arguments.names:
        if name not in datasets:
            raise InputError(f"{arguments.file}: has no dataset '{name}', expected one of {', '.join(datasets)}")
        dataset = datasets[name]
        console.print(f"[bold]{name}[/] {_kind(dataset)}: {dataset.description}", soft_wrap=True)
        # Not through rich, which would break the rows of a matrix.
        print(*(dataset.values if isinstance(dataset.values, tuple) else [_numbers(dataset.values)]), sep="\n")
    return 0


def _numbers(values: Any) -> str:
    import numpy as np

    with np.printoptions(threshold=10_000, linewidth=120, precision=8):
        return str(values)


def _tree(file: str, datasets: "list[Dataset]", provenance: dict[str, str]) -> "Tree":
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(
        f"[bold]{escape(file)}[/]: {provenance.pop('stage')}, written by peierls {provenance.pop('peierls_version')}"
    )
    arrays = tree.add("datasets")
    for dataset in datasets:
        branch = arrays.add(f"[bold]{dataset.name}[/] {escape(_kind(dataset))} [cyan]{escape(_summary(dataset))}[/]")
        branch.add(escape(dataset.description))
    origin = tree.add("made from")
    settings = origin.add("settings")
    for key, value in json.loads(provenance.get("settings", "{}")).items():
        settings.add(escape(f"{key}: {json.dumps(value, ensure_ascii=False)}"))
    inputs = origin.add("inputs")
    for name, checksum in json.loads(provenance.get("inputs", "{}")).items():
        inputs.add(escape(f"{name} sha256:{checksum}"))
    origin.add(f"code {provenance.get('code', 'unknown')}")
    return tree


def _kind(dataset: "Dataset") -> str:
    """Its shape with the names of the dimensions, and its unit: (temperature 3, ir_q 56, band 6) in THz."""
    import numpy as np

    lengths = np.shape(dataset.values)
    sides = [name if name.isdigit() else f"{name} {length}" for name, length in zip(dataset.dims, lengths, strict=True)]
    shape = f"({', '.join(sides)})" if sides else ""
    unit = "" if dataset.unit in ("", "1") else f"in {dataset.unit}"
    return " ".join(filter(None, [shape, unit]))


def _summary(dataset: "Dataset") -> str:
    """A single value as it is; of numbers the range, and how many are not finite."""
    import numpy as np

    values = dataset.values
    if isinstance(values, str) or not np.shape(values):
        return str(values)
    if isinstance(values, tuple):
        return ", ".join(values) if sum(map(len, values)) < 60 else f"{values[0][:50]}, ..."
    if values.dtype.kind == "c":
        return f"absolute values up to {np.abs(values).max(initial=0.0):.6g}"
    finite = values[np.isfinite(values)]
    parts = [f"{finite.min():.6g} to {finite.max():.6g}"] if finite.size else ["no numbers"]
    return ", ".join([*parts, f"{values.size - finite.size} nan"] if finite.size < values.size else parts)
