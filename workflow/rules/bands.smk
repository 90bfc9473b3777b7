# Phonons without scattering: what is drawn beside each other in one figure.


rule bands:
    input:
        crystal=file_of("crystal"),
    output:
        "results/stages/{digest}/bands.h5",
    log:
        "results/stages/{digest}/logs/bands.log",
    benchmark:
        "results/stages/{digest}/benchmarks/bands.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("bands"),
        code=code("bands.py"),
    script:
        "../scripts/bands.py"


rule dos:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
    output:
        "results/stages/{digest}/dos.h5",
    log:
        "results/stages/{digest}/logs/dos.log",
    benchmark:
        "results/stages/{digest}/benchmarks/dos.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("dos"),
        code=code("dos.py"),
    script:
        "../scripts/dos.py"
