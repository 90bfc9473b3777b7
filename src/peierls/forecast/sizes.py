"""Bytes of stage files and of arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import numpy as np

DATASET_BYTES = 1100
"""What HDF5 and the description take beside the numbers of a dataset (measured)."""


def file_bytes(
    kind: type, lengths: Mapping[str, int], widths: Mapping[str, int], optional: Sequence[str] = ()
) -> float:
    """Bytes of the stage file of a dataclass `kind` whose dimensions have the given `lengths`.

    `widths` are bytes per number where they differ from eight, sixteen for complex ones; fields that may be None count
    only if they are `optional`.
    """
    hints = get_type_hints(kind)
    total = 0.0
    for field in fields(kind):
        if field.default is None:
            continue
        complex_numbers = any("complex" in str(part) for part in (hints[field.name], *get_args(hints[field.name])))
        width = widths.get(field.name, 16 if complex_numbers else 8)
        shape = [int(name) if name.isdigit() else lengths[name] for name in field.metadata["dims"]]
        total += width * float(np.prod(shape)) + DATASET_BYTES
    return total


def held(stage: Any) -> float:
    """Bytes of the arrays of a dataclass."""
    return float(
        sum(value.nbytes for field in fields(stage) if isinstance(value := getattr(stage, field.name), np.ndarray))
    )
