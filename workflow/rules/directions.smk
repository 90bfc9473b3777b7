# Runs that average over the directions of the limit at Γ: each direction is a run, and these are their means.
AVERAGED = "|".join(name for name, run in CONFIGURED.items() if run["nac"]["direction"] == "average") or "(?!)"


ruleorder: mean_linewidths > linewidths
ruleorder: mean_transport > transport


rule mean_linewidths:
    input:
        lambda wildcards: LAYOUT.of_directions(wildcards.run, "linewidths"),
    output:
        "results/{run}/linewidths.h5",
    log:
        "results/{run}/logs/mean_linewidths.log",
    benchmark:
        "results/{run}/benchmarks/mean_linewidths.tsv"
    wildcard_constraints:
        run=AVERAGED,
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("linewidths"),
        code=code("mean_linewidths.py"),
    script:
        "../scripts/mean_linewidths.py"


rule mean_transport:
    input:
        lambda wildcards: LAYOUT.of_directions(wildcards.run, f"transport/{wildcards.solver}"),
    output:
        "results/{run}/transport/{solver}.h5",
    log:
        "results/{run}/logs/mean_transport/{solver}.log",
    benchmark:
        "results/{run}/benchmarks/mean_transport/{solver}.tsv"
    wildcard_constraints:
        run=AVERAGED,
        solver="|".join([*configuration.POPULATION_SOLVERS, "wigner"]),
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("transport"),
        code=code("mean_transport.py"),
    script:
        "../scripts/mean_transport.py"
