"""The one exception that a user of the workflow is meant to read."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence that names the file, the key or the line, says what was found and what is expected.
    Whoever runs a stage as a job prints the sentence without a traceback (`peierls.job`).
    """
