# The populations of a solver of the Boltzmann equation, and the coherences between modes, from the linewidths.


ruleorder: mean_transport > wigner


rule wigner:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        populations=lambda wildcards: LAYOUT.populations(wildcards.run),
    output:
        "results/{run}/transport/wigner.h5",
    log:
        "results/{run}/logs/transport/wigner.log",
    benchmark:
        "results/{run}/benchmarks/transport/wigner.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("wigner"),
        code=code("wigner.py"),
    script:
        "../scripts/wigner.py"
