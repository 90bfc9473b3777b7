rule mesh:
    input:
        file=files_for("mesh"),
        crystal=file_of("crystal"),
    output:
        "results/stages/{digest}/mesh.h5",
    log:
        "results/stages/{digest}/logs/mesh.log",
    benchmark:
        "results/stages/{digest}/benchmarks/mesh.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("mesh"),
        content=content("mesh"),
        code=code("mesh.py"),
    script:
        "../scripts/mesh.py"
