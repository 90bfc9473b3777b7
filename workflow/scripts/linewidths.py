"""Linewidths by mechanism, at every temperature."""

from peierls import job_inputs, stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import compute_linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads) as say:
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    files = snakemake.input.matrix_elements
    integration = {**settings["integration"], "max_memory": snakemake.params.max_memory}
    elements = job_inputs.matrix_elements(files, crystal, mesh, phonons, integration, say)
    linewidths = compute_linewidths(crystal, mesh, phonons, elements, job_inputs.with_isotopes(settings, crystal))
    # The index stands for the shards, so that their number leaves no trace.
    inputs = [path for path in snakemake.input if path not in files[1:]]
    stage_files.write(snakemake.output[0], linewidths, record(settings, snakemake.params.code, inputs))
