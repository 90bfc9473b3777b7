# What a person reads: the table, and the folder of the stages of a run.


localrules:
    kappa_table,
    conductance_table,
    viscosity_table,
    stage_links,


rule kappa_table:
    input:
        lambda wildcards: LAYOUT.conductivities(wildcards.run),
    output:
        report(
            "results/{run}/kappa.csv",
            caption="../report/result.rst",
            category="{run}",
            labels={"result": gallery.TABLES["kappa"].title},
        ),
    log:
        "results/{run}/logs/kappa_table.log",
    benchmark:
        "results/{run}/benchmarks/kappa_table.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        caption=lambda wildcards: caption(gallery.TABLES["kappa"], wildcards.run),
        code=code("kappa_table.py"),
    script:
        "../scripts/kappa_table.py"


rule conductance_table:
    input:
        lambda wildcards: LAYOUT.conductivities(wildcards.run),
    output:
        report(
            "results/{run}/conductance.csv",
            caption="../report/result.rst",
            category="{run}",
            labels={"result": gallery.TABLES["conductance"].title},
        ),
    log:
        "results/{run}/logs/conductance_table.log",
    benchmark:
        "results/{run}/benchmarks/conductance_table.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        caption=lambda wildcards: caption(gallery.TABLES["conductance"], wildcards.run),
        code=code("conductance_table.py"),
    script:
        "../scripts/conductance_table.py"


rule viscosity_table:
    input:
        "results/{run}/transport/viscosity.h5",
    output:
        report(
            "results/{run}/viscosity.csv",
            caption="../report/result.rst",
            category="{run}",
            labels={"result": gallery.TABLES["viscosity"].title},
        ),
    log:
        "results/{run}/logs/viscosity_table.log",
    benchmark:
        "results/{run}/benchmarks/viscosity_table.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        caption=lambda wildcards: caption(gallery.TABLES["viscosity"], wildcards.run),
        code=code("viscosity_table.py"),
    script:
        "../scripts/viscosity_table.py"


rule stage_links:
    input:
        lambda wildcards: LAYOUT.stage_files(wildcards.run),
    output:
        directory("results/{run}/stages"),
    log:
        "results/{run}/logs/stage_links.log",
    benchmark:
        "results/{run}/benchmarks/stage_links.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(100),
        runtime=growing(10),
    params:
        targets=lambda wildcards, input, output: [os.path.relpath(path, output[0]) for path in input],
    shell:
        "mkdir -p {output} && ln -sf {params.targets} {output} > {log} 2>&1"
