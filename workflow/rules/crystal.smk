rule crystal:
    input:
        files_for("crystal"),
    output:
        "results/stages/{digest}/crystal.h5",
    log:
        "results/stages/{digest}/logs/crystal.log",
    benchmark:
        "results/stages/{digest}/benchmarks/crystal.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        settings=settings("crystal"),
        content=content("crystal"),
        code=code("crystal.py"),
    script:
        "../scripts/crystal.py"
