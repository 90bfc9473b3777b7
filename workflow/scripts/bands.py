"""Frequencies along the standard path through the Brillouin zone."""

from peierls import stage_files
from peierls.band_structure import compute_band_structure
from peierls.crystal import Crystal
from peierls.job import job
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    bands = compute_band_structure(crystal, settings["nac"])
    stage_files.write(snakemake.output[0], bands, record(settings, snakemake.params.code, snakemake.input))
