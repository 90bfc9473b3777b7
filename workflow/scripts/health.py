"""What each solver of a run found, with every health check that failed."""

from pathlib import Path

from peierls import stage_files
from peierls.analysis_checks import of_tables
from peierls.job import job
from peierls.solvers import kind_of_result
from peierls.verdict import report

with job(snakemake.log[0], snakemake.threads):
    solvers = {Path(path).stem: path for path in snakemake.input.transports}
    results = {solver: stage_files.read(path, kind_of_result(solver)) for solver, path in solvers.items()}
    found = report(snakemake.wildcards.run, results, of_tables(snakemake.input.tables))
    Path(snakemake.output[0]).write_text("\n".join(found) + "\n")
