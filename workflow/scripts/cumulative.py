"""Conductivity of one solver, accumulated over mean free path and frequency."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.cumulative import cumulative_conductivity
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.solvers import Transport

with job(snakemake.log[0], snakemake.threads):
    curves = cumulative_conductivity(
        stage_files.read(snakemake.input.crystal, Crystal),
        stage_files.read(snakemake.input.mesh, Mesh),
        stage_files.read(snakemake.input.phonons, Phonons),
        stage_files.read(snakemake.input.linewidths, Linewidths),
        stage_files.read(snakemake.input.transport, Transport),
    )
    stage_files.write(
        snakemake.output[0], curves, record(snakemake.params.settings, snakemake.params.code, snakemake.input)
    )
