"""Numbers in text files as Fortran programs read them: line by line, blank lines and words behind the numbers skipped.

Whatever is not as it should be becomes one sentence with the file and the line.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from peierls.crystal import Floats, Integers
from peierls.errors import InputError

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eEdD]([+-]?\d+)|([+-]\d+))?")
"""A number as Fortran writes it: 1.5, 1.5E-3, 1.5D-3, and 1.5-103 where the exponent has three digits."""

LARGEST = 1e30
"""Numbers from here on are taken for damage, not for lengths, masses or force constants."""

_AT_ONCE = 4096
"""Blocks converted at once; bounds the memory of a step."""

_log = logging.getLogger("peierls")


class Lines:
    """The lines of a text file, taken one after the other.

    `position` counts the lines taken. Blank lines are not among them, except the first of a file that is `titled`.
    """

    def __init__(self, path: Path, titled: bool = False) -> None:
        self.path = path
        self.position = 0
        numbered = list(enumerate(read_text(path).split("\n"), start=1))
        self._lines = [(number, line) for number, line in numbered if line.strip() or (titled and number == 1)]
        # Nothing else tells a number from the beginning of a longer one.
        if _NUMBER.fullmatch(numbered[-1][1].split(" ")[-1]):
            _log.warning("%s: ends in the middle of line %d; it may be truncated", path, len(numbered))

    def __len__(self) -> int:
        return len(self._lines)

    def where(self, position: int) -> str:
        """File and line, the opening of a sentence about it."""
        return f"{self.path}: line {self._lines[position][0]}"

    def fault(self, position: int, expected: str) -> InputError:
        """The error for the line at `position`, which is not what is `expected`."""
        if position >= len(self._lines):
            last = self._lines[-1][0] if self._lines else 0
            return InputError(f"{self.path}: ends after line {last}, expected {expected}; it may be truncated")
        line = self._lines[position][1].strip()
        shown = line if len(line) <= 60 else f"{line[:57]}..."
        return InputError(f"{self.where(position)} is '{shown}', expected {expected}")

    def text(self, expected: str) -> str:
        """The next line as it is."""
        if self.position >= len(self._lines):
            raise self.fault(self.position, expected)
        self.position += 1
        return self._lines[self.position - 1][1].strip()

    def numbers(self, count: int, expected: str) -> list[float]:
        """The `count` numbers at the start of the next line."""
        return self.blocks(1, (count,), expected)[0].tolist()

    def whole(self, expected: str, least: int = 1, most: int | None = None) -> int:
        """The whole number at the start of the next line, within bounds."""
        (value,) = self.numbers(1, expected)
        if not value.is_integer() or value < least or (most is not None and value > most):
            raise self.fault(self.position - 1, expected)
        return int(value)

    def blocks(self, count: int, widths: Sequence[int], expected: str) -> Floats:
        """Numbers of the next `count` blocks of lines, shape (count, sum of `widths`); `widths` has a line's number of
        numbers for each line of a block."""
        parts = [np.empty((0, sum(widths)))]
        for start in range(0, count, _AT_ONCE):
            parts.append(self._some_blocks(min(_AT_ONCE, count - start), widths, expected))
        return np.concatenate(parts)

    def refuse_repeated(self, first: int, length: int, labels: Integers) -> None:
        """Raises InputError where two of the blocks of `length` lines from `first` on have equal `labels` (block, ...),
        their atoms and cells."""
        _, kept = np.unique(labels, axis=0, return_index=True)
        for block in np.setdiff1d(np.arange(len(labels)), kept)[:1]:
            where = self.where(first + length * int(block))
            raise InputError(f"{where} opens a block for the atoms and cells of an earlier one")

    def finish(self, after: str) -> None:
        """Raises InputError where lines are left."""
        if self.position < len(self._lines):
            raise self.fault(self.position, f"the end of the file after {after}")

    def _some_blocks(self, count: int, widths: Sequence[int], expected: str) -> Floats:
        first = self.position
        taken = self._lines[first : first + count * len(widths)]
        words: list[str] = []
        for offset, (_, line) in enumerate(taken):
            fields = line.split()
            width = widths[offset % len(widths)]
            if len(fields) != width:
                # Behind the numbers there may be words; another number is a number too many.
                if len(fields) < width or _NUMBER.fullmatch(fields[width].rstrip(",")):
                    raise self.fault(first + offset, expected)
                del fields[width:]
            words += fields
        if len(taken) < count * len(widths):
            raise self.fault(len(self._lines), expected)
        self.position += len(taken)
        return self._converted(words, first, widths, expected).reshape(count, -1)

    def _converted(self, words: list[str], first: int, widths: Sequence[int], expected: str) -> Floats:
        try:
            values = np.array(words, dtype=np.float64)
        except ValueError:
            values = np.array([np.nan])
        # Python takes more for a number than Fortran does, and less: nan, 1_000; 1.5D-3.
        if (abs(values) < LARGEST).all() and not any("_" in word for word in words):
            return values
        line_of_word = np.repeat(np.arange(len(widths)), widths)
        for index, word in enumerate(words):
            if _number(word) is None:
                block, within = divmod(index, len(line_of_word))
                raise self.fault(first + block * len(widths) + int(line_of_word[within]), expected)
        return np.array([_number(word) for word in words])


def read_text(path: Path) -> str:
    """The text of a file, its lines ended by \\n whatever system wrote it."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: not a readable text file (line {line}: {error.reason} of UTF-8)") from error
    except OSError as error:
        raise InputError(f"{path}: not a readable text file ({error.strerror})") from error


def _number(word: str) -> float | None:
    """The number that a word is, else None."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        return None
    value = float(f"{match[1]}e{match[2] or match[3] or 0}")
    return value if abs(value) < LARGEST else None
