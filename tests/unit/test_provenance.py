import hashlib
import json
import os
from pathlib import Path

import pytest

from peierls import provenance

MODULES = {
    "__init__.py": '"""A package."""\n',
    "units.py": '"""Units."""\n\nTWO = 2\n"""A number."""\n',
    "shared.py": "from lib import units\n\n\ndef double(x):\n    return units.TWO * x\n",
    "stage.py": "import numpy\n\n\ndef run():\n    from lib.shared import double\n\n    return double(1)\n",
    "other.py": "from .units import TWO\n",
    "alone.py": "x = 1\n",
    "solvers/__init__.py": '"""Solvers."""\n',
    "solvers/rta.py": "from ..shared import double\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package `lib` in which stage needs shared, shared needs units, and alone needs nothing."""
    root = tmp_path / "lib"
    for name, text in MODULES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def digests(package: Path) -> dict[str, str]:
    names = ("stage", "other", "alone", "solvers.rta")
    return {name: provenance.code_digest([f"lib.{name}"], package) for name in names}


def changed_by(package: Path, module: str, text: str) -> set[str]:
    """The modules whose digest changes with the text of one."""
    before = digests(package)
    path = package / module
    path.write_text(text)
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    after = digests(package)
    return {name for name, digest in after.items() if digest != before[name]}


def test_change_reaches_whoever_imports_it(package: Path) -> None:
    assert changed_by(package, "shared.py", MODULES["shared.py"] + "y = 1\n") == {"stage", "solvers.rta"}
    assert changed_by(package, "units.py", "TWO = 3\n") == {"stage", "other", "solvers.rta"}
    assert changed_by(package, "solvers/__init__.py", "x = 1\n") == {"solvers.rta"}
    assert changed_by(package, "alone.py", "x = 2\n") == {"alone"}
    assert changed_by(package, "__init__.py", "version = 2\n") == {"stage", "other", "alone", "solvers.rta"}


def test_comments_docstrings_and_layout_do_not_count(package: Path) -> None:
    text = '"""More."""\n# A comment.\nTWO = (\n    2\n)\n"""Another number."""\n'
    assert changed_by(package, "units.py", text) == set()


def test_change_that_is_undone_leaves_no_trace(package: Path) -> None:
    before = digests(package)
    changed_by(package, "shared.py", "y = 1\n")
    changed_by(package, "shared.py", MODULES["shared.py"])
    assert digests(package) == before


def test_script_counts_by_its_imports(package: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from lib.stage import run\n\nrun()\n")
    before = provenance.code_digest([script], package)
    script.write_text("from lib.stage import run\n\nrun()\nrun()\n")
    assert provenance.code_digest([script], package) == before
    script.write_text("from lib.stage import run\nfrom lib import alone\n")
    assert provenance.code_digest([script], package) != before


def test_unknown_module_is_an_error(package: Path) -> None:
    with pytest.raises(ValueError, match=r"lib\.missing is no module"):
        provenance.code_digest(["lib.missing"], package)


def test_what_only_reports_does_not_count() -> None:
    for name in provenance.WITHOUT_EFFECT:
        assert provenance.code_digest([name]) == provenance.code_digest(["peierls"])


def test_package_digest_counts_every_module(package: Path) -> None:
    before = provenance.package_digest(package)
    changed_by(package, "alone.py", "x = 2\n")
    assert provenance.package_digest(package) != before


def test_checksum(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"phonon")
    assert provenance.file_checksum(path) == hashlib.sha256(b"phonon").hexdigest()


def test_record_names_inputs_without_their_folders(tmp_path: Path) -> None:
    path = tmp_path / "crystal.h5"
    path.write_bytes(b"phonon")
    record = provenance.record({"b": 1, "a": 2}, "0123", [path])
    assert record["settings"] == '{"a": 2, "b": 1}'
    assert record["code"] == "0123"
    assert json.loads(record["inputs"]) == {"crystal.h5": provenance.file_checksum(path)}


def test_numba_cache_carries_the_digest_of_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert provenance.set_numba_cache() == str(tmp_path / "peierls/numba" / provenance.package_digest())
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "mine")
    assert provenance.set_numba_cache() == "mine"


def digest(path: Path) -> str:
    """That of one file."""
    digests = provenance.content_digests([path])
    assert list(digests) == [str(path)]
    return digests[str(path)]


@pytest.mark.parametrize("size", [10, 1000])
def test_content_counts_from_the_first_byte_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Whatever the name and the time of a file; of a large one, pieces that are spread over it."""
    monkeypatch.setattr(provenance, "_PIECE", 10)
    monkeypatch.setattr(provenance, "_PIECES", 5)
    found = set()
    for name, change in {"as it is": None, "first": 0, "middle": size // 2, "last": -1}.items():
        content = bytearray(size)
        if change is not None:
            content[change] = 1
        path = tmp_path / name
        path.write_bytes(content)
        found.add(digest(path))
    assert len(found) == 4
    path.write_bytes(bytes(size))
    os.utime(path, (0, 0))
    assert digest(path) == digest(tmp_path / "as it is")
    path.write_bytes(bytes(size + 1))
    assert digest(path) not in found
