"""Stage files: whole or absent, the same bytes for the same work, and read back only as what they are."""

import os
import resource
import socket
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from peierls import stage_files
from peierls.band_structure import BandStructure
from peierls.crystal import Crystal
from peierls.errors import DamagedFile, InputError
from peierls.linewidths import Linewidths
from peierls.matrix_elements import MatrixElements
from peierls.mesh import Mesh
from peierls.phonons import Phonons
from peierls.quantities import quantity
from peierls.shards import ShardIndex
from peierls.solvers import Transport
from peierls.spectral import DensityOfStates
from peierls.spectral_conductivity import SpectralConductivity
from peierls.stage_files import Array, Group


@dataclass(frozen=True)
class Toy:
    """A stage with every kind of field that stages have."""

    frequency: NDArray = quantity("THz", "ir_q band", "frequencies")
    eigenvector: NDArray = quantity("1", "ir_q band 3", "eigenvectors")
    grid: NDArray = quantity("1", "ir_q", "grid indices")
    kappa: NDArray = quantity("W/m/K", "3 3", "conductivity", may_be_nan=True)
    mass: float = quantity("amu", "", "a mass")
    name: str = quantity("", "", "a name")
    species: tuple[str, ...] = quantity("", "atom", "symbols")
    charges: NDArray | None = quantity("e", "atom 3 3", "charges", default=None)


@pytest.fixture
def toy() -> Toy:
    random = np.random.default_rng(1)
    return Toy(
        frequency=random.random((4, 6)),
        eigenvector=random.random((4, 6, 3)) + 1j * random.random((4, 6, 3)),
        grid=np.arange(4),
        kappa=np.full((3, 3), np.nan),
        mass=28.0855,
        name="Fd-3m (227), α-Si",
        species=("Si", "C"),
    )


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> tuple[Path, bytes]:
    """A stage file and its content."""
    path = tmp_path_factory.mktemp("sealed") / "toy.h5"
    stage_files.write(path, Toy(np.ones((2, 6)), np.ones((2, 6, 3)), np.arange(2), np.eye(3), 1.0, "toy", ("Si",)))
    return path, path.read_bytes()


def fault(path: Path, kind: type = Toy) -> str:
    """The sentence with which reading `path` is refused."""
    with pytest.raises(InputError) as refusal:
        stage_files.read(path, kind)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert path.name in sentence
    return sentence


def test_what_is_written_is_read_back_exactly(toy, tmp_path):
    stage_files.write(tmp_path / "toy.h5", toy)
    read = stage_files.read(tmp_path / "toy.h5", Toy)
    for name in ("frequency", "eigenvector", "grid", "kappa"):
        expected, found = getattr(toy, name), getattr(read, name)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    assert (read.mass, read.name, read.species, read.charges) == (28.0855, "Fd-3m (227), α-Si", ("Si", "C"), None)


def test_every_dataset_says_its_unit_its_dimensions_and_its_meaning(toy, tmp_path):
    stage_files.write(tmp_path / "toy.h5", toy)
    with h5py.File(tmp_path / "toy.h5") as file:
        assert dict(file["frequency"].attrs) == {"unit": "THz", "dims": "ir_q band", "description": "frequencies"}
        assert all({"unit", "dims", "description"} <= set(dataset.attrs) for dataset in file.values())


def test_provenance_is_kept(toy, tmp_path):
    stage_files.write(tmp_path / "toy.h5", toy, {"code": "abc", "config": "{}"})
    found = stage_files.provenance(tmp_path / "toy.h5")
    assert found["code"] == "abc"
    assert found["stage"] == "Toy"


def test_equal_work_gives_equal_bytes(toy, tmp_path, monkeypatch):
    stage_files.write(tmp_path / "one.h5", toy, {"b": "2", "a": "1"})
    monkeypatch.setattr("time.time", lambda: 2e9)
    stage_files.write(tmp_path / "two.h5", replace(toy, frequency=toy.frequency.copy()), {"a": "1", "b": "2"})
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_a_failed_write_leaves_nothing_behind(toy, tmp_path):
    with pytest.raises(ValueError, match="frequency"):
        stage_files.write(tmp_path / "toy.h5", replace(toy, frequency=np.full((4, 6), np.nan)))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_as_it_was(toy, tmp_path):
    stage_files.write(tmp_path / "toy.h5", toy)
    before = (tmp_path / "toy.h5").read_bytes()
    with pytest.raises(ValueError, match="ir_q"):
        stage_files.write(tmp_path / "toy.h5", replace(toy, grid=np.arange(5)))
    assert (tmp_path / "toy.h5").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy.h5"]


def test_a_file_has_its_name_only_when_it_is_complete(toy, tmp_path, monkeypatch):
    """A process that dies while it writes leaves no file under the final name."""

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(KeyboardInterrupt):
        stage_files.write(tmp_path / "toy.h5", toy)
    assert list(tmp_path.iterdir()) == []


def test_whoever_reads_the_old_file_reads_it_to_its_end(toy, tmp_path):
    """A file is replaced, not overwritten."""
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy)
    before = path.read_bytes()
    with path.open("rb") as reader:
        stage_files.write(path, replace(toy, name="another"))
        assert reader.read() == before
    assert path.read_bytes() != before


def flip(path: Path, content: bytes, offset: int, mask: int) -> None:
    """Write `content` with some bits of one byte turned over."""
    path.write_bytes(content[:offset] + bytes([content[offset] ^ mask]) + content[offset + 1 :])


def test_every_byte_counts(toy, tmp_path):
    """Whichever byte of a file changes, of the arrays, the attributes, HDF5's own tables or the checksum: it is refused
    as damaged."""
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy, {"settings": "{}", "code": "0123"})
    content = path.read_bytes()
    random = np.random.default_rng(2)
    for offset in {*range(600), *random.integers(600, len(content), 1500), len(content) - 1}:
        flip(path, content, offset, int(random.integers(1, 256)))
        with pytest.raises(DamagedFile):
            stage_files.read(path, Toy)
    path.write_bytes(content)
    assert stage_files.read(path, Toy).name == toy.name


@given(extra=st.binary(min_size=1, max_size=600), lost=st.integers(0, 3000), offset=st.floats(0, 1))
def test_no_other_damage_is_taken_for_the_file(sealed, extra, lost, offset):
    """Bytes that are lost, added or replaced anywhere, as a broken copy leaves them."""
    path, content = sealed
    at = int(offset * len(content))
    damaged = content[:at] + extra + content[at + lost :]
    if damaged == content:
        return
    path.write_bytes(damaged)
    with pytest.raises(InputError):
        stage_files.read(path, Toy)


def test_a_file_that_another_hand_made_needs_no_checksum(toy, tmp_path):
    """But it is never mistaken for one of ours that lost it: those do not begin as HDF5 does."""
    stage_files.write(tmp_path / "ours.h5", toy)
    with h5py.File(tmp_path / "ours.h5") as ours, h5py.File(tmp_path / "theirs.h5", "w") as theirs:
        for name in ours:
            ours.copy(name, theirs)
        theirs.attrs.update(ours.attrs)
    np.testing.assert_array_equal(stage_files.read(tmp_path / "theirs.h5", Toy).frequency, toy.frequency)


def test_other_programs_read_the_file_as_hdf5(toy, tmp_path):
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy)
    assert h5py.is_hdf5(path)
    assert path.read_bytes().startswith(b"peierls stage file 1: HDF5 from byte 512, of which the SHA-256 is ")


def test_a_file_that_was_set_aside_is_missed_by_name(toy, tmp_path):
    path = tmp_path / "toy.h5"
    path.with_name("toy.h5.corrupt").write_text("damaged")
    assert "set aside as toy.h5.corrupt; run again" in fault(path)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from dataclasses import replace
sys.path.insert(0, {tests!r})
from peierls import stage_files
from peierls.errors import DamagedFile, InputError
from test_stage_files import Toy
toy = Toy(np.ones((400, 6)), np.ones((400, 6, 3)), np.arange(400), np.eye(3), 1.0, "toy", ("Si",))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
stage_files.write("reference.h5", toy)
size = len(open("reference.h5", "rb").read())
stage_files.write("toy.h5", replace(toy, name="old"))
for limit in [0, 100, 511, 512, 1500, *np.linspace(2000, size - 1, 40).astype(int)]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        stage_files.write("toy.h5", toy)
        raise SystemExit(f"written with a limit of {{limit}} bytes")
    except InputError as error:
        assert str(error) == "toy.h5: cannot be written: File too large; mend that and run again", error
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert stage_files.read("toy.h5", Toy).name == "old"
stage_files.write("toy.h5", toy)
assert open("toy.h5", "rb").read() == open("reference.h5", "rb").read()
"""


def test_a_full_disk_is_one_sentence_wherever_it_fills_and_leaves_the_old_file(tmp_path):
    """The system refuses to write beyond a limit, which HDF5 meets at its first byte, in its data or in its last."""
    program = FULL_DISK.format(tests=str(Path(__file__).parent))
    environment = {**os.environ, "PYTHONPATH": str(Path(stage_files.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reference.h5", "toy.h5"]


def test_arrays_that_do_not_fit_are_refused_before_the_first_is_written(toy, tmp_path, monkeypatch):
    """HDF5, which may crash where writing fails, is not asked to; and what was reserved too much is given back."""
    monkeypatch.setattr(stage_files, "_write", lambda *_: pytest.fail("HDF5 has written"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"toy\.h5: cannot be written: File too large"):
            stage_files.write(tmp_path / "toy.h5", replace(toy, frequency=np.zeros((1000, 8))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(stage_files, "_write", lambda file, *_: file.create_dataset("x", data=1.0))
    stage_files.write(tmp_path / "toy.h5", replace(toy, frequency=np.zeros((1000, 8))))
    assert (tmp_path / "toy.h5").stat().st_size < 10_000


def test_what_a_killed_writer_left_is_removed_by_the_next(toy, tmp_path):
    done = subprocess.Popen(["true"])
    done.wait()
    host = socket.gethostname()
    dead, alive, elsewhere = (
        tmp_path / f".toy.h5.{where}.part" for where in (f"{host}.{done.pid}", f"{host}.1", f"other-{host}.{done.pid}")
    )
    for path in (dead, alive, elsewhere):
        path.write_text("half")
    stage_files.write(tmp_path / "toy.h5", toy)
    assert set(tmp_path.iterdir()) == {tmp_path / "toy.h5", alive, elsewhere}


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused_by_name(toy, tmp_path, kept):
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert "truncated" in fault(path)


def test_a_damaged_header_of_a_dataset_is_refused_by_name(toy, tmp_path):
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy)
    with h5py.File(path) as file:
        address = h5py.h5o.get_info(file["frequency"].id).addr
    content = bytearray(path.read_bytes())
    content[address + 512] = 9  # the version of the header, in a file whose checksum was made for it
    path.write_bytes(content)
    stage_files.seal(path)
    assert "not a readable HDF5 file" in fault(path)


def test_text_is_no_stage_file(tmp_path):
    (tmp_path / "toy.h5").write_text("kappa 42\n")
    fault(tmp_path / "toy.h5")


def test_a_missing_file_is_named(tmp_path):
    assert "no such file" in fault(tmp_path / "toy.h5")


def test_another_stage_is_refused(toy, tmp_path):
    @dataclass(frozen=True)
    class Other:
        frequency: NDArray = quantity("THz", "ir_q band", "frequencies")

    stage_files.write(tmp_path / "toy.h5", toy)
    assert "holds Toy, expected a Other" in fault(tmp_path / "toy.h5", Other)


def test_hdf5_of_another_program_is_refused(tmp_path):
    with h5py.File(tmp_path / "toy.h5", "w") as file:
        file["frequency"] = np.zeros(3)
    assert "no stage of this program" in fault(tmp_path / "toy.h5")


def set_unit(file: h5py.File) -> None:
    file["frequency"].attrs["unit"] = "rad/ps"


def drop(file: h5py.File) -> None:
    del file["frequency"]


def replace_data(array: NDArray):
    """A change of the dataset `frequency` that keeps its attributes."""

    def change(file: h5py.File) -> None:
        attributes = dict(file["frequency"].attrs)
        del file["frequency"]
        file["frequency"] = array
        file["frequency"].attrs.update(attributes)

    return change


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (set_unit, "'frequency' is in 'rad/ps', expected 'THz'"),
        (drop, "'frequency' (frequencies) is missing"),
        (replace_data(np.zeros(4)), "1 dimensions, expected 2 (ir_q band)"),
        (replace_data(np.zeros((4, 5))), "'band' is 6, expected 5"),
        (replace_data(np.full((4, 6), np.inf)), "not finite"),
        pytest.param(
            replace_data(np.ones((4, 6), np.longdouble)),
            f"'frequency' holds {np.dtype(np.longdouble)} numbers, expected float64",
            marks=pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="no longer numbers on this machine"),
        ),
    ],
    ids=["unit", "missing", "dimensions", "shape", "infinite", "type"],
)
def test_what_is_not_as_declared_is_refused(toy, tmp_path, damage, complaint):
    path = tmp_path / "toy.h5"
    stage_files.write(path, toy)
    with h5py.File(path, "r+") as file:
        damage(file)
    stage_files.seal(path)
    assert complaint in fault(path)


def test_a_fixed_length_is_checked(toy, tmp_path):
    with pytest.raises(ValueError, match="expected 3"):
        stage_files.write(tmp_path / "toy.h5", replace(toy, kappa=np.zeros((3, 2))))


@pytest.mark.parametrize(
    "stage",
    [
        *(BandStructure, Crystal, DensityOfStates, Linewidths, MatrixElements, Mesh, Phonons, ShardIndex),
        *(SpectralConductivity, Transport),
    ],
)
def test_every_array_of_every_stage_is_declared(stage):
    """No field that passes between stages is without unit, dimensions and description."""
    for field in fields(stage):
        assert field.metadata["description"], field.name
        assert {"unit", "dims"} <= set(field.metadata), field.name


def test_foreign_files_hold_what_they_are_told_and_nothing_else(tmp_path):
    """Groups in groups; text in attributes is of fixed length, as Fortran has it."""
    inner = Group({"x": Array(np.arange(3.0), {"unit": "m"})}, {"temperature": np.array([300.0])})
    stage_files.write_foreign(tmp_path / "foreign.hdf5", Group({"inner": inner}, {"species": "O Mg"}))
    with h5py.File(tmp_path / "foreign.hdf5") as file:
        assert dict(file.attrs) == {"species": b"O Mg"}
        assert file.attrs["species"].dtype.kind == "S"
        assert dict(file["inner"].attrs) == {"temperature": [300.0]}
        assert list(file["inner"]) == ["x"]
        np.testing.assert_array_equal(file["inner/x"], [0, 1, 2])
        assert dict(file["inner/x"].attrs) == {"unit": b"m"}


def test_a_foreign_file_appears_whole_or_not_at_all(tmp_path):
    broken = Group({"good": Array(np.zeros(2), {}), "bad": Array(np.array([object()]), {})}, {})
    with pytest.raises(TypeError):
        stage_files.write_foreign(tmp_path / "foreign.hdf5", broken)
    assert list(tmp_path.iterdir()) == []
