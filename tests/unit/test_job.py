import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from peierls import job
from peierls.errors import drop_damaged

SOURCE = str(Path(job.__file__).parents[1])


def run(tmp_path: Path, body: str, log: str | None = "logs/stage.log") -> tuple[int, str, str]:
    """Run the body of a job in a process of its own: status, terminal and log."""
    script = tmp_path / "script.py"
    head = "import errno, logging, os, signal, sys\nfrom peierls.errors import InputError\n"
    head += "from peierls.job import job, progress\n"
    script.write_text(f"{head}with job({log!r}, threads=2) as say:\n{textwrap.indent(textwrap.dedent(body), '    ')}")
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    # Where the tests run in the background, an interrupt would be ignored.
    done = subprocess.run(
        [sys.executable, script],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    path = tmp_path / (log or "none")
    return done.returncode, done.stdout + done.stderr, path.read_text() if path.is_file() else ""


def between(log: str) -> list[str]:
    """The lines of a log without the first, which says which process it is, and the last of a job that went well."""
    first, *lines, last = log.splitlines()
    assert re.fullmatch(r"process \d+ on \S+", first)
    assert re.fullmatch(r"done in \d+\.\d s, \d+\.\d s of processor time, with \d+ MB", last)
    return lines


def test_output_of_every_kind_goes_to_the_log(tmp_path: Path) -> None:
    body = """
        print("from python")
        logging.getLogger("peierls").info("from a module")
        os.system("echo from C; echo errors too >&2")
    """
    status, terminal, log = run(tmp_path, body)
    assert (status, terminal) == (0, "")
    assert between(log) == ["from python", "INFO: from a module", "from C", "errors too"]


def test_what_a_long_job_logs_is_said_now_and_then(tmp_path: Path) -> None:
    """So that iterations, which nobody can count beforehand, are seen to go on."""
    body = """
        from peierls import job as jobs
        log = logging.getLogger("peierls")
        log.info("iteration 0")
        jobs.SECONDS_BETWEEN_WORDS = -1.0
        log.info("iteration %d", 1)
        jobs.SECONDS_BETWEEN_WORDS = 60.0
        log.info("iteration 2")
    """
    status, terminal, log = run(tmp_path, body)
    assert (status, terminal) == (0, "logs/stage.log: iteration 1\n")
    assert between(log) == ["INFO: iteration 0", "INFO: iteration 1", "INFO: iteration 2"]


def test_a_line_for_both(tmp_path: Path) -> None:
    status, terminal, log = run(tmp_path, "say('kappa = 1 W/m/K')")
    assert (status, terminal, between(log)) == (0, "kappa = 1 W/m/K\n", ["kappa = 1 W/m/K"])


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ('raise InputError("fc3.hdf5: no such file")', "fc3.hdf5: no such file"),
        ('raise InputError("two\\nlines")', "two lines"),
        ('raise SystemExit("solver rta did not converge")', "solver rta did not converge"),
        (
            'raise OSError(errno.ENOSPC, "write failed (buf = 0x55)", "kappa.csv")',
            "kappa.csv: No space left on device; make room and run again",
        ),
    ],
)
def test_expected_failure_is_one_sentence(tmp_path: Path, statement: str, sentence: str) -> None:
    status, terminal, log = run(tmp_path, f"print('working')\n{statement}")
    assert status == 1
    assert terminal == f"error: {sentence}\n"
    assert log.endswith(f"\nworking\nerror: {sentence}\n")


def test_unexpected_failure_keeps_its_traceback_in_the_log(tmp_path: Path) -> None:
    status, terminal, log = run(tmp_path, "1 / 0")
    assert status == 1
    assert terminal.startswith("error: ZeroDivisionError: division by zero (a fault of the program")
    assert "Traceback" not in terminal
    assert "Traceback" in log
    assert log.endswith(terminal)


def test_without_a_log_all_is_said_on_the_terminal(tmp_path: Path) -> None:
    status, terminal, _ = run(tmp_path, 'say("here")\nraise InputError("bad")', log=None)
    assert status == 1
    assert terminal.splitlines() == ["here", "error: bad"]


def test_threads_are_set_before_numba_is_imported(tmp_path: Path) -> None:
    _, terminal, _ = run(tmp_path, "say(os.environ['NUMBA_NUM_THREADS'])")
    assert terminal == "2\n"


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSEGV"])
def test_job_that_could_not_say_why_it_ended_is_found_by_its_log(tmp_path: Path, how: str) -> None:
    begin = time.time() - 1
    status, _, _ = run(tmp_path, f"print('working', flush=True)\nos.kill(os.getpid(), signal.{how})")
    assert status == -signal.Signals[how]
    (sentence,) = job.failures(tmp_path, begin)
    assert sentence.startswith(f"{tmp_path}/logs/stage.log: this job (process ")
    assert "killed" in sentence


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_job_that_is_asked_to_stop_says_so_and_is_no_failure(tmp_path: Path, how: str) -> None:
    begin = time.time() - 1
    status, terminal, log = run(tmp_path, f"os.kill(os.getpid(), signal.{how})\nprint('never here')")
    assert (status, terminal) == (1, "")
    assert log.splitlines()[1:] == [f"stopped by {how}"]
    assert job.failures(tmp_path, begin) == []
    assert job.was_stopped(tmp_path, begin)


def test_job_that_went_well_is_no_failure(tmp_path: Path) -> None:
    run(tmp_path, "print('working')")
    assert job.failures(tmp_path, 0.0) == []


def test_a_full_disk_still_lets_the_sentence_reach_the_terminal(tmp_path: Path) -> None:
    """Not even the log can be written any more."""
    status, terminal, _ = run(tmp_path, "print('much ' * 10_000, flush=True)", log="/dev/full")
    assert status == 1
    assert terminal == "error: /dev/full: No space left on device; make room and run again\n"


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "mesh.h5").write_text("not what it was")
    body = "from peierls.errors import DamagedFile\nfrom pathlib import Path\nraise DamagedFile('x', Path('mesh.h5'))"
    status, terminal, _ = run(tmp_path, body)
    assert status == 1
    assert terminal.startswith("error: mesh.h5: not as it was written")
    assert run(tmp_path, body)[1] == terminal  # the same job tried again, or another one, says the same
    drop_damaged(tmp_path)
    assert not (tmp_path / "mesh.h5").exists()
    assert (tmp_path / "mesh.h5.corrupt").read_text() == "not what it was"
    assert run(tmp_path, body)[1] == terminal  # and so does one that comes too late to see it


def test_a_file_made_anew_is_not_dropped_for_the_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "mesh.h5").write_text("as it should be")
    (tmp_path / "mesh.h5.corrupt").write_text("not what it was")
    drop_damaged(tmp_path)
    assert (tmp_path / "mesh.h5").read_text() == "as it should be"


def test_failures_are_the_last_lines_of_recent_logs(tmp_path: Path) -> None:
    start = time.time()
    logs = {"a/old.log": "error: long ago\n", "a/bad.log": "working\nerror: a sentence\n", "b/good.log": "done\n"}
    for name, text in logs.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    os.utime(tmp_path / "a/old.log", (start - 100, start - 100))
    os.utime(tmp_path / "a/bad.log", (start + 1, start + 1))
    assert job.failures(tmp_path, start) == ["a sentence"]
    assert not job.was_stopped(tmp_path, start)


def test_progress_passes_items_on_and_counts_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SECONDS_BETWEEN_LINES", -1.0)
    assert list(job.progress(range(3), "points")) == [0, 1, 2]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("points") for line in lines)
    assert "3/3" in lines[-1]


def test_progress_is_silent_for_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(job.progress(iter("ab"), "points", total=2)) == ["a", "b"]
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_long_work_is_said_to_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert list(job.progress("abc", "points", say=said.append)) == ["a", "b", "c"]
    assert said == []
    monkeypatch.setattr(job, "SECONDS_BETWEEN_WORDS", -1.0)
    assert list(job.progress("abc", "points", say=said.append)) == ["a", "b", "c"]
    assert said == ["points: 1 of 3, about 0 s to go", "points: 2 of 3, about 0 s to go"]
