"""Density of states on the mesh."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.spectral import density_of_states

with job(snakemake.log[0], snakemake.threads):
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    dos = density_of_states(crystal, mesh, phonons)
    stage_files.write(
        snakemake.output[0], dos, record(snakemake.params.settings, snakemake.params.code, snakemake.input)
    )
