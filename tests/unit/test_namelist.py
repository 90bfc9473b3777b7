"""Fortran namelists."""

import numpy as np
import pytest

from peierls.errors import InputError
from peierls.force_constants import namelist

TEXT = """\
 anything before the first group
&Allocations
  natoms = 2, nelements=1 ! natoms = 7
/
&crystal
  LATTVEC(:,1) = 1.0 2*0.5,
  lattvec(:,2) = 0 1 0
  lattvec(1:3,3) = 0, 0, 1.D0
  elements = "Si" 'a = b / c' ! three
  types(1) = 1 1
  scell = 3*4
  masses = 28.0d0
  masses(2) = 12
&end
$flags
  espresso = .true. onlyharmonic=F
$end
"""


@pytest.fixture
def lists(tmp_path):
    return lambda text=TEXT: (path := tmp_path / "CONTROL").write_text(text) and namelist.read(path)


def test_values(lists):
    read = lists()
    assert read.whole("allocations", "natoms", ()) == 2
    np.testing.assert_array_equal(read.numbers("crystal", "lattvec", (3, 3)).T, [[1, 0.5, 0.5], [0, 1, 0], [0, 0, 1]])
    assert read.strings("crystal", "elements", 2) == ["Si", "a = b / c"]
    assert read.whole("crystal", "types", (2,)).tolist() == [1, 1]
    assert read.whole("crystal", "scell", (3,)).tolist() == [4, 4, 4]
    assert read.numbers("crystal", "masses", (2,)).tolist() == [28.0, 12.0]
    assert read.flag("flags", "espresso", default=False)
    assert not read.flag("flags", "onlyharmonic", default=True)
    assert read.flag("flags", "nonanalytic", default=True)
    assert read.numbers("crystal", "lfactor", (), default=1.0) == 1.0


def test_a_whole_array_is_filled_as_fortran_does(lists):
    read = lists("&crystal lattvec = 1 2 3 4 5 6 7 8 9 /")
    assert read.numbers("crystal", "lattvec", (3, 3))[:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("&end", "", r"CONTROL: line 5: '&crystal' has no end"),
        ("lattvec(:,2) = 0 1 0", "lattvec(:,2) = 0 1", r"CONTROL: line 8: 'lattvec' lacks values, expected 9"),
        ("lattvec(:,2) = 0 1 0", "lattvec(:,2) = 0 1 0 0", r"line 7: 'lattvec' gets 4 values, expected 3"),
        ("lattvec(:,2)", "lattvec(:,4)", r"line 7: 'lattvec\(:,4\)' is not a part of an array of 3 × 3"),
        ("lattvec(:,2)", "lattvec(2)", r"line 7: 'lattvec\(2\)' is not a part of an array of 3 × 3"),
        ("lattvec(:,2)", "lattvec(:,i)", r"line 7: 'lattvec\(:,i\)' is not a part"),
        ("0 1 0", "0 one 0", r"line 7: 'lattvec' holds 'one', expected a number"),
        ("0 1 0", "0 nan 0", r"line 7: 'lattvec' holds 'nan', expected a number"),
        ("2*0.5", "2000000000*0.5", r"line 6 repeats a value 2000000000 times"),
        ("&crystal\n", "&crystal\n  3.0\n", r"line 5: '3.0' stands before any key of &crystal"),
    ],
)
def test_damage(lists, old, new, sentence):
    assert old in TEXT
    with pytest.raises(InputError, match=sentence):
        lists(TEXT.replace(old, new)).numbers("crystal", "lattvec", (3, 3))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda read: read.numbers("crystal", "epsilon", (3, 3)), "CONTROL: 'epsilon' of &crystal is missing"),
        (lambda read: read.strings("crystal", "elements", 3), "line 9: 'elements' holds 2 names, expected 3"),
        (lambda read: read.flag("allocations", "natoms", True), "line 3: 'natoms' is '2', expected .TRUE. or .FALSE."),
        (lambda read: read.refuse_others("crystal", ("lattvec",)), "line 9: 'elements' is no key of &crystal"),
        (lambda read: read.whole("crystal", "lattvec", (3, 3)), "line 8: 'lattvec' is not whole"),
    ],
)
def test_what_is_asked_for_is_not_there(lists, call, sentence):
    with pytest.raises(InputError) as caught:
        call(lists())
    assert sentence in str(caught.value)


def test_an_open_quote(lists):
    with pytest.raises(InputError, match='line 1 has a stray "'):
        lists('&crystal elements="Si\n types=1 / ')
