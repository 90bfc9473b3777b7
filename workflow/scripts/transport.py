"""The thermal conductivity by one solver."""

from importlib import import_module

from peierls import job_inputs, stage_files
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.solvers.heat_conduction import HeatConduction

with job(snakemake.log[0], snakemake.threads) as say:
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    linewidths = stage_files.read(snakemake.input.linewidths, Linewidths)
    files = snakemake.input.matrix_elements
    integration = {**settings["integration"], "max_memory": snakemake.params.max_memory}
    elements = job_inputs.matrix_elements(files, crystal, mesh, phonons, integration, say)
    # A solver goes through the stored ones again and again.
    elements = list(elements) if files else elements
    settings_of_atoms = {**job_inputs.with_isotopes(settings, crystal), "integration": integration}
    problem = HeatConduction(crystal, mesh, phonons, linewidths, elements, settings_of_atoms)
    transport = import_module(f"peierls.solvers.{snakemake.wildcards.solver}").solve(problem)
    inputs = [path for path in snakemake.input if path not in files[1:]]
    stage_files.write(snakemake.output[0], transport, record(settings, snakemake.params.code, inputs))
