"""The exceptions that a user of the workflow is meant to read."""

import os
from pathlib import Path


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence that names the file, the key or the line, says what was found and what is expected.
    Whoever runs a stage as a job prints the sentence without a traceback (`peierls.job`).
    """


class DamagedFile(InputError):
    """A file that this program wrote is not as it was written."""

    def __init__(self, sentence: str, path: Path) -> None:
        super().__init__(sentence)
        self.path = path

    def set_aside(self) -> str:
        """Give the file the name under which nothing looks for it, and say so in a sentence.

        What made the file will then be done again; the damaged one stays, for whoever wants to know what happened.
        """
        if self.path.is_file():  # else another job came first
            os.replace(self.path, name_aside(self.path))
        return was_set_aside(self.path)


def name_aside(path: Path) -> Path:
    """The name that a damaged file is given."""
    return path.with_name(path.name + ".corrupt")


def was_set_aside(path: Path) -> str:
    """The sentence about a damaged file that is out of the way."""
    return (
        f"{path}: not as it was written (changed since, or truncated), so it was set aside as {name_aside(path).name}; "
        "run again to make it anew, alone first (give snakemake its name) if what was computed from it is to stay"
    )
