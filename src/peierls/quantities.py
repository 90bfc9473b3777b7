"""What an array is: its unit, the names of its dimensions, and one sentence of meaning, written beside its name.

The dataclasses that pass between stages declare their arrays with `quantity`; `stage_files` writes the declaration
beside the numbers and checks it when they are read back.
"""

from dataclasses import field
from typing import Any


def quantity(unit: str, dims: str, description: str, *, may_be_nan: bool = False, **keywords: Any) -> Any:
    """Declare a field of a stage's dataclass.

    `unit` is "1" for pure numbers and "" for text; `dims` names the dimensions in order, separated by spaces, a digit
    for a fixed length ("grid band 3"); `may_be_nan` allows numbers that are not finite; further keywords go to
    `dataclasses.field`.
    """
    metadata = {"unit": unit, "dims": tuple(dims.split()), "description": description, "may_be_nan": may_be_nan}
    return field(metadata=metadata, **keywords)
