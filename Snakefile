# Lets `snakemake --cores all` run from the root of the repository.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
