"""Whether a run may be trusted: it fails here, after everything else is done."""

from pathlib import Path

from peierls import stage_files
from peierls.analysis_checks import of_tables
from peierls.job import job
from peierls.solvers import kind_of_result
from peierls.verdict import fault

with job(snakemake.log[0], snakemake.threads) as say:
    solvers = {Path(path).stem: path for path in snakemake.input.transports}
    results = {solver: stage_files.read(path, kind_of_result(solver)) for solver, path in solvers.items()}
    health = Path(snakemake.input.health).read_text()
    say(health.rstrip())
    found = fault(snakemake.wildcards.run, results, snakemake.params.strict, of_tables(snakemake.input.tables))
    if found:
        raise SystemExit(found)
    Path(snakemake.output[0]).write_text(health)
