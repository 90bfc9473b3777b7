# The heavy stage, cut into shards of irreducible points, and the index by which later stages read them.


rule matrix_elements:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
    output:
        "results/stages/{digest}/matrix_elements/{chunks}/{chunk}.h5",
    log:
        "results/stages/{digest}/logs/matrix_elements/{chunks}/{chunk}.log",
    benchmark:
        "results/stages/{digest}/benchmarks/matrix_elements/{chunks}/{chunk}.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * int(1000 + 1000 * RUNS[run_of(wildcards)]["integration"]["max_memory"]),
        runtime=growing(240),
    params:
        settings=settings("matrix_elements"),
        max_memory=max_memory,
        code=code("matrix_elements.py"),
    script:
        "../scripts/matrix_elements.py"


localrules:
    matrix_elements_index,


rule matrix_elements_index:
    input:
        lambda wildcards: LAYOUT.shards(run_of(wildcards)),
    output:
        "results/stages/{digest}/matrix_elements.h5",
    log:
        "results/stages/{digest}/logs/matrix_elements_index.log",
    benchmark:
        "results/stages/{digest}/benchmarks/matrix_elements_index.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        settings=settings("matrix_elements"),
        code=code("matrix_elements_index.py"),
    script:
        "../scripts/matrix_elements_index.py"
