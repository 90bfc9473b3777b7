"""A figure of a run, by the module of its name."""

from peierls.figures.drawing import draw
from peierls.figures.style import save
from peierls.job import job

with job(snakemake.log[0], snakemake.threads):
    save(draw(snakemake.wildcards.figure, dict(snakemake.input.items())), snakemake.output)
