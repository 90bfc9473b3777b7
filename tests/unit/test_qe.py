"""Quantum ESPRESSO: what a .fc file and FORCE_CONSTANTS_3RD say, and what is damaged in them."""

from dataclasses import replace
from pathlib import Path

import chain
import numpy as np
import pytest
import text_formats
from format_checks import assert_refused, assert_same, cut, edit, line, remove, with_crlf

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.dynamical_matrix import dynamical_matrices
from peierls.force_constants import sum_rules

SIZES = (4, 4, 5)


def read(folder: Path, **settings) -> Crystal:
    return force_constants.read({"format": "qe", "path": folder, **settings})


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    return text_formats.qe(tmp_path_factory.mktemp("qe") / "model", chain.triclinic(), SIZES)


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """A copy of the model's files, to be damaged."""
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_what_was_written_is_read(written):
    """A crystal without symmetry: nothing is exchanged, transposed or turned round."""
    crystal = read(written)
    assert_same(crystal, chain.triclinic())
    assert crystal.isotope_source.startswith("natural")
    assert crystal.born_charges is None
    assert [source.split()[0] for source in crystal.sources] == ["model.fc", "FORCE_CONSTANTS_3RD"]
    assert force_constants.recognise(written) == "qe"


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 2, 4)])
def test_a_grid_too_small_for_the_range_is_exact_where_it_can_be(tmp_path, sizes):
    """At the q that the grid holds; the shortest images share the constants, so the symmetry stays."""
    model = chain.face_centred((28.0, 12.0))
    crystal = read(text_formats.qe(tmp_path, model, sizes))
    for q in ([0, 0, 0], [1, 0, 1], [1, 1, 1]):
        point = np.array([q]) / sizes
        found, expected = (dynamical_matrices(one, point) for one in (crystal, model))
        np.testing.assert_allclose(found, expected, atol=1e-9 * abs(expected).max())
    assert sum_rules.measure(crystal).fc2_translation < 1e-10
    assert sum_rules.measure(crystal).fc2_permutation < 1e-10


def test_equally_short_images_share(tmp_path):
    """A simple cubic chain of cells, two in each direction: the neighbour is as near on either side."""
    model = chain.spring_crystal(3.0 * np.eye(3), [[0, 0, 0]], ["Si"], [28.0], reach=3.1)
    crystal = read(text_formats.qe(tmp_path, model, (2, 2, 2)))
    vectors = {tuple(vector) for vector in crystal.fc2_vectors.tolist()}
    assert {(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)} <= vectors
    assert_same(crystal, model)


def test_ibrav_and_labels(tmp_path):
    """A lattice by its number; a mark behind the symbol of an element."""
    a = 6.0 * units.BOHR
    model = chain.spring_crystal(
        a * np.array([[-0.5, 0, 0.5], [0, 0.5, 0.5], [-0.5, 0.5, 0]]),
        [[0, 0, 0], [-0.25, 0.75, -0.25]],
        ["Si", "C"],
        [28.0, 12.0],
        reach=0.75 * a,
    )
    text_formats.qe(tmp_path, model, (4, 4, 4), lattice="2 6.0 0.0 0.0 0.0 0.0 0.0")
    edit("model.fc", "'Si '", "'si1'")(tmp_path)
    assert_same(read(tmp_path), model)


def test_charges(tmp_path):
    text_formats.qe(tmp_path, chain.triclinic(), SIZES, charges=text_formats.BORN)
    crystal = read(tmp_path)
    np.testing.assert_allclose(crystal.born_charges, text_formats.BORN)
    np.testing.assert_allclose(crystal.dielectric, text_formats.DIELECTRIC)
    assert crystal.ewald_parameter == pytest.approx(2 * np.pi / (6.0 * units.BOHR), rel=1e-14)  # celldm(1) is 6 bohr


def test_charges_that_do_not_add_up_are_an_error_or_made_neutral_on_request(tmp_path):
    """With the simple sum rule, as in matdyn.x, charges are shifted and on-site constants corrected."""
    charges = text_formats.BORN + 0.3
    text_formats.qe(tmp_path, chain.triclinic(), SIZES, charges=charges)
    assert_refused(tmp_path, "model.fc: Born charges of the primitive cell sum to 0.6000 e, expected zero")
    assert_refused(tmp_path, "1.0 e with 'force_constants.sum_rules: impose', which takes the excess from all atoms")
    crystal = read(tmp_path, sum_rules="impose")
    np.testing.assert_allclose(crystal.born_charges, text_formats.BORN, atol=1e-12)
    assert abs(crystal.fc2.sum(axis=(0, 2))).max() < 1e-8
    text_formats.qe(tmp_path, chain.triclinic(), SIZES, charges=text_formats.BORN + 0.6)
    assert_refused(tmp_path, "model.fc: Born charges of the primitive cell sum to 1.2000 e", sum_rules="impose")


def test_the_sum_rule_is_imposed_on_request(tmp_path):
    model = chain.triclinic()
    broken = replace(model, fc2=model.fc2.copy())
    home = np.flatnonzero(~model.fc2_vectors.any(axis=1))[0]
    broken.fc2[home, 0, 0] += 3.0 * np.eye(3)
    text_formats.qe(tmp_path, broken, SIZES)
    assert_same(read(tmp_path), broken)
    assert_same(read(tmp_path, sum_rules="impose"), model)


def test_names_of_files(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (folder / "FORCE_CONSTANTS_3RD").rename(other / "third")
    (folder / "model.fc").rename(folder / "second.txt")
    assert_same(read(folder, fc2="second.txt", fc3=str(other / "third")), chain.triclinic())


def test_line_ends_of_another_system_and_words_behind_numbers(folder):
    line("model.fc", 12, lambda text: text + "   a remark")(folder)
    line("FORCE_CONSTANTS_3RD", 3, lambda text: text + "   a remark")(folder)
    with_crlf(folder)
    assert_same(read(folder), chain.triclinic())


DAMAGES = {
    "no fc": (remove("model.fc"), "there is no *.fc in this folder; key 'force_constants.fc2' can name another"),
    "no third order": (remove("FORCE_CONSTANTS_3RD"), "there is no FORCE_CONSTANTS_3RD in this folder"),
    "first line": (line("model.fc", 1, lambda t: "2 two 0 6.0 0 0 0 0 0"), "model.fc: line 1 is '2 two 0 6.0 0 0 0 0"),
    "no atoms": (line("model.fc", 1, lambda t: "0 0 0 6.0 0 0 0 0 0"), "model.fc: line 1 is '0 0 0 6.0 0 0 0 0 0'"),
    "no length": (line("model.fc", 1, lambda t: "2 2 0 0.0 0 0 0 0 0"), "counts and celldm(1) positive"),
    "ibrav": (line("model.fc", 1, lambda t: "2 2 77 6.0 0 0 0 0 0"), "line 1 has ibrav 77 and celldm 6 0 0 0 0 0"),
    "flat lattice": (
        line("model.fc", 4, lambda t: "0 0 0"),
        "model.fc: line 1: the lattice vectors are as long as",
    ),
    "kinds exchanged": (line("model.fc", 5, lambda t: t.replace("1", "2", 1)), "line 5 is '2  'Si '    25520"),
    "mass": (line("model.fc", 6, lambda t: "2 'Ge ' -5.0"), "line 6 is '2 'Ge ' -5.0', expected the kind of atom 2"),
    "unknown element": (line("model.fc", 6, lambda t: "2 'Qq ' 5.0"), "model.fc: 'Qq' is not an element"),
    "atoms exchanged": (line("model.fc", 7, lambda t: "2" + t[1:]), "line 7 is '2 1 0.0000000000 0.0000000000 0.0"),
    "kind of an atom": (line("model.fc", 8, lambda t: "2 3 0.1 0.1 0.1"), "expected atom 2 and its kind, from 1 to 2"),
    "same site": (line("model.fc", 8, lambda t: "2 2 0 0 0"), "model.fc: line 8: atom 2 is on the site of atom 1"),
    "neither T nor F": (line("model.fc", 9, lambda t: "X"), "line 9 is 'X', expected T or F"),
    "charges missing": (line("model.fc", 9, lambda t: "T"), "model.fc: line 11 is '1 1 1 1', expected three numbers"),
    "sizes": (line("model.fc", 10, lambda t: "4 4"), "model.fc: line 10 is '4 4', expected n1 n2 n3"),
    "sizes of zero": (line("model.fc", 10, lambda t: "4 0 4"), "line 10 is '4 0 4', expected n1 n2 n3, positive"),
    "huge sizes": (line("model.fc", 10, lambda t: "4 4 999999999"), "line 10 is '4 4 999999999', expected n1 n2 n3"),
    "sizes exchanged": (line("model.fc", 10, lambda t: "5 4 4"), "line 16 is '1 2 1 "),
    "a block lost": (
        line("model.fc", 92, lambda t: "1 1 2 1"),
        "line 92 is '1 1 2 1', expected the block of directions",
    ),
    "a cell twice": (line("model.fc", 13, lambda t: "1" + t[1:]), "line 13 is '1 1 1 "),
    "a word": (line("model.fc", 20, lambda t: "1 3 1 zero"), "line 20 is '1 3 1 zero', expected four numbers"),
    "not finite": (line("model.fc", 20, lambda t: "2 3 1 nan"), "line 20 is '2 3 1 nan', expected four numbers"),
    "a number split": (line("model.fc", 20, lambda t: t[:-6] + " " + t[-6:]), "model.fc: line 20 is "),
    "truncated": (cut("model.fc", 1000), "model.fc: ends after line 1000, expected four numbers"),
    "too long": (
        lambda f: (f / "model.fc").open("a").write("1 1 1 0.0\n"),
        "expected the end of the file after 36 blocks",
    ),
    "not a text": (lambda f: (f / "model.fc").write_bytes(b"\xff\x00"), "model.fc: not a readable text file"),
    "empty": (lambda f: (f / "model.fc").write_text(""), "model.fc: ends after line 0, expected two counts"),
    "two fc": (lambda f: (f / "other.fc").write_text(""), "holds model.fc, other.fc; key 'force_constants.fc2'"),
    "3rd truncated": (cut("FORCE_CONSTANTS_3RD", 100), "FORCE_CONSTANTS_3RD: ends after line 100, expected a block"),
    "3rd count too high": (
        line("FORCE_CONSTANTS_3RD", 1, lambda t: str(int(t) + 1)),
        "FORCE_CONSTANTS_3RD: ends after line ",
    ),
    "3rd count too low": (
        line("FORCE_CONSTANTS_3RD", 1, lambda t: str(int(t) - 1)),
        "expected the end of the file after ",
    ),
    "3rd count in words": (line("FORCE_CONSTANTS_3RD", 1, lambda t: "ten"), "line 1 is 'ten', expected the number of"),
    "3rd block number": (
        line("FORCE_CONSTANTS_3RD", 35, lambda t: "3"),
        "line 35 is '3', expected the number of a block, 2",
    ),
    "3rd atom": (
        line("FORCE_CONSTANTS_3RD", 6, lambda t: "1 1 3"),
        "line 6 is '1 1 3', expected three atoms, each from 1 to 2",
    ),
    "3rd atom zero": (line("FORCE_CONSTANTS_3RD", 6, lambda t: "1 0 1"), "line 6 is '1 0 1', expected three atoms"),
    "3rd direction": (
        line("FORCE_CONSTANTS_3RD", 8, lambda t: "1 1 1 0.0"),
        "line 8 is '1 1 1 0.0', expected directions 1 1 2",
    ),
    "3rd word": (line("FORCE_CONSTANTS_3RD", 9, lambda t: "1 1 3 *****"), "line 9 is '1 1 3 *****', expected a block"),
    "3rd another cell": (
        line("FORCE_CONSTANTS_3RD", 4, lambda t: "3.03 0.1 0.0"),
        "line 4 holds a vector 0.0300 Å away",
    ),
    "3rd all zero": (
        lambda f: (f / "FORCE_CONSTANTS_3RD").write_text(
            "1\n1\n0 0 0\n0 0 0\n1 1 1\n"
            + "".join(f"{a} {b} {c} 0.0\n" for a in (1, 2, 3) for b in (1, 2, 3) for c in (1, 2, 3))
        ),
        "FORCE_CONSTANTS_3RD: the force constants are zero throughout",
    ),
}


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_refused_in_one_sentence(folder, damage, sentence):
    damage(folder)
    assert_refused(folder, sentence, format="qe")


def test_a_block_that_comes_twice(folder):
    """The second block is the first one's again."""
    lines = (folder / "FORCE_CONSTANTS_3RD").read_text().split("\n")
    lines[35:66] = lines[2:33][1:]
    (folder / "FORCE_CONSTANTS_3RD").write_text("\n".join(lines))
    assert_refused(folder, "FORCE_CONSTANTS_3RD: line 35 opens a block for the atoms and cells of an earlier one")


def test_charges_are_damaged(tmp_path):
    text_formats.qe(tmp_path, chain.triclinic(), SIZES, charges=text_formats.BORN)
    line("model.fc", 17, lambda text: "1")(tmp_path)
    assert_refused(tmp_path, "model.fc: line 17 is '1', expected atom 2, whose Born charges follow")
    line("model.fc", 17, lambda text: "2")(tmp_path)
    line("model.fc", 11, lambda text: "0.2 -3.5 0.0")(tmp_path)
    assert_refused(tmp_path, "model.fc: the dielectric tensor is not symmetric and positive definite")
    line("model.fc", 11, lambda text: "0.2 3.5")(tmp_path)
    assert_refused(tmp_path, "model.fc: line 11 is '0.2 3.5', expected three numbers")


def test_constants_that_depend_on_the_order_of_atoms_are_mentioned(folder, caplog):
    line("model.fc", 13, lambda text: f"2 1 1 {float(text.split()[3]) + 0.001}")(folder)
    read(folder)
    assert "model.fc: constants depend on the order of atoms" in caplog.text


def test_axes_that_changed_between_versions_are_mentioned(tmp_path, caplog):
    b, c, cosine = 1.1, 1.2, 0.1
    rows = [[0.5, b / 2, 0], [-0.5, b / 2, 0], [c * cosine, 0, c * np.sqrt(1 - cosine**2)]]
    model = chain.spring_crystal(6.0 * units.BOHR * np.array(rows), [[0, 0, 0]], ["Si"], [28.0], reach=3.5)
    text_formats.qe(tmp_path, model, (4, 4, 4), lattice=f"-13 6.0 {b} {c} 0.0 {cosine} 0.0")
    assert_same(read(tmp_path), model)
    assert "ibrav is -13" in caplog.text
