"""Numbers as Fortran programs read them."""

import numpy as np
import pytest

from peierls.errors import InputError
from peierls.force_constants.text import Lines


def lines(tmp_path, text: str, **options) -> Lines:
    path = tmp_path / "numbers.txt"
    path.write_bytes(text.encode())
    return Lines(path, **options)


def test_blank_lines_and_words_behind_numbers_are_skipped(tmp_path):
    read = lines(tmp_path, "\n 2  atoms\r\n\n1 2 3 # a comment\n4 5 6\n")
    assert read.whole("a count") == 2
    np.testing.assert_array_equal(read.blocks(2, (3,), "three numbers"), [[1, 2, 3], [4, 5, 6]])
    read.finish("two lines")


@pytest.mark.parametrize(
    ("word", "value"), [("1.5D-3", 1.5e-3), ("1.5d0", 1.5), (".5", 0.5), ("1.", 1.0), ("1.5-103", 1.5e-103), ("-2E1", -20)]
)
def test_numbers_of_fortran(tmp_path, word, value):
    assert lines(tmp_path, f"1 {word}\n").numbers(2, "two numbers") == [1.0, value]


@pytest.mark.parametrize("word", ["nan", "inf", "1_000", "1e400", "x", "*****", "1.0.0", "0x10", "1,5"])
def test_what_is_no_number(tmp_path, word):
    with pytest.raises(InputError, match=r"numbers\.txt: line 2 is '.*', expected two numbers"):
        lines(tmp_path, f"1 2\n1 {word}\n").blocks(2, (2,), "two numbers")


def test_blocks_of_unequal_lines(tmp_path):
    read = lines(tmp_path, "1\n2 3\n\n4\n5 6\n")
    np.testing.assert_array_equal(read.blocks(2, (1, 2), "a block"), [[1, 2, 3], [4, 5, 6]])


def test_a_number_too_many_is_not_taken_for_a_comment(tmp_path):
    with pytest.raises(InputError, match=r"line 1 is '1 2 3', expected two numbers"):
        lines(tmp_path, "1 2 3\n").numbers(2, "two numbers")
    with pytest.raises(InputError, match=r"line 2 is '3', expected the end of the file after one line"):
        read = lines(tmp_path, "1 2\n3\n")
        read.numbers(2, "two numbers")
        read.finish("one line")


def test_the_end_comes_too_early(tmp_path):
    with pytest.raises(InputError, match=r"numbers\.txt: ends after line 2, expected a block; it may be truncated"):
        lines(tmp_path, "1\n2\n\n").blocks(10**12, (1,), "a block")
    with pytest.raises(InputError, match=r"numbers\.txt: ends after line 0, expected a title"):
        lines(tmp_path, "").text("a title")


@pytest.mark.parametrize("text", ["0", "11", "2.5", "-1"])
def test_counts_have_bounds(tmp_path, text):
    with pytest.raises(InputError, match=rf"line 1 is '{text}', expected a count"):
        lines(tmp_path, text).whole("a count", most=10)


def test_a_title_may_be_blank(tmp_path):
    read = lines(tmp_path, "\n1\n", titled=True)
    assert read.text("a title") == ""
    assert read.whole("a count") == 1


def test_what_is_no_text(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="binary: not a readable text file"):
        Lines(path)
