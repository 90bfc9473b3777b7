"""The crystal's symmetry, and the mesh of wave vectors with its irreducible points."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import build_mesh
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = build_mesh(crystal, settings["mesh"])
    stage_files.write(snakemake.output[0], mesh, record(settings, snakemake.params.code, snakemake.input))
