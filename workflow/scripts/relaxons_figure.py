"""Lifetimes and contributions of the relaxons."""

from peierls import figures, stage_files
from peierls.job import job
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    figure = figures.relaxon_spectrum(stage_files.read(snakemake.input[0], Transport))
    figures.save(figure, snakemake.output)
