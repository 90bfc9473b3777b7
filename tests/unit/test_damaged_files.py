"""Files of every format, damaged at random: one sentence, or the crystal that the file now describes.

A file that is damaged and still read must not give another conductivity in silence. What is asked of it:

- It gives the same crystal: a comment, other line ends, a number that the reader compares and does not use.
- Or a number of the cell, of the masses or of the charges is another one. Nothing in such a file contradicts that, so
  it passes where a value was replaced, and for no other damage: lines that are lost, come twice or are cut are found.
- Or a force constant is another one. Then the crystal breaks the rules of translation and permutation as much as the
  constant has changed, which every run reports (`rule_violations`), or the reader has given a warning.
"""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import chain
import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peierls import force_constants
from peierls.blocks import add_up
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import writers
from peierls.force_constants.writers.supercells import Blocks

SPRINGS = chain.spring_crystal(
    [[3.0, 0.1, 0.0], [0.4, 3.2, 0.2], [-0.3, 0.5, 3.4]],
    [[0.0, 0.0, 0.0], [0.48, 0.53, 0.41]],
    ["Si", "Ge"],
    [28.0, 73.0],
    reach=2.95,
)
CHARGES = np.array([[1.1, 0.2, -0.1], [0.05, 0.9, 0.15], [-0.2, 0.1, 1.3]])
POLAR = replace(
    SPRINGS,
    born_charges=np.stack([CHARGES, -CHARGES]),
    dielectric=np.array([[2.5, 0.3, 0.1], [0.3, 3.1, -0.2], [0.1, -0.2, 2.0]]),
    ewald_parameter=1.1,
)
IN_SUPERCELL = chain.supercell_of(POLAR, 2 * np.eye(3, dtype=int))

CALCULATIONS: dict[str, tuple[str, Crystal]] = {
    "phono3py": ("phono3py", IN_SUPERCELL),
    "tdep": ("tdep", SPRINGS),
    "tdep, polar": ("tdep", POLAR),
    "shengbte": ("shengbte", IN_SUPERCELL),
    "shengbte from qe": ("shengbte", replace(POLAR, ewald_parameter=2 * np.pi / np.linalg.norm(SPRINGS.lattice[0]))),
    "qe": ("qe", POLAR),
    "peierls": ("peierls", POLAR),
}
BORN = "BORN"
FILES = {
    "phono3py": ("phono3py.yaml", "fc2.hdf5", "fc3.hdf5"),
    "phono3py, BORN": (BORN,),
    "tdep": ("infile.ucposcar", "infile.forceconstant", "infile.forceconstant_thirdorder", "infile.isotopes"),
    "tdep, polar": ("infile.forceconstant",),
    "shengbte": ("CONTROL", "FORCE_CONSTANTS_2ND"),
    "shengbte from qe": ("CONTROL", "espresso.ifc2", "FORCE_CONSTANTS_3RD"),
    "qe": ("crystal.fc", "FORCE_CONSTANTS_3RD"),
    "peierls": ("crystal.h5",),
}
EXAMPLES = 60
"""For each of the files, a thousand in all."""

_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?(?![\w.])")
_OTHER_NUMBERS = (b"x", b"nan", b"inf", b"-inf", b"1e400", b"99999999999", b"-1", b"0", b"1", b"3", b"1.5", b"", b"1_0")


# --- damages ----------------------------------------------------------------------------------------------------------


def truncated(text: bytes, random: Random) -> bytes:
    return text[: random.randrange(len(text))]


def without_a_line(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def with_a_line_twice(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    number = random.randrange(len(lines))
    return b"".join([*lines[: number + 1], *lines[number:]])


def with_lines_exchanged(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    first = random.randrange(len(lines))
    second = min(first + random.randint(1, 3), len(lines) - 1)
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def with_words_exchanged(text: bytes, random: Random) -> bytes:
    """In one line, such as that of the species."""
    lines = text.splitlines(keepends=True)
    number = random.randrange(len(lines))
    lines[number] = b" ".join(reversed(lines[number].split())) + b"\n"
    return b"".join(lines)


def with_another_number(text: bytes, random: Random) -> bytes:
    found = list(_NUMBER.finditer(text))
    # One of the first numbers half of the time: counts and cells, not the many constants behind them.
    most = random.choice([min(len(found), 60), len(found)])
    match = found[random.randrange(most)]
    other = random.choice([*_OTHER_NUMBERS, b"%r" % (float(match[0]) * 1.5 + 0.25)])
    return text[: match.start()] + other + text[match.end() :]


def with_other_bytes(text: bytes, random: Random) -> bytes:
    damaged = bytearray(text)
    for _ in range(random.randint(1, 4)):
        damaged[random.randrange(len(text))] = random.randrange(256)
    return bytes(damaged)


def with_other_stored_numbers(content: bytes, random: Random) -> bytes:
    """Bytes of the numbers in an HDF5 file; one that is damaged elsewhere can crash the library that reads it."""
    with h5py.File(io.BytesIO(content)) as file:
        places = [range(*place) for dataset in file.values() for place in stored(dataset)]
    damaged = bytearray(content)
    place = random.choice(places)
    for _ in range(random.randint(1, 4)):
        damaged[random.choice(place)] = random.randrange(256)
    return bytes(damaged)


def stored(dataset: h5py.Dataset) -> list[tuple[int, int]]:
    """Where a dataset has its numbers in the file."""
    if dataset.dtype.kind not in "fi":
        return []
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        return [(start, start + dataset.nbytes)]
    chunks = [dataset.id.get_chunk_info(number) for number in range(dataset.id.get_num_chunks())]
    return [(chunk.byte_offset, chunk.byte_offset + chunk.size) for chunk in chunks]


def with_other_line_ends(text: bytes, random: Random) -> bytes:
    return text.replace(b"\n", b"\r\n")


def with_a_remark(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    number = random.randrange(len(lines))
    lines[number] = lines[number].rstrip(b"\n") + random.choice([b"   # a remark\n", b" ! remark\n", b"\n\n"])
    return b"".join(lines)


Damage = Callable[[bytes, Random], bytes]
VALUES = (with_another_number, with_other_bytes, with_other_stored_numbers, with_lines_exchanged, with_words_exchanged)
"""Damages that can put one valid value in place of another."""
OF_TEXT = (
    *(with_another_number, with_other_bytes, with_lines_exchanged, with_words_exchanged, truncated),
    *(without_a_line, with_a_line_twice, with_other_line_ends, with_a_remark),
)
OF_HDF5 = (with_other_stored_numbers, truncated)


# --- what comes of them -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("calculations")
    for name, (format, crystal) in CALCULATIONS.items():
        writers.write(crystal, format, root / name)
    writers.write(replace(IN_SUPERCELL, born_charges=None, dielectric=None), "phono3py", root / "phono3py, BORN")
    tensors = [IN_SUPERCELL.dielectric, *IN_SUPERCELL.born_charges]
    rows = ["14.4", *(" ".join(map(repr, tensor.ravel().tolist())) for tensor in tensors)]
    (root / "phono3py, BORN" / BORN).write_text("\n".join(rows) + "\n")
    return {name: root / name for name in FILES}


@pytest.fixture(scope="module")
def whole(folders) -> dict[str, Crystal]:
    return {name: read(folder) for name, folder in folders.items()}


def read(folder: Path) -> Crystal:
    return force_constants.read({"format": folder.name.split()[0].strip(","), "path": folder})


@contextmanager
def warnings() -> Iterator[list[str]]:
    """The warnings of the readers."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())
    logger = logging.getLogger("peierls")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in FILES.items() for file in files])
def test_damage_is_found_or_shows(name, file, folders, whole):
    folder, expected = folders[name], whole[name]
    path = folder / file
    content = path.read_bytes()

    @given(seed=st.integers(0, 2**32 - 1))
    @settings(
        max_examples=EXAMPLES,
        deadline=timedelta(seconds=10),
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(seed: int) -> None:
        random = Random(seed)
        damage = random.choice(OF_HDF5 if h5py.is_hdf5(path) else OF_TEXT)
        damaged = damage(content, random)
        path.write_bytes(damaged)
        try:
            with warnings() as heard:
                found = read(folder)
        except InputError as error:
            message = str(error)
            assert str(folder) in message
            assert "\n" not in message
            # A line, a key, or what is wrong with the whole.
            assert re.search(
                r"line|'\w+'|Born|dielectric|HDF5|YAML|lattice|zero|dataset|is no|p2s_map|species|elements|strongest",
                message,
            ), message
            return
        finally:
            path.write_bytes(content)
        judge(found, expected, damage, heard)

    check()


def judge(found: Crystal, expected: Crystal, damage: Damage, heard: list[str]) -> None:
    """Whether a damaged file may have given this crystal."""
    changed = [key for key in NUMBERS if differs(getattr(found, key), getattr(expected, key))]
    if changed:
        assert damage in VALUES or heard, f"{damage.__name__} changed {changed} unnoticed"
        return
    for order, (violations, largest) in enumerate(
        [((0, 1), abs(expected.fc2).max()), ((2, 3), abs(expected.fc3).max())]
    ):
        change = table_change(
            *(one(crystal) for one in [(Blocks.second, Blocks.third)[order]] for crystal in (found, expected))
        )
        if change < 1e-9 * largest:
            continue
        now = abs((found.fc2, found.fc3)[order]).max()
        shown = max(found.rule_violations[list(violations)]) * now
        assert heard or shown > 0.1 * change, f"{damage.__name__} changed constants by {change / largest:.1e} unnoticed"


NUMBERS = (
    *("species", "lattice", "positions", "masses", "mass_variances", "born_charges", "dielectric"),
    *("ewald_parameter", "fc2_supercell"),
)


def differs(found, expected) -> bool:
    if found is None or expected is None:
        return found is not expected
    if isinstance(found, tuple):
        return found != expected
    if np.shape(found) != np.shape(expected):
        return True
    return not np.allclose(found, expected, rtol=1e-9, atol=1e-10)


def table_change(found: Blocks, expected: Blocks) -> float:
    """Largest difference between two tables of constants."""
    labels = [np.column_stack([one.atoms, one.vectors.reshape(len(one.atoms), -1)]) for one in (found, expected)]
    return float(abs(add_up(np.concatenate(labels), np.concatenate([found.tensors, -expected.tensors]))[1]).max())
