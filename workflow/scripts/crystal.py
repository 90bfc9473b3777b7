"""Force constants of any program: the crystal in canonical form."""

from peierls import force_constants, stage_files
from peierls.job import job
from peierls.provenance import record

with job(snakemake.log[0], snakemake.threads):
    settings = snakemake.params.settings
    crystal = force_constants.read(settings["force_constants"])
    stage_files.write(snakemake.output[0], crystal, record(settings, snakemake.params.code, snakemake.input))
