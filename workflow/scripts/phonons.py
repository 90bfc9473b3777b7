"""Frequencies, eigenvectors and velocities on the mesh."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import Mesh
from peierls.phonons import compute_phonons
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = compute_phonons(crystal, mesh, settings["nac"])
    stage_files.write(snakemake.output[0], phonons, record(settings, snakemake.params.code, snakemake.input))
