"""What the runs will cost, and whether there is room for them."""

from peierls import stage_files
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.forecast import available_disk, available_memory, forecast, refusals, report, too_fine
from peierls.job import job

with job(snakemake.log[0], snakemake.threads) as say:
    runs, shards = snakemake.params.runs, snakemake.params.shards
    crystals = {path: stage_files.read(path, Crystal) for path in snakemake.input}
    memory, disk = available_memory(), available_disk(".")
    forecasts, found = {}, []
    for name, run in runs.items():
        crystal = crystals[snakemake.params.crystals[name]]
        try:
            if sentence := too_fine(name, crystal, run, memory, disk):
                found.append(sentence)
            else:
                forecasts[name] = forecast(crystal, run, shards[name])
        except InputError as error:
            found.append(f"run {name}: {error}")
    if forecasts:
        say("\n".join(report(runs, forecasts)))
    found += refusals(runs, forecasts, memory, disk)
    if found:
        raise InputError("; ".join(found))
