"""What is remembered of source files is what reading them again would give."""

from pathlib import Path

import pytest

from peierls import sources
from peierls.sources import Source

TEXT = '"""A docstring."""\nfrom . import units\nimport peierls.mesh\n\nx = 1  # one\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "thing.py"
    path.write_text(TEXT)
    return path


def start(path: Path, module: Path) -> tuple[Source, sources._Memory]:
    """What a start of the program knows of a module, and how it knows it."""
    memory = sources._Memory(path)
    return memory.source(str(hash(module.read_bytes())), module.read_bytes(), module, "peierls.thing"), memory


def test_what_was_read_is_not_read_again(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, memory = start(tmp_path / "cache/sources.json", module)
    assert first.imports == ["peierls", "peierls.mesh", "peierls.units"]
    memory.save()
    with monkeypatch.context() as patched:
        patched.setattr(sources, "_read", None)
        assert start(tmp_path / "cache/sources.json", module)[0] == first
    module.write_text(TEXT.replace("x = 1", "x = 2"))
    assert start(tmp_path / "cache/sources.json", module)[0] != first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["sources.json"]


def test_comments_and_docstrings_are_not_of_what_a_file_says(module: Path) -> None:
    before = sources.source(module, "peierls.thing")
    later = module.with_name("later") / "thing.py"
    later.parent.mkdir()
    later.write_text('"""Another."""\nfrom . import units\n\nimport peierls.mesh\nx = 1\n')
    assert sources.source(later, "peierls.thing") == before


def test_a_file_that_was_changed_between_two_starts_is_read_anew(
    tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for text in (TEXT, TEXT.replace("x = 1", "x = 2"), TEXT):
        module.write_text(text)
        memory = sources._Memory(tmp_path / "sources.json")
        monkeypatch.setattr(sources, "_memory", lambda memory=memory: memory)
        sources._source.cache_clear()
        found.append(sources.source(module, "peierls.thing").digest)
        memory.save()
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"a": 1}', '{"a": ["b", null]}'])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, module: Path, damaged: str) -> None:
    (tmp_path / "sources.json").write_text(damaged)
    found, memory = start(tmp_path / "sources.json", module)
    assert memory.before == {}
    memory.save()
    assert start(tmp_path / "sources.json", module)[1].before == {str(hash(module.read_bytes())): found}


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path, module: Path) -> None:
    (tmp_path / "file").touch()
    found, memory = start(tmp_path / "file/sources.json", module)
    memory.save()
    assert start(tmp_path / "file/sources.json", module)[0] == found


def test_of_too_many_files_the_last_stay(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST", 1)
    for text in ("x = 1\n", "x = 2\n"):
        module.write_text(text)
        start(tmp_path / "sources.json", module)[1].save()
    assert list(sources._load(tmp_path / "sources.json")) == [str(hash(b"x = 2\n"))]
