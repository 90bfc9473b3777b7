"""Conductivity against temperature, mean free path, frequency and domain size, in TDEP's files."""

from pathlib import Path

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
    integration = snakemake.params.settings["integration"]
    cumulative = tdep_files.cumulative_kappa(crystal, mesh, phonons, linewidths, transport, integration)
    stage_files.write_foreign(snakemake.output.cumulative, cumulative)
    coherences = [stage_files.read(path, Transport).kappa_coherences for path in snakemake.input.wigner]
    with stage_files.atomic(Path(snakemake.output.table)) as partial:
        partial.write_text(tdep_files.thermal_conductivity(transport, *coherences))
