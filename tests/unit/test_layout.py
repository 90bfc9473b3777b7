from pathlib import Path
from typing import Any

import pytest

from peierls import config, schema
from peierls.errors import InputError
from peierls.layout import Layout

ROOT = Path(__file__).parents[2]
SCHEMA = schema.load(ROOT / "workflow/schemas/config.schema.yaml")


def layout(folder: Path, **runs: dict[str, Any]) -> Layout:
    path = str(ROOT / "resources/si-pbesol")
    written = {"defaults": {"force_constants": {"path": path}, "chunks": 2}, "runs": runs}
    return Layout(config.load(written, SCHEMA), root=str(folder))


def make(paths: list[str]) -> None:
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_runs_share_files_as_far_as_they_agree(tmp_path: Path) -> None:
    runs = layout(tmp_path, one={}, warm={"temperatures": [400]}, fine={"mesh": [15, 15, 15]})
    assert runs.stage_files("one") == runs.stage_files("warm")
    common = set(runs.stage_files("one")) & set(runs.stage_files("fine"))
    assert {Path(path).name for path in common} == {"crystal.h5", "bands.h5"}
    assert runs.shards("one") == [
        runs.stage_file("one", "matrix_elements").replace(".h5", f"/2/{i}.h5") for i in (0, 1)
    ]


def test_every_folder_of_a_shared_stage_has_an_owner_that_agrees(tmp_path: Path) -> None:
    runs = layout(tmp_path, one={}, warm={"temperatures": [400]})
    for name in ("one", "warm"):
        for path in runs.stage_files(name):
            owner = runs.owners[Path(path).parent.name]
            assert path in runs.stage_files(owner)


def test_finished_matrix_elements_are_used_as_they_were_cut(tmp_path: Path) -> None:
    make(layout(tmp_path, one={"chunks": 3}).shards("one"))
    assert len(layout(tmp_path, one={"chunks": 5}).shards("one")) == 3
    assert len(layout(tmp_path, one={"chunks": 3}).shards("one")) == 3


def test_what_is_finished_is_not_asked_for_its_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that finds nothing to do opens no force constants."""
    make(layout(tmp_path, one={"chunks": 3}).shards("one"))

    def fail(_: config.Run) -> int:
        raise AssertionError

    monkeypatch.setattr("peierls.cutting.number_of_shards", fail)
    assert len(layout(tmp_path, one={"chunks": "auto"}).shards("one")) == 3


def test_unfinished_matrix_elements_are_cut_as_configured(tmp_path: Path) -> None:
    make(layout(tmp_path, one={"chunks": 3}).shards("one")[:-1])
    assert len(layout(tmp_path, one={"chunks": 5}).shards("one")) == 5


def test_the_configured_number_wins_where_both_are_finished(tmp_path: Path) -> None:
    five = layout(tmp_path, one={"chunks": 5}).shards("one")
    make(layout(tmp_path, one={"chunks": 3}).shards("one"))
    make(five)
    assert layout(tmp_path, one={"chunks": 5}).shards("one") == five


def test_runs_that_agree_share_their_shards_however_they_would_cut_them(tmp_path: Path) -> None:
    runs = layout(tmp_path, one={"chunks": 3}, other={"chunks": 5, "temperatures": [400]}, fine={"mesh": [15, 15, 15]})
    assert runs.shards("one") == runs.shards("other")
    assert [len(runs.shards(run)) for run in ("one", "other", "fine")] == [3, 3, 2]


def test_stored_matrix_elements_are_used_rather_than_recomputed(tmp_path: Path) -> None:
    stored = layout(tmp_path, one={}).matrix_elements("one")
    make(stored)
    recompute = {"integration": {"storage": "recompute"}}
    assert layout(tmp_path, one=recompute).matrix_elements("one") == stored
    Path(stored[-1]).unlink()
    assert layout(tmp_path, one=recompute).matrix_elements("one") == []


def test_what_is_finished_is_looked_for_where_another_workflow_moved_it(tmp_path: Path) -> None:
    """Names stay those that the rules have."""
    names, moved = tmp_path / "results", tmp_path / "kappa/results"
    make(layout(moved, one={}).matrix_elements("one"))
    runs = layout(names, one={"chunks": 3, "integration": {"storage": "recompute"}}).runs
    assert Layout(runs, str(names)).matrix_elements("one") == []
    found = Layout(runs, str(names), stored=str(moved)).matrix_elements("one")
    assert found == layout(names, one={}).matrix_elements("one")


def test_recomputed_matrix_elements_have_no_files(tmp_path: Path) -> None:
    runs = layout(tmp_path, one={"integration": {"storage": "recompute"}})
    assert runs.matrix_elements("one") == []
    assert all("matrix_elements" not in path for path in runs.stage_files("one"))


def test_files_that_the_configuration_names(tmp_path: Path) -> None:
    isotopes = tmp_path / "g.txt"
    run = {"scattering": {"isotopes": {"file": str(isotopes)}}}
    with pytest.raises(InputError, match=r"g\.txt: no such file, named by key 'scattering\.isotopes\.file'"):
        layout(tmp_path, one=run)
    isotopes.touch()
    runs = layout(tmp_path, one=run)
    assert runs.input_files["one", "linewidths"] == [str(isotopes)]
    assert {Path(path).name for path in runs.input_files["one", "crystal"]} >= {"fc2.hdf5", "fc3.hdf5"}
    assert runs.input_files["one", "phonons"] == []


def test_solvers_that_resolve_modes_come_with_the_most_exact_first(tmp_path: Path) -> None:
    runs = layout(tmp_path, all={"solvers": ["rta", "iterative", "relaxons", "direct", "variational"]})
    order = [Path(path).stem for path in runs.by_modes("all")]
    assert order == ["direct", "relaxons", "variational", "iterative", "rta"]


def test_the_full_mesh_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    runs = layout(tmp_path, usual={}, dumped={"analysis": {"dump_grid": True}})
    names = ["outfile.thermal_conductivity", "outfile.cumulative_kappa.hdf5"]
    assert runs.tdep_files("usual") == [f"{tmp_path}/usual/tdep/{name}" for name in names]
    extra = set(runs.tdep_files("dumped")) - {path.replace("usual", "dumped") for path in runs.tdep_files("usual")}
    assert extra == {f"{tmp_path}/dumped/tdep/outfile.grid_thermal_conductivity.hdf5"}


def test_records_of_time_are_where_the_rules_write_them(tmp_path: Path) -> None:
    runs = layout(tmp_path, one={})
    crystal = Path(runs.stage_file("one", "crystal"))
    assert runs.record(str(crystal)) == str(crystal.parent / "benchmarks/crystal.tsv")
    shard = Path(runs.shards("one")[1])
    assert runs.record(str(shard)) == str(crystal.parents[1] / shard.parts[-4] / "benchmarks/matrix_elements/2/1.tsv")
    assert runs.record(f"{tmp_path}/one/transport/rta.h5") == f"{tmp_path}/one/benchmarks/transport/rta.tsv"
