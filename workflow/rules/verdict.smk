localrules:
    verdict,


# Last of all, so that a run that failed still has its tables and figures.
rule verdict:
    input:
        transports=lambda wildcards: LAYOUT.transports(wildcards.run),
        table="results/{run}/kappa.csv",
        stages="results/{run}/stages",
        figures=lambda wildcards: LAYOUT.figures(wildcards.run),
    output:
        "results/{run}/verdict.txt",
    log:
        "results/{run}/logs/verdict.log",
    benchmark:
        "results/{run}/benchmarks/verdict.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        strict=lambda wildcards: RUNS[wildcards.run]["strict"],
        code=code("verdict.py"),
    script:
        "../scripts/verdict.py"
