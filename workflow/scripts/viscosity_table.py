"""The table of viscosities, a row per temperature and method."""

from peierls import stage_files
from peierls.job import job
from peierls.report import viscosity_table
from peierls.solvers import Viscosity

with job(snakemake.log[0], snakemake.threads):
    table = viscosity_table(stage_files.read(snakemake.input[0], Viscosity))
    table.to_csv(snakemake.output[0], index=False, na_rep="nan")
