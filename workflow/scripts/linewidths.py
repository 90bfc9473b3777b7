"""Linewidths by mechanism, at every temperature."""

from functools import partial
from pathlib import Path

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.force_constants.elements import read_isotopes
from peierls.job import job, progress
from peierls.linewidths import compute_linewidths
from peierls.matrix_elements import Recomputed
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.shards import open_shards

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    if snakemake.input.matrix_elements:
        shards = open_shards(snakemake.input.matrix_elements[0])
    else:
        show = partial(progress, description="irreducible points")
        shards = Recomputed(crystal, mesh, phonons, settings["integration"], show)
    scattering = dict(settings["scattering"])
    if isinstance(scattering["isotopes"], dict):
        scattering["isotopes"] = read_isotopes(Path(scattering["isotopes"]["file"]), crystal.species)[1]
    linewidths = compute_linewidths(crystal, mesh, phonons, shards, {**settings, "scattering": scattering})
    # The index stands for the shards, so that their number leaves no trace.
    inputs = [path for path in snakemake.input if path not in snakemake.input.matrix_elements[1:]]
    stage_files.write(snakemake.output[0], linewidths, record(settings, snakemake.params.code, inputs))
