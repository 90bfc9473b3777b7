"""The thermal conductivity by one solver."""

from importlib import import_module

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    solver = import_module(f"peierls.solvers.{snakemake.wildcards.solver}")
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    linewidths = stage_files.read(snakemake.input.linewidths, Linewidths)
    transport = solver.solve(crystal, mesh, phonons, linewidths)
    stage_files.write(
        snakemake.output[0], transport, record(snakemake.params.settings, snakemake.params.code, snakemake.input)
    )
