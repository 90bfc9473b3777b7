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

        What made the file will then be done again; the damaged one stays, for whoever wants to know what happened. It
        keeps its own name besides until `drop_damaged`: a job that is tried again finds the same fault, and says it.
        """
        aside = name_aside(self.path)
        if self.path.is_file():  # else another job came first
            aside.unlink(missing_ok=True)
            try:
                os.link(self.path, aside)
            except OSError:  # not every file system has links
                os.replace(self.path, aside)
        return was_set_aside(self.path)


ASIDE = ".corrupt"
"""What a damaged file is called beside its name."""


def name_aside(path: Path) -> Path:
    """The name that a damaged file is given."""
    return path.with_name(path.name + ASIDE)


def drop_damaged(folder: str | Path) -> None:
    """Take their own names from the files under `folder` that were set aside, at the end of a run that met them."""
    for aside in Path(folder).rglob(f"*{ASIDE}"):
        own = aside.with_suffix("")
        if own.is_file() and own.samefile(aside):
            own.unlink()


def was_set_aside(path: Path) -> str:
    """The sentence about a damaged file that is out of the way."""
    return (
        f"{path}: not as it was written (changed since, or truncated), so it was set aside as {name_aside(path).name}; "
        "run again to make it anew, alone first (give snakemake its name) if what was computed from it is to stay"
    )
