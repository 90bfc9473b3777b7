"""The thermal conductivity by the Wigner transport equation."""

from peierls import stage_files, wigner
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    linewidths = stage_files.read(snakemake.input.linewidths, Linewidths)
    populations = stage_files.read(snakemake.input.populations, Transport)
    settings = snakemake.params.settings
    transport = wigner.solve(crystal, mesh, phonons, linewidths, populations, settings["geometry"])
    provenance = record(settings, snakemake.params.code, snakemake.input)
    stage_files.write(snakemake.output[0], transport, provenance)
