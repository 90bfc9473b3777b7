"""Bytes of stage files and of arrays."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import numpy as np

DATASET_BYTES = 1100
"""What HDF5 and the description take beside the numbers of a dataset (measured)."""
FILE_BYTES = 3000
"""What a stage file holds beside its datasets: its checksum and what it was made from (measured)."""
_WIDTHS = {"second_points": 4, "third_points": 4, "bands": 4, "processes": 1, "checksums": 80}
"""Bytes per number where they are not eight, or sixteen of complex numbers; of a text of 32 letters, to which HDF5 adds
as much for its place and its length, and what its pages leave free."""


def file_bytes(kind: type, lengths: Mapping[str, int]) -> float:
    """Bytes of the stage file of a dataclass `kind` whose dimensions have the given `lengths`; fields that may be None
    do not count."""
    hints = get_type_hints(kind)
    total = float(FILE_BYTES)
    for field in fields(kind):
        if field.default is None:
            continue
        complex_numbers = any("complex" in str(part) for part in (hints[field.name], *get_args(hints[field.name])))
        width = _WIDTHS.get(field.name, 16 if complex_numbers else 8)
        shape = [int(name) if name.isdigit() else lengths[name] for name in field.metadata["dims"]]
        total += width * float(np.prod(shape)) + DATASET_BYTES
    return total


def held(stage: Any) -> float:
    """Bytes of the arrays of a dataclass."""
    return float(
        sum(value.nbytes for field in fields(stage) if isinstance(value := getattr(stage, field.name), np.ndarray))
    )
