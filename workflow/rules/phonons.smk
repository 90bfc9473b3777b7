rule phonons:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
    output:
        "results/stages/{digest}/phonons.h5",
    log:
        "results/stages/{digest}/logs/phonons.log",
    benchmark:
        "results/stages/{digest}/benchmarks/phonons.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("phonons"),
        code=code("phonons.py"),
    script:
        "../scripts/phonons.py"
