"""Band structure beside the density of states."""

from peierls import figures, stage_files
from peierls.band_structure import BandStructure
from peierls.job import job
from peierls.spectral import DensityOfStates

with job(snakemake.log[0], snakemake.threads):
    bands = stage_files.read(snakemake.input.bands, BandStructure)
    figure = figures.bands_and_dos(bands, stage_files.read(snakemake.input.dos, DensityOfStates))
    figures.save(figure, snakemake.output)
