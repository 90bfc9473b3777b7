"""The index of the shards, the same however many there are."""

from peierls import stage_files
from peierls.job import job
from peierls.provenance import record
from peierls.shards import index_shards

with job(snakemake.log[0], snakemake.threads):
    index = index_shards(snakemake.input)
    stage_files.write(snakemake.output[0], index, record(snakemake.params.settings, snakemake.params.code))
