"""Conductivity of films and wires by one solver."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.solvers import Transport
from peierls.thin_film import thin_film_conductivity

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    film = thin_film_conductivity(
        stage_files.read(snakemake.input.crystal, Crystal),
        stage_files.read(snakemake.input.mesh, Mesh),
        stage_files.read(snakemake.input.phonons, Phonons),
        stage_files.read(snakemake.input.linewidths, Linewidths),
        stage_files.read(snakemake.input.transport, Transport),
        settings["analysis"]["thin_film"],
    )
    stage_files.write(snakemake.output[0], film, record(settings, snakemake.params.code, snakemake.input))
