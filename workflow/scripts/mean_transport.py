"""The thermal conductivity by one solver, averaged over the directions of the limit at Γ."""

from peierls import stage_files
from peierls.direction_means import mean_transport
from peierls.job import job
from peierls.provenance import record
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    transport = mean_transport([stage_files.read(path, Transport) for path in snakemake.input])
    stage_files.write(
        snakemake.output[0],
        transport,
        record(snakemake.params.settings, snakemake.params.code, snakemake.input),
    )
