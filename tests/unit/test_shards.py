"""Shards of the matrix elements and the index that stands for them."""

import numpy as np
import pytest
from chain import compute, face_centred
from numpy.testing import assert_array_equal

from peierls import stage_files
from peierls.errors import InputError
from peierls.matrix_elements import compute_matrix_elements
from peierls.shards import index_shards, open_shards


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


@pytest.fixture
def write(chain, tmp_path):
    """Write the shards of a division into n, round robin, and give their paths."""

    def write(n):
        paths = [tmp_path / "matrix_elements" / str(n) / f"{number}.h5" for number in range(n)]
        for number, path in enumerate(paths):
            points = np.arange(number, chain.mesh.n_irreducible, n)
            stage_files.write(
                path,
                compute_matrix_elements(chain.crystal, chain.mesh, chain.phonons, chain.integration, points),
                {"chunk": str(number)},
            )
        return paths

    return write


def test_the_index_is_the_same_byte_for_byte_for_every_number_of_shards(write, tmp_path):
    contents = []
    for n in (1, 3, 5, 11):  # more shards than points leave some of them empty
        stage_files.write(tmp_path / "index.h5", index_shards(write(n)))
        contents.append((tmp_path / "index.h5").read_bytes())
    assert len(set(contents)) == 1


def test_the_index_changes_with_any_number_in_a_shard(write, chain):
    paths = write(2)
    before = index_shards(paths)
    shard = stage_files.read(paths[1], type(chain.elements))
    shard.strengths[-1] *= 1 + 1e-15
    stage_files.write(paths[1], shard)
    after = index_shards(paths)
    assert sum(a != b for a, b in zip(before.checksums, after.checksums, strict=True)) == 1


def test_the_index_counts_what_each_point_has(write, chain):
    index = index_shards(write(3))
    assert index.n_triplets.sum() == len(chain.elements.second_points)
    assert index.n_entries.sum() == len(chain.elements.strengths)


def test_shards_are_found_beside_the_index_and_give_the_same_linewidths_for_any_division(write, chain, tmp_path):
    index = tmp_path / "matrix_elements.h5"
    results = []
    for n in (1, 3, 5):
        paths = write(n)
        stage_files.write(index, index_shards(paths))
        results.append(chain.linewidths_of(open_shards(index), 300.0).linewidth)
        for path in paths:
            path.unlink()
    for result in results:
        np.testing.assert_allclose(result, chain.linewidths(300.0).linewidth, rtol=1e-12)


def test_a_complete_division_is_taken_where_another_is_incomplete(write, chain, tmp_path):
    write(2)[1].unlink()
    paths = write(3)
    index = tmp_path / "matrix_elements.h5"
    stage_files.write(index, index_shards(paths))
    points = np.concatenate([shard.points for shard in open_shards(index)])
    assert_array_equal(np.sort(points), np.arange(chain.mesh.n_irreducible))


def refusal(call, *arguments):
    with pytest.raises(InputError) as error:
        list(call(*arguments))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_shard_is_refused(write, tmp_path):
    paths = write(3)
    index = tmp_path / "matrix_elements.h5"
    stage_files.write(index, index_shards(paths))
    paths[1].unlink()
    assert "no complete set of shards" in refusal(open_shards, index)
    assert str(paths[1]) in refusal(index_shards, paths)


def test_a_truncated_shard_is_named(write):
    paths = write(3)
    paths[2].write_bytes(paths[2].read_bytes()[:-200])
    assert str(paths[2]) in refusal(index_shards, paths)


def test_a_shard_of_another_calculation_is_named(write, chain, tmp_path):
    paths = write(3)
    index = tmp_path / "matrix_elements.h5"
    stage_files.write(index, index_shards(paths))
    shard = stage_files.read(paths[2], type(chain.elements))
    shard.strengths[0] *= 2
    stage_files.write(paths[2], shard)
    sentence = refusal(open_shards, index)
    assert str(paths[2]) in sentence
    assert "checksum" in sentence


def test_points_that_are_missing_or_twice_there_are_refused(write):
    paths = write(3)
    assert "irreducible point 0 is neither in it nor in the shards beside it" in refusal(index_shards, paths[1:])
    assert "another shard" in refusal(index_shards, [*paths, paths[0]])
