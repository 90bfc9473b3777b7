"""Linewidths averaged over the directions of the limit at Γ."""

from peierls import stage_files
from peierls.direction_means import mean_linewidths
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    linewidths = mean_linewidths([stage_files.read(path, Linewidths) for path in snakemake.input])
    stage_files.write(
        snakemake.output[0],
        linewidths,
        record(snakemake.params.settings, snakemake.params.code, snakemake.input),
    )
