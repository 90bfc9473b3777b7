"""Heat capacity, speeds of sound and Debye temperature."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.thermal import thermal_properties

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    found = thermal_properties(
        stage_files.read(snakemake.input.crystal, Crystal),
        stage_files.read(snakemake.input.mesh, Mesh),
        stage_files.read(snakemake.input.phonons, Phonons),
        settings["nac"],
        settings["temperatures"],
    )
    stage_files.write(snakemake.output[0], found, record(settings, snakemake.params.code, snakemake.input))
