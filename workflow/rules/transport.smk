rule transport:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        # The rates are all that the relaxation-time approximation needs.
        matrix_elements=lambda wildcards: [] if wildcards.solver == "rta" else LAYOUT.matrix_elements(wildcards.run),
        isotopes=files_for("linewidths"),
    output:
        "results/{run}/transport/{solver}.h5",
    log:
        "results/{run}/logs/transport/{solver}.log",
    benchmark:
        "results/{run}/benchmarks/transport/{solver}.tsv"
    wildcard_constraints:
        solver="|".join([*configuration.POPULATION_SOLVERS, "viscosity"]),
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=transport_memory,
        runtime=growing(60),
    params:
        settings=settings("transport"),
        max_memory=max_memory,
        # The script imports a solver by its name.
        code=lambda wildcards: code("transport.py", f"peierls.solvers.{wildcards.solver}"),
    script:
        "../scripts/transport.py"
