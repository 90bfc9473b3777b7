# TDEP's output files.


rule tdep:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        transports=lambda wildcards: LAYOUT.by_modes(wildcards.run),
        wigner=lambda wildcards: LAYOUT.coherences(wildcards.run),
    output:
        table="results/{run}/tdep/outfile.thermal_conductivity",
        cumulative="results/{run}/tdep/outfile.cumulative_kappa.hdf5",
    log:
        "results/{run}/logs/tdep.log",
    benchmark:
        "results/{run}/benchmarks/tdep.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("tdep"),
        code=code("tdep.py"),
    script:
        "../scripts/tdep.py"


rule tdep_grid:
    input:
        crystal=file_of("crystal"),
        mesh=file_of("mesh"),
        phonons=file_of("phonons"),
        linewidths="results/{run}/linewidths.h5",
        transports=lambda wildcards: LAYOUT.by_modes(wildcards.run),
    output:
        "results/{run}/tdep/outfile.grid_thermal_conductivity.hdf5",
    log:
        "results/{run}/logs/tdep_grid.log",
    benchmark:
        "results/{run}/benchmarks/tdep_grid.tsv"
    conda:
        "../envs/peierls.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("tdep"),
        code=code("tdep_grid.py"),
    script:
        "../scripts/tdep_grid.py"
