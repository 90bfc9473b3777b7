"""Conductivity against the size of the sample, in the relaxation-time approximation or solved at each size."""

from peierls import job_inputs, stage_files
from peierls.boundary_scan import scan_by_solving, scan_in_rta
from peierls.crystal import Crystal
from peierls.job import job
from peierls.linewidths import Linewidths
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record
from peierls.shards import open_shards
from peierls.solvers.heat_conduction import HeatConduction

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    linewidths = stage_files.read(snakemake.input.linewidths, Linewidths)
    index, shards = snakemake.input.matrix_elements[:1], snakemake.input.matrix_elements[1:]
    elements = list(open_shards(index[0])) if index else []
    completed = job_inputs.complete(settings, crystal, snakemake.params.max_memory)
    problem = HeatConduction(crystal, mesh, phonons, linewidths, elements, completed)
    lengths = settings["analysis"]["boundary_scan"]
    scan = scan_in_rta if snakemake.wildcards.solver == "rta" else scan_by_solving
    found = scan(problem, lengths if isinstance(lengths, list) else None)
    inputs = [path for path in snakemake.input if path not in shards]
    stage_files.write(snakemake.output[0], found, record(settings, snakemake.params.code, inputs))
