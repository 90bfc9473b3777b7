"""Linewidth against frequency."""

from peierls import figures, stage_files
from peierls.job import job
from peierls.linewidths import Linewidths

with job(snakemake.log[0], snakemake.threads):
    figure = figures.linewidths_of_frequency(stage_files.read(snakemake.input[0], Linewidths))
    figures.save(figure, snakemake.output)
