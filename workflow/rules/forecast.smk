# What the runs will cost: `snakemake --cores 1 forecast` reads the force constants and says it. There is no output and
# no benchmark, which would be one, so that it is said each time.


localrules:
    forecast,


rule forecast:
    input:
        list(dict.fromkeys(LAYOUT.stage_file(run, "crystal") for run in CONFIGURED)),
    log:
        "results/stages/logs/forecast.log",
    retries: 0
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        runs=CONFIGURED,
        crystals={run: PLACES.stage_file(run, "crystal") for run in CONFIGURED},
        shards={run: len(LAYOUT.shards(run)) for run in CONFIGURED},
    script:
        "../scripts/forecast.py"
