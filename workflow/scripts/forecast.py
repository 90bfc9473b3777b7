"""What the runs will cost, and whether there is room for them."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.forecast import available_disk, available_memory, forecast, refusals, report
from peierls.job import job

with job(snakemake.log[0], snakemake.threads) as say:
    runs, shards = snakemake.params.runs, snakemake.params.shards
    crystals = {path: stage_files.read(path, Crystal) for path in snakemake.input}
    forecasts = {
        name: forecast(crystals[snakemake.params.crystals[name]], run, shards[name]) for name, run in runs.items()
    }
    say("\n".join(report(runs, forecasts)))
    found = refusals(runs, forecasts, available_memory(), available_disk("."))
    if found:
        raise InputError("; ".join(found))
