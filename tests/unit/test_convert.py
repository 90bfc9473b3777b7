"""The command `peierls convert`."""

import chain
import numpy as np
import pytest
from format_checks import assert_same

from peierls import force_constants
from peierls.__main__ import main
from peierls.commands import convert
from peierls.force_constants import writers

MODEL = chain.triclinic()


@pytest.fixture
def folder(tmp_path):
    writers.write(MODEL, "tdep", tmp_path / "tdep")
    return tmp_path


def test_a_folder_becomes_another(folder, capsys):
    assert main(["convert", str(folder / "tdep"), str(folder / "new" / "qe"), "--to-format", "qe"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("qe: written as qe, read back, and the same")
    assert any(line.startswith("- ") and "isotopes.txt" in line for line in said[1:])
    assert_same(force_constants.read({"path": folder / "new" / "qe"}), MODEL, tolerance=1e-12)


def test_what_a_run_may_ask_for_is_done_on_the_way(folder):
    (folder / "isotopes.txt").write_text("30.0 0.01\n70.0 0.02\n")
    paths = [str(folder / "tdep"), str(folder / "copy")]
    options = ["--sum-rules", "impose", "--symmetrize", "--isotopes", str(folder / "isotopes.txt")]
    assert main(["convert", *paths, "--to-format", "peierls", "--from-format", "tdep", *options]) == 0
    copy = force_constants.read({"path": folder / "copy"})
    np.testing.assert_array_equal(copy.masses, [30.0, 70.0])
    assert abs(copy.fc2.sum(axis=(0, 2))).max() < 1e-10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere", "copy", "--to-format", "qe"], "nowhere: no such folder"),
        (["tdep", "tdep", "--to-format", "tdep"], "infile.ucposcar: is there already and is not overwritten"),
        (["tdep", "copy", "--to-format", "qe", "--from-format", "qe"], "there is no *.fc in this folder"),
    ],
)
def test_faults_are_one_sentence(folder, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(folder)
    assert main(["convert", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ") and said.err.count("\n") == 1
    assert sentence in said.err


def test_the_command_knows_the_formats_that_can_be_written(capsys):
    """It names them itself, so that its help does not wait for the library."""
    assert set(convert._FORMATS) == set(writers.FORMATS)
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    said = capsys.readouterr().out
    assert "peierls convert calculations/mgo mgo-phono3py --to-format phono3py" in said
    assert all(format in said for format in writers.FORMATS)
