"""What a run found, and whether it may be trusted."""

from pathlib import Path

from peierls import stage_files
from peierls.job import job
from peierls.solvers import Transport
from peierls.verdict import judge

with job(snakemake.log[0], snakemake.threads) as say:
    transports = {Path(path).stem: stage_files.read(path, Transport) for path in snakemake.input.transports}
    lines, fault = judge(snakemake.wildcards.run, transports, snakemake.params.strict)
    for line in lines:
        say(line)
    if fault:
        raise SystemExit(fault)
    Path(snakemake.output[0]).write_text("\n".join(lines) + "\n")
