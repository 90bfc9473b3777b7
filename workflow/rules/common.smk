# What the rules know of the configuration: files, settings and code of each stage.
import os
import re
import sys

sys.path.insert(0, str(ROOT / "src"))
# For the scripts, which then find the library whether or not it is installed.
os.environ.update(PYTHONPATH=os.pathsep.join([str(ROOT / "src"), *filter(None, [os.getenv("PYTHONPATH")])]))

from peierls import config_file, directions, time_spent, config as configuration, gallery, schema
from peierls.errors import InputError, drop_damaged
from peierls.job import failures, was_stopped
from peierls.layout import Layout
from peierls.provenance import code_digest, content_digests, data_digest, set_numba_cache

set_numba_cache()
try:
    # Snakemake has read them; where a key stands twice, it has taken the last.
    for path in workflow.configfiles:
        config_file.read(path)
    KEYS = schema.load(ROOT / "workflow/schemas/config.schema.yaml")
    GIVEN = ["--config"] if workflow.config_settings.config else []
    NAMES = ", ".join([*map(str, workflow.configfiles), *GIVEN]) or "config"
    CONFIGURED = configuration.load(config, KEYS, folders=[".", str(ROOT)], source=NAMES)
    RUNS = directions.with_directions(CONFIGURED)
    # A workflow that uses this one as a module can move its results. Snakemake moves what rules read and write, and
    # nothing else.
    RESULTS = workflow.modifier.path_modifier.replace_prefix("results/").rstrip("/")
    LAYOUT = Layout(RUNS, stored=RESULTS)
    # For parameters, the places of files as scripts find them.
    PLACES = LAYOUT if RESULTS == "results" else Layout(RUNS, RESULTS)
except InputError as error:
    sys.exit(f"error: {error}")


wildcard_constraints:
    run="|".join(RUNS),
    digest="|".join(LAYOUT.owners),
    chunks=r"\d+",
    chunk=r"\d+",
    solver="[a-z]+",
    figure="|".join(gallery.FIGURES),


# What is said at the very end, after everything that Snakemake has to say.
def say(lines):
    if lines:
        print(*lines, sep="\n", file=sys.stderr)


# What a person could take for a result of the present configuration.
def left_over():
    found = [(run, gallery.left(PLACES, run)) for run in CONFIGURED]
    return [
        f"run {run}: of earlier settings, delete what you do not need: {', '.join(files)}"
        for run, files in found
        if files
    ]


# Why jobs failed, in sentences; `log` is what Snakemake calls its own. A job that is stopped as it starts has none yet.
def reasons(log):
    if said := failures(RESULTS, STARTED):
        return said
    logs = [log] if isinstance(log, str) else list(map(str, log))
    own = "".join(Path(path).read_text(errors="replace") for path in logs if Path(path).is_file())
    if was_stopped(RESULTS, STARTED) or re.search(r"processes on user request|<Signals\.SIG(INT|TERM)", own):
        return ["stopped before the end; what is finished stays, and the same command goes on from there"]
    return [f"no job could say why it failed; Snakemake does, above and in {', '.join(logs)}"]


# The run that a job belongs to, or one of those that share it.
def run_of(wildcards):
    return getattr(wildcards, "run", None) or LAYOUT.owners[wildcards.digest]


# Input: the file of a shared stage, and the files from outside that a stage reads.
def file_of(stage):
    return lambda wildcards: LAYOUT.stage_file(run_of(wildcards), stage)


def files_for(stage):
    paths = os.path.abspath if RESULTS != "results" else str
    return lambda wildcards: [paths(path) for path in LAYOUT.input_files[run_of(wildcards), stage]]


# Parameters: what a stage depends on, and the part of the library that its script reaches; a change makes it out of date.
def settings(stage):
    return lambda wildcards: configuration.stage_settings(
        RUNS[run_of(wildcards)], stage, getattr(wildcards, "solver", None)
    )


# Snakemake compares the content of files from outside only where they are newer than the results.
def content(stage):
    return lambda wildcards: content_digests(LAYOUT.input_files[run_of(wildcards), stage])


def code(script, *modules):
    return code_digest([ROOT / "workflow/scripts" / script, *modules])


# Parameter: what the comparison of runs says of each, which does not depend on its analysis.
def compared_settings(run):
    return {k: v for k, v in configuration.effective(RUNS[run]).items() if k not in ("analysis", "strict")}


# Parameter: what is said beside a figure or a table.
def caption(entry, run):
    return gallery.caption(entry, run, RUNS[run])


# A parameter that changes no result: Snakemake does not compare those that ask for resources.
def max_memory(wildcards, resources):
    return RUNS[run_of(wildcards)]["integration"]["max_memory"]


# Resource: memory in MB of a solver, which holds all that it reads and fields at every temperature; two also hold matrices.
def transport_memory(wildcards, input, attempt):
    matrices = {"direct": 1, "viscosity": 2, "relaxons": 1}.get(wildcards.solver, 0)
    # Not input.size_mb, which leaves a warning where a plan is made before the files are.
    read = 4 * sum(Path(path).stat().st_size for path in input) / 1e6
    fields = 160 * Path(input.linewidths).stat().st_size / 1e6
    dense = 1000 * matrices * RUNS[wildcards.run]["integration"]["max_memory"]
    return int(attempt * (500 + read + fields + dense))


# Resource: memory in MB of the scan over sizes, which also holds the space in which all of them are solved.
def scan_memory(wildcards, input, attempt):
    space = 0 if wildcards.solver == "rta" else 1000 * RUNS[wildcards.run]["integration"]["max_memory"]
    return transport_memory(wildcards, input, attempt) + int(attempt * space)


# Resource: an amount that grows with each attempt.
def growing(amount):
    return lambda wildcards, attempt: int(amount * attempt)
