"""Phase space of the three-phonon processes of each mode."""

from functools import partial

from peierls import stage_files
from peierls.job import job, progress
from peierls.mesh import Mesh
from peierls.phase_space import phase_space
from peierls.phonons import Phonons
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads) as say:
    settings = snakemake.params.settings
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    show = partial(progress, description="phase space, irreducible points", say=say)
    found = phase_space(mesh, phonons, settings["integration"], progress=show)
    stage_files.write(snakemake.output[0], found, record(settings, snakemake.params.code, snakemake.input))
