# What is derived from the solution, and from the phonons alone.


localrules:
    analysis_table,


rule cumulative:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        transport="results/{run}/transport/{solver}.h5",
    output:
        "results/{run}/analysis/cumulative/{solver}.h5",
    log:
        "results/{run}/logs/analysis/cumulative/{solver}.log",
    benchmark:
        "results/{run}/benchmarks/analysis/cumulative/{solver}.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("cumulative"),
        code=code("cumulative.py"),
    script:
        "../scripts/cumulative.py"


rule boundary_scan:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        # The rates are all that the relaxation-time approximation needs.
        matrix_elements=lambda wildcards: [] if wildcards.solver == "rta" else LAYOUT.matrix_elements(wildcards.run),
        isotopes=files_for("linewidths"),
    output:
        "results/{run}/analysis/boundary_scan/{solver}.h5",
    log:
        "results/{run}/logs/analysis/boundary_scan/{solver}.log",
    benchmark:
        "results/{run}/benchmarks/analysis/boundary_scan/{solver}.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=scan_memory,
        runtime=growing(240),
    params:
        settings=settings("boundary_scan"),
        code=code("boundary_scan.py"),
        max_memory=max_memory,
    script:
        "../scripts/boundary_scan.py"


rule thin_film:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        transport="results/{run}/transport/{solver}.h5",
    output:
        "results/{run}/analysis/thin_film/{solver}.h5",
    log:
        "results/{run}/logs/analysis/thin_film/{solver}.log",
    benchmark:
        "results/{run}/benchmarks/analysis/thin_film/{solver}.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("thin_film"),
        code=code("thin_film.py"),
    script:
        "../scripts/thin_film.py"


rule thermal:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
    output:
        "results/{run}/analysis/thermal.h5",
    log:
        "results/{run}/logs/analysis/thermal.log",
    benchmark:
        "results/{run}/benchmarks/analysis/thermal.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings=settings("thermal"),
        code=code("thermal.py"),
    script:
        "../scripts/thermal.py"


rule phase_space:
    input:
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
    output:
        "results/{run}/analysis/phase_space.h5",
    log:
        "results/{run}/logs/analysis/phase_space.log",
    benchmark:
        "results/{run}/benchmarks/analysis/phase_space.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        settings=settings("phase_space"),
        code=code("phase_space.py"),
    script:
        "../scripts/phase_space.py"


# Every table of `gallery.TABLES` that has inputs.
rule analysis_table:
    input:
        lambda wildcards: gallery.TABLES[wildcards.table].inputs(LAYOUT, wildcards.run),
    output:
        report(
            "results/{run}/{table}.csv",
            caption="../report/result.rst",
            category="{run}",
            labels=lambda wildcards: {"result": gallery.TABLES[wildcards.table].title},
        ),
    log:
        "results/{run}/logs/analysis/{table}_table.log",
    benchmark:
        "results/{run}/benchmarks/analysis/{table}_table.tsv"
    wildcard_constraints:
        table="|".join(name for name, table in gallery.TABLES.items() if table.inputs),
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        caption=lambda wildcards: caption(gallery.TABLES[wildcards.table], wildcards.run),
        # The script imports a table by its name.
        code=lambda wildcards: code("analysis_table.py", f"peierls.tables.{wildcards.table}"),
    script:
        "../scripts/analysis_table.py"


rule spectral:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        transports=lambda wildcards: LAYOUT.by_modes(wildcards.run),
    output:
        "results/{run}/analysis/spectral.h5",
    log:
        "results/{run}/logs/analysis/spectral.log",
    benchmark:
        "results/{run}/benchmarks/analysis/spectral.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("spectral"),
        code=code("spectral.py"),
    script:
        "../scripts/spectral.py"
