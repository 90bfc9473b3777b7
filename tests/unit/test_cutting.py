"""Into how many shards the third order is cut."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chain import face_centred, hexagonal, triclinic
from test_mesh_file import grid, write

from peierls import config, cutting, schema
from peierls.crystal import Crystal
from peierls.cutting import number_of_shards
from peierls.force_constants import writers
from peierls.mesh import build_mesh
from peierls.triplets import count_reduced_triplets

SCHEMA = schema.load(schema.shipped())
CRYSTALS = {"cubic": face_centred((28.0, 12.0)), "hexagonal": hexagonal(), "triclinic": triclinic(2)}


def run_of(folder: Path, mesh: Any, **keys: Any) -> config.Run:
    keys = {"force_constants": {"path": str(folder)}, "mesh": mesh, **keys}
    return config.load({"runs": {"one": keys}}, SCHEMA)["one"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Crystals of 6, 3 and 6 bands, in this program's own format."""
    folders = {name: tmp_path_factory.mktemp(name) for name in CRYSTALS}
    for name, folder in folders.items():
        writers.write(CRYSTALS[name], "peierls", folder)
    return folders


def test_a_number_is_taken_as_it_is(tmp_path: Path) -> None:
    assert number_of_shards(run_of(tmp_path, [5, 5, 5], chunks=5)) == 5


def test_starting_the_jobs_takes_a_tenth_of_what_they_compute(silicon_folder: Path) -> None:
    """Or there is one, where the whole is shorter than ten starts; and never more than are looked at."""
    numbers = []
    for n in range(2, 80, 3):
        numbers.append(number_of_shards(run_of(silicon_folder, [n, n, n])))
        seconds = cutting.seconds_of_stage(n**3, 48, 6)
        starts = cutting.JOB_SECONDS * numbers[-1]
        assert numbers[-1] == 1 or starts <= 0.1 * seconds
        assert numbers[-1] == cutting.MOST or starts + cutting.JOB_SECONDS > 0.1 * seconds
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (1, cutting.MOST)


@pytest.mark.parametrize("name", CRYSTALS)
def test_triplets_are_estimated_from_the_order_of_the_group(name: str) -> None:
    """Fewer than there are, for some are alike under an operation of their own, and not far fewer."""
    crystal = CRYSTALS[name]
    mesh = build_mesh(crystal, [14, 14, 14])
    counted = count_reduced_triplets(mesh, each_event_once=True)
    of_one = cutting.SECONDS_PER_TRIPLET * crystal.n_bands**3 * (1 + crystal.n_bands / 40)
    estimated = cutting.seconds_of_stage(mesh.n_points, len(mesh.rotations), crystal.n_bands) / of_one
    assert 0.9 * counted < estimated <= counted


def test_dear_crystals_are_cut_into_more(folders: dict[str, Path]) -> None:
    """More where there is less symmetry, where there are more bands, where more is to be done for each triplet."""
    shards = {name: number_of_shards(run_of(folder, [21, 21, 21])) for name, folder in folders.items()}
    assert shards["triclinic"] > 1
    assert shards["cubic"] == shards["hexagonal"] == 1
    by_method = [
        number_of_shards(run_of(folders["triclinic"], [21, 21, 21], integration={"method": method}))
        for method in ("tetrahedron", "adaptive", "gaussian")
    ]
    assert by_method == sorted(set(by_method), reverse=True)


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("sizes", [[2, 2, 2], [3, 3, 3], [4, 4, 4], [7, 7, 7]])
def test_no_shard_is_without_points(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str, sizes: list[int]
) -> None:
    monkeypatch.setattr(cutting, "JOB_SECONDS", 1e-9)
    n_irreducible = build_mesh(CRYSTALS[name], sizes).n_irreducible
    assert number_of_shards(run_of(folders[name], sizes)) == min(n_irreducible, cutting.MOST)


def test_a_density_and_a_file_are_cut_as_the_mesh_that_they_stand_for(
    silicon: Crystal, silicon_folder: Path, tmp_path: Path
) -> None:
    sizes = [27, 27, 27]
    expected = number_of_shards(run_of(silicon_folder, sizes))
    assert 1 < expected < cutting.MOST
    density = 27 * 2 * np.pi / np.linalg.norm(silicon.reciprocal[0])
    assert number_of_shards(run_of(silicon_folder, {"density": float(density)})) == expected
    file = write(tmp_path / "infile.qgrid.hdf5", sizes, grid(sizes))
    assert number_of_shards(run_of(silicon_folder, {"file": str(file)})) == expected


def test_whoever_opens_the_files_says_what_is_wrong_with_them(tmp_path: Path) -> None:
    (tmp_path / "infile.ucposcar").write_text("title\nno scale\n")
    run = run_of(tmp_path, [9, 9, 9], force_constants={"path": str(tmp_path), "format": "tdep"})
    assert number_of_shards(run) == 1
    assert number_of_shards(run_of(tmp_path / "nowhere", [9, 9, 9])) == 1
