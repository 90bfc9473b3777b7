"""How a stage runs as a job: where its output goes, how many threads it takes, how it reports progress and failure.

Knows nothing of the workflow system that starts it.
"""

import errno
import io
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from peierls.errors import DamagedFile, InputError

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_WORDS = 30.0
_FAILURE = "error: "
_BEGIN, _END, _STOPPED = "process ", "done in ", "stopped by "
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def job(log: str | None = None, threads: int = 1) -> Iterator[Callable[[str], None]]:
    """Run a block as a job: with its output in the file `log`, and with `threads` threads.

    Everything goes to the log, also what libraries in C print and what modules log under "peierls"; of a long job the
    latest of these lines goes to the terminal now and then, so that one sees how far its iterations are. The block is
    given a function that says a line on the terminal as well. A failure that a person is meant to read (InputError, a
    full disk, or SystemExit with a text) ends the process with that one sentence on the terminal and as the last line
    of the log; any other exception leaves its traceback in the log and one sentence on the terminal. A damaged file is
    set aside. The first line of the log says which process it is of and the last how it ended, so that a log without
    such an end is that of a job that was killed.
    """
    _set_threads(threads)
    began = time.monotonic()
    with _redirected(log) as terminal, _stoppable():

        def note(text: str) -> None:
            with suppress(OSError):  # of a full disk, where the terminal still has to be told
                print(text, flush=True)

        def say(text: str) -> None:
            note(text)
            if log:
                os.write(terminal, f"{text}\n".encode())

        def fail(text: str) -> SystemExit:
            say(_FAILURE + " ".join(text.split()))
            return SystemExit(1)

        if log:
            note(f"{_BEGIN}{os.getpid()} on {socket.gethostname()}")
        try:
            yield say
        except DamagedFile as error:
            raise fail(error.set_aside()) from None
        except InputError as error:
            raise fail(str(error)) from None
        except SystemExit as end:
            if not isinstance(end.code, str):
                raise
            raise fail(end.code) from None
        except KeyboardInterrupt as interrupt:
            if not log:
                raise
            note(_STOPPED + (str(interrupt) or signal.SIGINT.name))
            raise SystemExit(1) from None
        except Exception as error:
            if not log:
                raise
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                # The words of the system, for those of HDF5 are about its own buffers.
                what = os.strerror(error.errno)
                raise fail(f"{error.filename or log}: {what}; make room and run again") from None
            with suppress(OSError):
                traceback.print_exc()
            what = f"{type(error).__name__}: {error}"
            raise fail(f"{what} (a fault of the program; its traceback is in {log})") from None
        if log:
            wall, memory = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            note(f"{_END}{wall:.1f} s, {time.process_time():.1f} s of processor time, with {memory:.0f} MB")


def progress(
    items: Iterable[Item], description: str = "", total: int | None = None, say: Callable[[str], None] | None = None
) -> Iterator[Item]:
    """Pass `items` on, printing every few seconds how many of `total` are done, the time taken and the time to go.

    With `say`, such as the one that `job` gives, a long job also says it there now and then, one line each time.
    """
    # Imported here, for most jobs have no progress to show.
    from rich import progress as bars
    from rich.console import Console

    if total is None and isinstance(items, Sized):
        total = len(items)
    bar = bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(30),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("to go"),
        bars.TimeRemainingColumn(compact=True),
        auto_refresh=False,
        console=Console(file=sys.stdout, width=100),
    )
    task = bar.add_task(description, total=total)
    began = printed = said = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        bar.advance(task)
        now = time.monotonic()
        if now - printed > SECONDS_BETWEEN_LINES:
            bar.console.print(bar.get_renderable())
            printed = now
        if say and total and done < total and now - said > SECONDS_BETWEEN_WORDS:
            to_go = (now - began) * (total - done) / done
            say(f"{description}: {done} of {total}, about {to_go:.0f} s to go")
            said = now
    bar.stop_task(task)
    bar.console.print(bar.get_renderable())


def failures(folder: str | Path, since: float) -> list[str]:
    """The sentences with which jobs failed after the time `since`, in s, and whose log is under `folder`.

    A job that was killed could not say why; the sentence then names its log.
    """
    found = {_failure(path, _lines(path)) for path in _logs(folder, since)}
    return sorted(found - {""})


def was_stopped(folder: str | Path, since: float) -> bool:
    """Whether a job whose log is under `folder` was stopped after the time `since`, in s, by Ctrl-C or a scheduler."""
    return any(_lines(path)[-1].startswith(_STOPPED) for path in _logs(folder, since))


def _logs(folder: str | Path, since: float) -> list[Path]:
    return [path for path in Path(folder).rglob("*.log") if path.stat().st_mtime >= since]


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines() or [""]


def _failure(log: Path, lines: list[str]) -> str:
    """How the job of a log with these lines failed, or nothing."""
    if lines[-1].startswith(_FAILURE):
        return lines[-1].removeprefix(_FAILURE)
    if not lines[0].startswith(_BEGIN) or lines[-1].startswith((_END, _STOPPED)):
        return ""
    return (
        f"{log}: this job ({lines[0]}) was killed before its end, most often because it took more memory or time than "
        "it was given"
    )


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM, by which a scheduler cancels a job or ends its time, stop the block as Ctrl-C does."""

    def stop(number: int, _: Any) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _set_threads(threads: int) -> None:
    """Hold numba to `threads`; it would take every core, while the others are for other jobs."""
    if "numba" in sys.modules:
        numba = sys.modules["numba"]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    else:
        os.environ["NUMBA_NUM_THREADS"] = str(threads)


class _NowAndThen(logging.Handler):
    """Says what a job logs, with the name of the log, unless something was said a short while ago."""

    def __init__(self, log: str, terminal: int) -> None:
        super().__init__(logging.INFO)
        self.log, self.terminal, self.said = log, terminal, time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now - self.said > SECONDS_BETWEEN_WORDS:
            os.write(self.terminal, f"{self.log}: {record.getMessage()}\n".encode())
            self.said = now


@contextmanager
def _redirected(log: str | None) -> Iterator[int]:
    """Let file descriptors 1 and 2 lead to `log` for a while; gives a descriptor of the terminal."""
    terminal, output = os.dup(2), os.dup(1)
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # so that lines of all kinds keep their order in a file
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    if log:
        handlers.append(_NowAndThen(log, terminal))
    logger = logging.getLogger("peierls")
    logger.setLevel(logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield terminal
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(output, 1)
        os.dup2(terminal, 2)
        os.close(output)
        os.close(terminal)
