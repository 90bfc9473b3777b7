"""Whether a run may be trusted: it fails here, after everything else is done."""

from pathlib import Path

from peierls import stage_files
from peierls.job import job
from peierls.solvers import Transport
from peierls.verdict import fault

with job(snakemake.log[0], snakemake.threads) as say:
    transports = {Path(path).stem: stage_files.read(path, Transport) for path in snakemake.input.transports}
    health = Path(snakemake.input.health).read_text()
    say(health.rstrip())
    found = fault(snakemake.wildcards.run, transports, snakemake.params.strict)
    if found:
        raise SystemExit(found)
    Path(snakemake.output[0]).write_text(health)
