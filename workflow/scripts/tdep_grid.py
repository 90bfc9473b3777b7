"""Every mode of the full mesh, in TDEP's file."""

from peierls import stage_files, tdep_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    linewidths = stage_files.read(snakemake.input.linewidths, Linewidths)
    transport = tdep_files.most_exact([stage_files.read(path, Transport) for path in snakemake.input.transports])
    grid = tdep_files.grid_thermal_conductivity(crystal, mesh, phonons, linewidths, transport)
    stage_files.write_foreign(snakemake.output[0], grid)
