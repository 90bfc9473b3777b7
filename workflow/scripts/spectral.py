"""Conductivity and density of states resolved by frequency."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.solvers import Transport
from peierls.spectral_conductivity import spectral_conductivity

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    transports = [stage_files.read(path, Transport) for path in snakemake.input.transports]
    spectral = spectral_conductivity(crystal, mesh, phonons, transports, settings["integration"])
    stage_files.write(snakemake.output[0], spectral, record(settings, snakemake.params.code, snakemake.input))
