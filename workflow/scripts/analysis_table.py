"""A table of the analysis, by the module of its name."""

from importlib import import_module

from peierls import stage_files
from peierls.job import job

with job(snakemake.log[0], snakemake.threads):
    module = import_module(f"peierls.tables.{snakemake.wildcards.table}")
    table = module.tabulate([stage_files.read(path, module.STAGE) for path in snakemake.input])
    table.to_csv(snakemake.output[0], index=False, na_rep="nan")
