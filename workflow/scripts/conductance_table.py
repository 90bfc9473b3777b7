"""The table of conductances of a sheet or a chain, a row per temperature and solver."""

from peierls import stage_files
from peierls.job import job
from peierls.report import conductance_table
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    table = conductance_table([stage_files.read(path, Transport) for path in snakemake.input])
    table.to_csv(snakemake.output[0], index=False, na_rep="nan")
