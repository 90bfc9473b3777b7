# What a person reads: the table, the report and the comparison of runs; and the folder of the stages of a run.


COMPARED = gallery.compared(LAYOUT, CONFIGURED)


localrules:
    kappa_table,
    conductance_table,
    viscosity_table,
    report,
    index,
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


rule report:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        transports=lambda wildcards: LAYOUT.transports(wildcards.run),
        figures=lambda wildcards: gallery.figures(LAYOUT, wildcards.run).values(),
        tables=lambda wildcards: gallery.tables(LAYOUT, wildcards.run).values(),
    output:
        "results/{run}/report.html",
    log:
        "results/{run}/logs/report.log",
    benchmark:
        "results/{run}/benchmarks/report.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda wildcards: configuration.effective(RUNS[wildcards.run]),
        figures=lambda wildcards: gallery.said(LAYOUT, wildcards.run, gallery.FIGURES),
        tables=lambda wildcards: gallery.said(LAYOUT, wildcards.run, gallery.TABLES),
        records=lambda wildcards: gallery.records(PLACES, wildcards.run),
        templates=data_digest("templates"),
        code=code("report.py"),
    script:
        "../scripts/report.py"


rule index:
    input:
        [
            path
            for files in COMPARED.values()
            for path in [files["crystal"], files["mesh"], *files["transports"], *files["checked"]]
        ],
    output:
        page="results/index.html",
        figure="results/kappa.svg",
    log:
        "results/stages/logs/index.log",
    benchmark:
        "results/stages/benchmarks/index.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings={run: compared_settings(run) for run in CONFIGURED},
        files=gallery.compared(PLACES, CONFIGURED),
        templates=data_digest("templates"),
        code=code("index.py"),
    script:
        "../scripts/index.py"
