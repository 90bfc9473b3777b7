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
        # The phonons, a batch of pairs of modes, and some tensors for each mode and temperature.
        mem_mb=lambda wildcards, input, attempt: int(
            attempt * (700 + 2 * input.size_mb + 20 * Path(input.linewidths).stat().st_size / 1e6)
        ),
        runtime=growing(60),
    params:
        settings=settings("wigner"),
        code=code("wigner.py"),
    script:
        "../scripts/wigner.py"
