from pathlib import Path

import pytest

from peierls import config_file
from peierls.errors import InputError


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"runs:\n  a: {}\n  b: {}\n  a: {}\n", "line 4: key 'a' stands in line 2 already, expected it once"),
        (b"runs:\n  a:\n    mesh: [5, 5, 5]\n    mesh: [7, 7, 7]\n", "line 4: key 'mesh' stands in line 3 already"),
        (b"runs:\n\ta: {}\n", "line 2 is indented with a tab, expected spaces"),
        (b"runs:\n  a: {path: \xe9t\xe9}\n", "line 2 has the byte 0xe9, expected UTF-8 text"),
        (b"runs: [1, 2\n", "cannot be read as YAML"),
        (b"- runs\n", "holds no sections, expected 'runs:'"),
        (b"", "holds no sections, expected 'runs:'"),
        (b"runs: \x00\n", "cannot be read as YAML"),
    ],
)
def test_a_fault_is_one_sentence_that_names_file_and_line(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        config_file.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: No such file or directory"):
        config_file.read(tmp_path / "none.yaml")


def test_what_yaml_and_json_mean(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text('{"runs": {"a": {\n\t"mesh": [5, 5, 5]}}}')
    assert config_file.read(path) == {"runs": {"a": {"mesh": [5, 5, 5]}}}
    path.write_text("common: &one {nac: {method: none}}\nruns:\n  a: {<<: *one, mesh: [5, 5, 5]}\n  b: {<<: *one}\n")
    assert config_file.read(path)["runs"] == {
        "a": {"nac": {"method": "none"}, "mesh": [5, 5, 5]},
        "b": {"nac": {"method": "none"}},
    }
