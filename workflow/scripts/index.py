"""The page that compares the runs of a configuration."""

from pathlib import Path

from peierls import report_page, stage_files
from peierls.analysis_checks import of_tables
from peierls.crystal import Crystal
from peierls.figures import runs
from peierls.figures.style import save
from peierls.job import job
from peierls.mesh import Mesh
from peierls.report_page import Exhibit, Study
from peierls.solvers import Transport, kind_of_result

with job(snakemake.log[0], snakemake.threads):
    studies = []
    for name, settings in snakemake.params.settings.items():
        files = snakemake.params.files[name]
        transports = [stage_files.read(path, kind_of_result(Path(path).stem)) for path in files["transports"]]
        crystal, mesh = stage_files.read(files["crystal"], Crystal), stage_files.read(files["mesh"], Mesh)
        studies.append(Study(name, settings, crystal, mesh, transports, of_tables(files["checked"])))
    conductivities = {
        study.name: [result for result in study.results if isinstance(result, Transport)] for study in studies
    }
    save(runs.draw(conductivities), [snakemake.output.figure])
    page = report_page.index(studies, Exhibit(*report_page.COMPARISON, snakemake.output.figure))
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
