"""What each solver of a run found, with every health check that failed."""

from pathlib import Path

from peierls import stage_files
from peierls.job import job
from peierls.solvers import Transport
from peierls.verdict import report

with job(snakemake.log[0], snakemake.threads):
    transports = {Path(path).stem: stage_files.read(path, Transport) for path in snakemake.input}
    Path(snakemake.output[0]).write_text("\n".join(report(snakemake.wildcards.run, transports)) + "\n")
