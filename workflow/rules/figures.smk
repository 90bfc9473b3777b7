localrules:
    kappa_figure,
    bands_figure,
    linewidths_figure,
    convergence_figure,
    relaxons_figure,


rule kappa_figure:
    input:
        lambda wildcards: LAYOUT.transports(wildcards.run),
    output:
        report(
            "results/{run}/figures/kappa.svg",
            caption="../report/kappa_figure.rst",
            category="{run}",
            labels={"figure": "conductivity against temperature"},
        ),
        "results/{run}/figures/kappa.png",
    log:
        "results/{run}/logs/kappa_figure.log",
    benchmark:
        "results/{run}/benchmarks/kappa_figure.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("kappa_figure.py"),
    script:
        "../scripts/kappa_figure.py"


rule bands_figure:
    input:
        bands=file_of("bands"),
        dos=file_of("dos"),
    output:
        report(
            "results/{run}/figures/bands.svg",
            caption="../report/bands_figure.rst",
            category="{run}",
            labels={"figure": "bands and density of states"},
        ),
        "results/{run}/figures/bands.png",
    log:
        "results/{run}/logs/bands_figure.log",
    benchmark:
        "results/{run}/benchmarks/bands_figure.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("bands_figure.py"),
    script:
        "../scripts/bands_figure.py"


rule linewidths_figure:
    input:
        "results/{run}/linewidths.h5",
    output:
        report(
            "results/{run}/figures/linewidths.svg",
            caption="../report/linewidths_figure.rst",
            category="{run}",
            labels={"figure": "linewidth against frequency"},
        ),
        "results/{run}/figures/linewidths.png",
    log:
        "results/{run}/logs/linewidths_figure.log",
    benchmark:
        "results/{run}/benchmarks/linewidths_figure.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("linewidths_figure.py"),
    script:
        "../scripts/linewidths_figure.py"


rule convergence_figure:
    input:
        lambda wildcards: LAYOUT.iterating(wildcards.run),
    output:
        report(
            "results/{run}/figures/convergence.svg",
            caption="../report/convergence_figure.rst",
            category="{run}",
            labels={"figure": "convergence of the solvers"},
        ),
        "results/{run}/figures/convergence.png",
    log:
        "results/{run}/logs/convergence_figure.log",
    benchmark:
        "results/{run}/benchmarks/convergence_figure.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("convergence_figure.py"),
    script:
        "../scripts/convergence_figure.py"


rule relaxons_figure:
    input:
        "results/{run}/transport/relaxons.h5",
    output:
        report(
            "results/{run}/figures/relaxons.svg",
            caption="../report/relaxons_figure.rst",
            category="{run}",
            labels={"figure": "relaxon spectrum"},
        ),
        "results/{run}/figures/relaxons.png",
    log:
        "results/{run}/logs/relaxons_figure.log",
    benchmark:
        "results/{run}/benchmarks/relaxons_figure.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("relaxons_figure.py"),
    script:
        "../scripts/relaxons_figure.py"
