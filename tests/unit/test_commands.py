"""The command `peierls`, called as the shell calls it."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import chain
import numpy as np
import pytest
import text_formats

from peierls import config, config_file, schema, stage_files
from peierls.__main__ import main
from peierls.commands import COMMANDS
from peierls.crystal import Crystal
from peierls.report import kappa_table
from peierls.solvers import Transport

SCHEMA = schema.load(schema.shipped())
COMMAND = (sys.executable, "-m", "peierls")


def test_every_command_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    overview = capsys.readouterr().out
    for command in COMMANDS:
        assert command in overview
        with pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert end.value.code == 0
        words = capsys.readouterr().out
        assert f"examples:\n  peierls {command} " in words
        assert max(map(len, words.splitlines())) <= 120


def initialise(folder: Path, target: Path, *more: str) -> int:
    return main(["init", str(folder), "--output", str(target), *more])


def test_init_writes_a_configuration_that_is_complete(silicon_folder: Path, tmp_path: Path) -> None:
    """As it is, and with every commented key uncommented: these are the defaults."""
    target = tmp_path / "config/config.yaml"
    assert initialise(silicon_folder, target) == 0
    text = target.read_text()
    mesh = [13, 13, 13]
    written = config.load(config_file.read(target), SCHEMA)
    said = {"force_constants": {"format": "phono3py", "path": str(silicon_folder)}, "mesh": mesh}
    assert written == config.load({"runs": {"si-pbesol": said}}, SCHEMA)
    uncommented, n_keys = re.subn(r"^( *)#(?=[a-z])", r"\1", text, flags=re.MULTILINE)
    assert n_keys > 20
    target.write_text(uncommented)
    assert config.load(config_file.read(target), SCHEMA) == written
    assert set(config_file.read(target)["runs"]["si-pbesol"]) >= {"temperatures", "solvers", "integration", "strict"}


def test_init_never_overwrites(silicon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine.yaml"
    target.write_text("mine\n")
    assert initialise(silicon_folder, target) == 1
    assert "exists already" in capsys.readouterr().err
    assert target.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("name", "sentence"), [("a b", "--name is 'a b'"), ("stages", "--name is 'stages'"), ("", "--name is ''")]
)
def test_init_refuses_a_name_that_no_run_can_have(
    silicon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, sentence: str
) -> None:
    target = tmp_path / "mine.yaml"
    assert initialise(silicon_folder, target, f"--name={name}") == 1
    assert sentence in capsys.readouterr().err
    assert not target.exists()


def test_init_imposes_a_sum_rule_where_nothing_can_be_read_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """And only there: what does not help is not written."""
    target = tmp_path / "mine.yaml"
    for excess, refused in ((0.6, True), (0.3, False)):
        text_formats.qe(tmp_path, chain.triclinic(), (4, 4, 5), charges=text_formats.BORN + excess)
        assert initialise(tmp_path, target) == int(refused)
        assert target.exists() != refused
    assert "sum to 1.2000 e" in capsys.readouterr().err
    assert "sum to 0.6000 e" in caplog.text and "written with 'sum_rules: impose'" in caplog.text
    (run,) = config.load(config_file.read(target), SCHEMA).values()
    assert run["force_constants"]["sum_rules"] == "impose"


def test_init_says_when_a_folder_holds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert initialise(tmp_path, tmp_path / "mine.yaml") == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: holds no files of a known program")


def check(path: Path, text: str, *more: str) -> int:
    path.write_text(text)
    return main(["check", str(path), "--results", str(path.parent / "results"), *more])


def test_check_of_a_sound_configuration(
    silicon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"runs: {{si: {{force_constants: {{path: {silicon_folder}}}, mesh: [5, 5, 5]}}}}"
    assert check(tmp_path / "c.yaml", text) == 0
    words = capsys.readouterr().out
    assert "passed  real frequencies" in words
    assert "si: 125 wave vectors, 10 irreducible; 6 bands; " in words
    assert not (tmp_path / "results").exists()


def test_check_refuses_what_does_not_fit(
    silicon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"runs: {{si: {{force_constants: {{path: {silicon_folder}}}, mesh: [5, 5, 5]}}}}"
    assert check(tmp_path / "c.yaml", text, "--memory", "0.001") == 1
    words = capsys.readouterr().out
    assert "does not fit: run si: a job of matrix_elements needs" in words
    assert "use more chunks" in words


def test_check_of_several_runs_names_the_one_at_fault_and_forecasts_the_others(
    silicon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = "bad: {mesh: [4, 5, 6]}, absurd: {mesh: [1000, 1000, 1000]}, good: {mesh: [5, 5, 5]}"
    text = f"{{defaults: {{force_constants: {{path: {silicon_folder}}}}}, runs: {{{runs}}}}}"
    assert check(tmp_path / "c.yaml", text) == 1
    said = capsys.readouterr()
    assert "good: 125 wave vectors" in said.out
    assert said.err.startswith("error: run bad: mesh: [4, 5, 6] is not mapped to itself by the point group of ")
    assert "does not fit: run absurd: a mesh of 1000000000 wave vectors" in said.out


def test_check_finds_imaginary_modes(silicon: Crystal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage_files.write(tmp_path / "crystal.h5", replace(silicon, fc2=-silicon.fc2))
    assert check(tmp_path / "c.yaml", f"runs: {{si: {{force_constants: {{path: {tmp_path}}}, mesh: [5, 5, 5]}}}}") == 1
    assert "FAILED  real frequencies: phonons: " in capsys.readouterr().out


def test_check_names_the_key_of_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path / "c.yaml", "runs: {si: {integration: {sgima: 1}}}") == 1
    assert "integration.sgima is not a key; did you mean 'sigma'?" in capsys.readouterr().err


def finish(folder: Path, factor: float, passed: bool, settings: str) -> Path:
    """A run with a conductivity of `factor` times 100 and 50 W/m/K at 300 and 600 K."""
    kappa = factor * np.array([100.0, 50.0])[:, None, None] * np.eye(3)
    modes = np.zeros((2, 1, 3, 3, 3))
    rta = Transport(
        solver="rta",
        temperature=np.array([300.0, 600.0]),
        kappa=kappa,
        converged=np.ones(2, dtype=int),
        mode_kappa=modes,
        mean_free_displacement=modes[..., 0],
        kappa_rta=kappa,
        health_names=("symmetry of kappa",),
        health_passed=np.array([passed], dtype=int),
        health_sentences=("kappa breaks the symmetry",),
    )
    provenance = {"settings": settings, "code": "0123456789abcdef", "inputs": '{"fc2.hdf5": "abc"}'}
    stage_files.write(folder / "transport/rta.h5", rta, provenance)
    made_from = json.dumps({"rta.h5": hashlib.sha256(folder.name.encode()).hexdigest()})
    stage_files.write(folder / "viscosity.h5", rta, {**provenance, "inputs": made_from})
    kappa_table([rta]).to_csv(folder / "kappa.csv", index=False)
    return folder


def test_compare_says_what_differs_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = finish(tmp_path / "one", 1.0, True, '{"mesh": [5, 5, 5], "nac": {"method": "auto", "direction": "none"}}')
    other = finish(tmp_path / "two", 1.1, False, '{"mesh": [5, 5, 5], "nac": {"method": "wang", "direction": "none"}}')
    assert main(["compare", str(one), str(other)]) == 0
    words = capsys.readouterr().out
    assert "nac.method" in words
    assert "mesh" not in words
    assert "direction" not in words
    assert "code: the same" in words
    assert "input files: the same" in words
    # 110 against 100 W/m/K: 10 over their mean, and over the larger of both.
    assert "+9.52 %" in words
    assert "9.09 %" in words
    assert "rta: symmetry" in words


def test_compare_of_a_run_with_itself_finds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = finish(tmp_path / "one", 1.0, True, '{"mesh": [5, 5, 5]}')
    assert main(["compare", str(one), str(one)]) == 0
    words = capsys.readouterr().out
    assert words.count("the same") == 4
    assert "+0 %" in words


def test_compare_says_what_only_one_run_has_and_what_has_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (finish(tmp_path / name, 1.0, True, "{}") for name in ("one", "two"))
    table = (one / "kappa.csv").read_text()
    (one / "kappa.csv").write_text(table + "300.0,direct,7.0,7.0,7.0,0.0,0.0,0.0\n")
    (other / "kappa.csv").write_text(table.replace("600.0,rta,50.0", "600.0,rta,nan"))
    assert main(["compare", str(one), str(other)]) == 0
    rows = [re.findall(r"[^\s│]+", line) for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert ["300", "direct", "7", "-"] in rows
    assert ["300", "rta", "100", "100", "+0", "%", "0", "%"] in rows
    assert ["600", "rta", "50", "no", "result"] in rows


def test_compare_knows_the_files_from_outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also a crystal.h5 that a crystal was made from; not the stages of the runs themselves, which always differ."""
    for name in ("one", "two"):
        run = finish(tmp_path / name, 1.0, True, "{}")
        stage = stage_files.read(run / "transport/rta.h5", Transport)
        stage_files.write(run / "stages/crystal.h5", stage, {"inputs": json.dumps({"crystal.h5": name})})
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    words = capsys.readouterr().out
    assert "crystal.h5" in words
    assert "rta.h5" not in words


def test_what_the_system_refuses_is_one_sentence(silicon_folder: Path, tmp_path: Path) -> None:
    """A folder that cannot be made, a disk that is full."""
    (tmp_path / "file").touch()
    init = [*COMMAND, "init", silicon_folder, "--output", tmp_path / "file/config.yaml"]
    show = [*COMMAND, "show", finish(tmp_path / "run", 1.0, True, "{}") / "transport/rta.h5"]
    with open("/dev/full", "w") as full:
        for command, output in ((init, subprocess.PIPE), (show, full)):
            process = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True)
            assert process.returncode == 1
            assert re.fullmatch(r"error: .*(Not a directory|File exists|No space left on device)\n", process.stderr)


def test_compare_leaves_out_a_solver_that_a_run_has_no_longer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its file is still there, of settings that may be others."""
    for name, passed in (("one", True), ("two", False)):
        run = finish(tmp_path / name, 1.0, True, "{}")
        stage = stage_files.read(run / "transport/rta.h5", Transport)
        old = replace(stage, solver="direct", health_passed=np.array([passed], dtype=int))
        stage_files.write(run / "transport/direct.h5", old, {"settings": json.dumps({"mesh": name})})
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    assert capsys.readouterr().out.count("the same") == 4


def test_compare_does_without_shared_stages_that_are_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (finish(tmp_path / name, 1.0, True, "{}") for name in ("one", "two"))
    (one / "stages").mkdir()
    (one / "stages/mesh.h5").symlink_to("../nowhere/mesh.h5")
    stage = stage_files.read(one / "transport/rta.h5", Transport)
    stage_files.write(one / "linewidths.h5", stage, {"inputs": '{"mesh.h5": "abc"}'})
    assert main(["compare", str(one), str(other)]) == 0
    words = capsys.readouterr().out
    assert "+0 %" in words
    assert "mesh.h5" not in words


def test_compare_wants_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert "holds no results, expected the folder of a run" in capsys.readouterr().err


def test_show_tells_unit_dimensions_and_meaning_of_every_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = finish(tmp_path, 1.0, True, '{"mesh": [5, 5, 5]}') / "transport/rta.h5"
    assert main(["show", str(path)]) == 0
    words = capsys.readouterr().out
    for dataset in stage_files.datasets(path):
        assert dataset.name in words
    assert "(temperature 2, 3, 3) in W/m/K" in words
    assert "thermal conductivity; nan where the solver did not converge" in " ".join(words.split())
    assert "mesh: [5, 5, 5]" in words
    assert "code 0123456789abcdef" in words


def test_show_prints_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = finish(tmp_path, 1.0, True, "{}") / "transport/rta.h5"
    assert main(["show", str(path), "temperature", "health_sentences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "[300. 600.]"
    assert lines[3] == "kappa breaks the symmetry"


@pytest.mark.parametrize(("name", "sentence"), [("kapa", "has no dataset 'kapa', expected one of")])
def test_show_names_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, sentence: str) -> None:
    path = finish(tmp_path, 1.0, True, "{}") / "transport/rta.h5"
    assert main(["show", str(path), name]) == 1
    assert sentence in capsys.readouterr().err


def test_show_of_something_else_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.h5"
    assert main(["show", str(path)]) == 1
    path.write_text("no HDF5")
    assert main(["show", str(path)]) == 1
    table = tmp_path / "kappa.csv"
    table.write_text("temperature_K,solver")
    assert main(["show", str(table)]) == 1
    first, second, third = capsys.readouterr().err.splitlines()
    assert first == f"error: {path}: no such file; a stage file is expected here"
    assert second.startswith(f"error: {path}: is no stage file as it was written")
    assert third == f"error: {table}: is no stage file, expected one whose name ends in .h5"
