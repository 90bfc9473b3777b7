import os
from pathlib import Path

from peierls.time_spent import Job, jobs, table

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(path: Path, wall: float, processor: str, memory: str, when: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{wall}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t50.0\t{processor}\n")
    os.utime(path, (when, when))


def test_jobs_of_this_call_by_stage(tmp_path: Path) -> None:
    stages, run = tmp_path / "stages/0123456789ab/benchmarks", tmp_path / "silicon/benchmarks"
    benchmark(stages / "matrix_elements/2/0.tsv", 30.0, "25.0", "300.5", when=100.0)
    benchmark(stages / "matrix_elements/2/1.tsv", 20.0, "15.0", "400.0", when=101.0)
    benchmark(run / "transport/variational.tsv", 4.0, "3.0", "200.0", when=102.0)
    benchmark(run / "analysis/boundary_scan/variational.tsv", 3.0, "2.0", "210.0", when=102.0)
    benchmark(run / "analysis/boundary_scan_table.tsv", 1.0, "1.0", "100.0", when=102.0)
    benchmark(run / "analysis/thermal.tsv", 0.9, "0.8", "90.0", when=102.0)
    benchmark(run / "figures/kappa.tsv", 0.5, "0.4", "120.0", when=102.0)
    benchmark(run / "figures/dos.tsv", 0.3, "0.2", "110.0", when=102.0)
    benchmark(run / "linewidths.tsv", 99.0, "99.0", "999.0", when=50.0)
    benchmark(run / "verdict.tsv", 0.1, "-", "NA", when=103.0)
    found = jobs(tmp_path, since=100.0)
    assert sorted(found, key=lambda job: -job.wall) == [
        Job("matrix_elements", 30.0, 25.0, 300.5),
        Job("matrix_elements", 20.0, 15.0, 400.0),
        Job("variational", 4.0, 3.0, 200.0),
        Job("boundary_scan", 3.0, 2.0, 210.0),
        Job("boundary_scan_table", 1.0, 1.0, 100.0),
        Job("thermal", 0.9, 0.8, 90.0),
        Job("figure", 0.5, 0.4, 120.0),
        Job("figure", 0.3, 0.2, 110.0),
        Job("verdict", 0.1, 0.0, 0.0),
    ]
    rows = [line.split() for line in table(found)]
    assert rows[1:] == [
        ["matrix_elements", "2", "50.0", "40.0", "400"],
        ["variational", "1", "4.0", "3.0", "200"],
        ["boundary_scan", "1", "3.0", "2.0", "210"],
        ["boundary_scan_table", "1", "1.0", "1.0", "100"],
        ["thermal", "1", "0.9", "0.8", "90"],
        ["figure", "2", "0.8", "0.6", "120"],
        ["verdict", "1", "0.1", "-", "-"],
        ["all", "9", "59.8", "47.4", "400"],
    ]


def test_nothing_is_said_where_nothing_was_done(tmp_path: Path) -> None:
    benchmark(tmp_path / "silicon/benchmarks/linewidths.tsv", 1.0, "1.0", "1.0", when=50.0)
    assert table(jobs(tmp_path, since=100.0)) == []
    assert table(jobs(tmp_path / "nowhere", since=0.0)) == []


def test_stages_that_took_next_to_nothing_are_told_together():
    found = [Job("transport", 100.0, 90.0, 200.0), Job("mesh", 0.4, 0.3, 50.0), Job("verdict", 0.2, 0.1, 60.0)]
    assert [line.split() for line in table(found)[1:]] == [
        ["transport", "1", "100.0", "90.0", "200"],
        ["2", "others", "2", "0.6", "0.4", "60"],
        ["all", "3", "100.6", "90.4", "200"],
    ]
