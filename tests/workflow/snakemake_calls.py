"""Snakemake as a person calls it, and what it says."""

import os
import re
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Result:
    """What one call of Snakemake gave."""

    status: int
    output: str

    @property
    def jobs(self) -> Counter[str]:
        """The table of jobs, figures and tables of the analysis by name, without the rule that only collects the
        others."""
        tables = re.findall(r"^job +count\n-+ +-+\n(.*?)^total", self.output, re.DOTALL | re.MULTILINE)
        rows = [line.split() for line in tables[0].splitlines()] if tables else []
        apart = ("all", "default", "figure", "analysis_table")
        jobs = Counter({rule: int(count) for rule, count in rows if rule not in apart})
        named = re.findall(r"wildcards: .*\b(figure|table)=(\w+)", self.output)
        return jobs + Counter(f"{kind} {name}" for kind, name in named)

    @property
    def last_line(self) -> str:
        return self.output.rstrip().rpartition("\n")[2]


@dataclass(frozen=True)
class Workflow:
    """A clone of the repository, and a folder to work in."""

    clone: Path
    folder: Path

    def snakemake(
        self, *arguments: str, config: Any = None, snakefile: str = "workflow/Snakefile", cores: str | None = "2"
    ) -> Result:
        """Run Snakemake; `config` is the content of a configuration file, or its text."""
        process = self.start(*arguments, config=config, snakefile=snakefile, cores=cores)
        try:
            return Result(process.wait(timeout=600), self.said())
        finally:
            process.kill()

    def start(
        self,
        *arguments: str,
        config: Any = None,
        snakefile: str = "workflow/Snakefile",
        cores: str | None = "2",
        file_size: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start Snakemake as `snakemake` does, in a process group of its own, and return at once.

        No file may grow beyond `file_size` bytes.
        """
        if config is not None:
            path = self.folder.parent / f"{self.folder.name}.yaml"
            path.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False))
            arguments = ("--configfile", str(path), *arguments)
        command = [sys.executable, "-m", "snakemake", "-s", str(self.clone / snakefile), "-d", str(self.folder)]
        # The library is found without being installed, and nothing of this process leaks into the jobs.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        limit = [] if cores is None else ["--cores", cores]
        # Python ignores the signal of this limit, so that it meets an error as on a full disk.
        within = [] if file_size is None else ["prlimit", f"--fsize={file_size}"]
        with self._terminal.open("w") as terminal:
            return subprocess.Popen(
                [*within, *command, *limit, *arguments],
                stdout=terminal,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                # Where the tests run in the background, interrupts are ignored, and so they would be here.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def said(self) -> str:
        """What the last call has written on its terminal so far."""
        return self._terminal.read_text()

    @property
    def _terminal(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.terminal"

    def plan(self, config: Any = None, **keywords: Any) -> Counter[str]:
        """The jobs that would run."""
        result = self.snakemake("--dry-run", config=config, **keywords)
        assert result.status == 0, result.output
        return result.jobs

    def recorded(self) -> dict[str, tuple[int, int]]:
        """Inode and time of the shards that Snakemake has recorded as finished."""
        state = self.folder / ".snakemake"
        found = {}
        for path in self.folder.glob("results/stages/*/matrix_elements/*/*.h5"):
            name = str(path.relative_to(self.folder))
            key = urlsafe_b64encode(name.encode()).decode()
            if (state / "metadata" / key).exists() and not (state / "incomplete" / key).exists():
                found[name] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return found

    def scripts(self, rule: str) -> list[int]:
        """The processes that now run the script of a rule."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                ours = (process / "cwd").readlink() == self.folder
                if ours and len(words) > 1 and words[1].endswith(f".{rule}.py".encode()) and b"python" in words[0]:
                    found.append(int(process.name))
        return found

    def files(self) -> set[Path]:
        """Everything in the folder but Snakemake's own."""
        paths = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        return {path for path in paths if path.parts[0] != ".snakemake"}
