rule linewidths:
    input:
        isotopes=files_for("linewidths"),
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        matrix_elements=lambda wildcards: LAYOUT.matrix_elements(wildcards.run),
    output:
        "results/{run}/linewidths.h5",
    log:
        "results/{run}/logs/linewidths.log",
    benchmark:
        "results/{run}/benchmarks/linewidths.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        settings=settings("linewidths"),
        content=content("linewidths"),
        max_memory=max_memory,
        code=code("linewidths.py"),
    script:
        "../scripts/linewidths.py"
