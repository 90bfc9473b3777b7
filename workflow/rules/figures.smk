# Every figure of `gallery.FIGURES`.


localrules:
    figure,


rule figure:
    input:
        unpack(lambda wildcards: gallery.FIGURES[wildcards.figure].inputs(LAYOUT, wildcards.run)),
    output:
        report(
            "results/{run}/figures/{figure}.svg",
            caption="../report/result.rst",
            category="{run}",
            labels=lambda wildcards: {"result": gallery.FIGURES[wildcards.figure].title},
        ),
        "results/{run}/figures/{figure}.png",
    log:
        "results/{run}/logs/figures/{figure}.log",
    benchmark:
        "results/{run}/benchmarks/figures/{figure}.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        caption=lambda wildcards: caption(gallery.FIGURES[wildcards.figure], wildcards.run),
        # The script imports a figure by its name.
        code=lambda wildcards: code("figure.py", f"peierls.figures.{wildcards.figure}"),
    script:
        "../scripts/figure.py"
