localrules:
    health,
    verdict,


rule health:
    input:
        transports=lambda wildcards: LAYOUT.transports(wildcards.run),
        tables=lambda wildcards: gallery.checked(LAYOUT, wildcards.run),
    output:
        "results/{run}/health.txt",
    log:
        "results/{run}/logs/health.log",
    benchmark:
        "results/{run}/benchmarks/health.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("health.py"),
    script:
        "../scripts/health.py"


# Last of all, so that a run that failed still has its tables, its figures and its health.
rule verdict:
    input:
        transports=lambda wildcards: LAYOUT.transports(wildcards.run),
        health="results/{run}/health.txt",
        tables=lambda wildcards: gallery.tables(LAYOUT, wildcards.run).values(),
        stages="results/{run}/stages",
        tdep=lambda wildcards: LAYOUT.tdep_files(wildcards.run),
        report="results/{run}/report.html",
    output:
        "results/{run}/verdict.txt",
    log:
        "results/{run}/logs/verdict.log",
    benchmark:
        "results/{run}/benchmarks/verdict.tsv"
    retries: 0
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
