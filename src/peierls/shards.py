"""The shards of the matrix elements, and the index that stands for them whatever their number.

The index holds a checksum per irreducible point and nothing about the division into shards, so it is the same, byte
for byte, for every number of shards, and what is computed from it need not be computed again when only that number
changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from peierls import stage_files
from peierls.crystal import Integers
from peierls.errors import DamagedFile, InputError
from peierls.matrix_elements import MatrixElements
from peierls.quantities import quantity


@dataclass(frozen=True)
class ShardIndex:
    """What the shards of one calculation hold, point by point."""

    n_triplets: Integers = quantity("1", "ir_q", "symmetry-reduced triplets of each irreducible point")
    n_entries: Integers = quantity("1", "ir_q", "on-shell entries of each irreducible point")
    checksums: tuple[str, ...] = quantity("", "ir_q", "BLAKE2b of the arrays of each irreducible point")


def index_shards(paths: Sequence[str | Path]) -> ShardIndex:
    """Read every shard and describe its points in their order.

    Raises InputError where a shard is damaged, or where the shards do not hold every point from 0 up exactly once.
    """
    rows: dict[int, tuple[int, int, str]] = {}
    for path in paths:
        shard = stage_files.read(path, MatrixElements)
        for position, point in enumerate(shard.points):
            if int(point) in rows:
                raise InputError(
                    f"{path}: irreducible point {point} is in another shard too, expected each point in one shard"
                )
            triplets, entries = shard.of_point(position)
            rows[int(point)] = (
                triplets.stop - triplets.start,
                entries.stop - entries.start,
                _checksum(shard, position),
            )
    if sorted(rows) != list(range(len(rows))):
        missing = next(point for point in range(len(rows)) if point not in rows)
        raise InputError(
            f"{paths[0]}: irreducible point {missing} is neither in it nor in the shards beside it, expected every "
            f"point up to {max(rows)} in one of them"
        )
    ordered = [rows[point] for point in range(len(rows))]
    return ShardIndex(
        n_triplets=np.array([row[0] for row in ordered]),
        n_entries=np.array([row[1] for row in ordered]),
        checksums=tuple(row[2] for row in ordered),
    )


def open_shards(index_path: str | Path) -> Iterator[MatrixElements]:
    """The shards that an index stands for, one after the other, each point checked against its checksum.

    They are in `matrix_elements/{number}/` beside the index. Raises InputError naming the shard that is missing or
    damaged.
    """
    index_path = Path(index_path)
    index = stage_files.read(index_path, ShardIndex)
    folder = _complete_layout(index_path.with_suffix(""))
    for number in range(int(folder.name)):
        path = folder / f"{number}.h5"
        shard = stage_files.read(path, MatrixElements)
        for position, point in enumerate(shard.points):
            if _checksum(shard, position) != index.checksums[point]:
                raise DamagedFile(
                    f"{path}: irreducible point {point} differs from its checksum in {index_path.name}", path
                )
        yield shard


def _complete_layout(folder: Path) -> Path:
    """The subfolder with the smallest number n that holds 0.h5 to (n-1).h5."""
    layouts = sorted((one for one in folder.glob("*") if one.name.isdigit()), key=lambda one: int(one.name))
    for layout in layouts:
        if all((layout / f"{number}.h5").is_file() for number in range(int(layout.name))):
            return layout
    raise InputError(
        f"{folder}: no complete set of shards; expected a folder n with the files 0.h5 to n-1.h5, run again for them"
    )


def _checksum(shard: MatrixElements, position: int) -> str:
    triplets, entries = shard.of_point(position)
    starts = shard.entry_starts[triplets.start : triplets.stop + 1]
    digest = blake2b((starts - starts[0]).tobytes(), digest_size=16)
    for array in (shard.second_points, shard.third_points, shard.triplet_weights, shard.normal_fraction):
        digest.update(array[triplets].tobytes())
    for array in (shard.bands, shard.processes, shard.strengths):
        digest.update(array[entries].tobytes())
    return digest.hexdigest()
