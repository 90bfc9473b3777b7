"""Convergence of the solvers that iterate."""

from peierls import figures, stage_files
from peierls.job import job
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    figure = figures.convergence([stage_files.read(path, Transport) for path in snakemake.input])
    figures.save(figure, snakemake.output)
