"""One shard of the three-phonon matrix elements: a part of the irreducible points."""

from functools import partial

import numpy as np

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.job import job, progress
from peierls.matrix_elements import compute_matrix_elements
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads) as say:
    settings = snakemake.params.settings
    crystal = stage_files.read(snakemake.input.crystal, Crystal)
    mesh = stage_files.read(snakemake.input.mesh, Mesh)
    phonons = stage_files.read(snakemake.input.phonons, Phonons)
    chunks, chunk = int(snakemake.wildcards.chunks), int(snakemake.wildcards.chunk)
    # Dealt like cards: the first points have the most triplets, and every shard gets its share of them.
    points = np.arange(chunk, mesh.n_irreducible, chunks)
    show = partial(progress, description=f"matrix elements {chunk + 1}/{chunks}, irreducible points", say=say)
    integration = {**settings["integration"], "max_memory": snakemake.params.max_memory}
    shard = compute_matrix_elements(crystal, mesh, phonons, integration, points, progress=show)
    stage_files.write(snakemake.output[0], shard, record(settings, snakemake.params.code, snakemake.input))
