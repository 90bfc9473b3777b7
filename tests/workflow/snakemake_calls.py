"""Snakemake as a person calls it, and what it says."""

import os
import re
import subprocess
import sys
from collections import Counter
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

    def snakemake(self, *arguments: str, config: Any = None, snakefile: str = "workflow/Snakefile") -> Result:
        """Run Snakemake on two cores; `config` is the content of a configuration file, or its text."""
        if config is not None:
            path = self.folder.parent / f"{self.folder.name}.yaml"
            path.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False))
            arguments = ("--configfile", str(path), *arguments)
        command = [sys.executable, "-m", "snakemake", "-s", str(self.clone / snakefile), "-d", str(self.folder)]
        # The library is found without being installed, and nothing of this process leaks into the jobs.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(
            [*command, "--cores", "2", *arguments], capture_output=True, text=True, env=environment, timeout=300
        )
        return Result(done.returncode, done.stdout + done.stderr)

    def plan(self, config: Any = None, **keywords: Any) -> Counter[str]:
        """The jobs that would run."""
        result = self.snakemake("--dry-run", config=config, **keywords)
        assert result.status == 0, result.output
        return result.jobs

    def files(self) -> set[Path]:
        """Everything in the folder but Snakemake's own."""
        paths = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        return {path for path in paths if path.parts[0] != ".snakemake"}
