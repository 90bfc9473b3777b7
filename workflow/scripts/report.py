"""The report of a run, one HTML file."""

from pathlib import Path

from peierls import report_page, stage_files, time_spent
from peierls.analysis_checks import of_tables
from peierls.crystal import Crystal
from peierls.job import job
from peierls.mesh import Mesh
from peierls.report_page import Study
from peierls.solvers import kind_of_result

with job(snakemake.log[0], snakemake.threads):
    study = Study(
        snakemake.wildcards.run,
        snakemake.params.settings,
        stage_files.read(snakemake.input.crystal, Crystal),
        stage_files.read(snakemake.input.mesh, Mesh),
        [stage_files.read(path, kind_of_result(Path(path).stem)) for path in snakemake.input.transports],
        of_tables(snakemake.input.tables),
    )
    figures = report_page.exhibits(snakemake.params.figures, snakemake.input.figures)
    tables = report_page.exhibits(snakemake.params.tables, snakemake.input.tables)
    times = report_page.times(time_spent.of_records(snakemake.params.records))
    page = report_page.report(study, figures, tables, times, report_page.versions())
    Path(snakemake.output[0]).write_text(page, encoding="utf-8")
