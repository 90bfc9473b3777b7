"""Numbers as text that gives them back bit by bit."""

from typing import Any

import numpy as np


def line(*values: Any) -> str:
    """Numbers, or arrays of them, behind each other in one line, each with as many digits as it needs."""
    return " ".join(repr(number) for value in values for number in np.asarray(value).ravel().tolist())
