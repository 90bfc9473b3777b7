"""TDEP: its three files, alloys, isotopes and the polar tail."""

from pathlib import Path

import chain
import numpy as np
import periodictable
import pytest
import text_formats
from format_checks import assert_refused, assert_same, cut, line, remove, with_crlf

from peierls import force_constants
from peierls.crystal import Crystal
from peierls.force_constants import tdep, ucposcar

STRUCTURE, SECOND, THIRD = "infile.ucposcar", "infile.forceconstant", "infile.forceconstant_thirdorder"
MODEL = chain.triclinic()


def read(folder: Path, **settings) -> Crystal:
    return force_constants.read({"format": "tdep", "path": folder, **settings})


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    return text_formats.tdep(tmp_path_factory.mktemp("tdep") / "model", MODEL)


@pytest.fixture
def folder(written, tmp_path) -> Path:
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_what_was_written_is_read(written):
    crystal = read(written)
    assert_same(crystal, MODEL, tolerance=1e-12)
    np.testing.assert_allclose(crystal.mass_variances, MODEL.mass_variances, rtol=1e-9)
    assert crystal.isotope_source == "file infile.isotopes"
    assert crystal.born_charges is None
    assert [source.split()[0] for source in crystal.sources] == [STRUCTURE, SECOND, THIRD, "infile.isotopes"]
    assert force_constants.recognise(written) == "tdep"


def test_natural_isotopes_without_a_file(folder):
    (folder / "infile.isotopes").rename(folder / "isotopes.txt")
    crystal = read(folder)
    assert crystal.masses.tolist() == [periodictable.Si.mass, periodictable.Ge.mass]
    assert crystal.isotope_source.startswith("natural")
    np.testing.assert_allclose(read(folder, infile_isotopes="isotopes.txt").masses, MODEL.masses)


def test_polar_tail(tmp_path):
    """Short-ranged constants as they stand; charges from components and coefficients, λ per Å."""
    crystal = read(text_formats.tdep(tmp_path, MODEL, charges=text_formats.BORN))
    assert_same(crystal, MODEL, tolerance=1e-12)
    np.testing.assert_allclose(crystal.born_charges, text_formats.BORN, atol=1e-12)
    np.testing.assert_allclose(crystal.dielectric, text_formats.DIELECTRIC)


@pytest.mark.parametrize(
    ("number", "text", "sentence"),
    [
        (0, "1 deprecated", "is '1 deprecated', expected 0 for a crystal that is not polar, or 3"),
        (0, "4", "is '4', expected 0 for a crystal that is not polar, or 3"),
        (1, "3.0 0.2", "is '3.0 0.2', expected three numbers: a row of the dielectric tensor"),
        (1, "-3.0 0.2 0.0", "infile.forceconstant: the dielectric tensor is not symmetric and positive definite"),
        (4, "0.0", "is '0.0', expected the Ewald coupling parameter in 1/bohr, positive"),
        (5, "0", "is '0', expected the number of independent components"),
        (8, "1.0", "is '1.0', expected 2 coefficients of a Born charge"),
        (27, "9.9 0.1 0.0", "is '9.9 0.1 0.0', expected the charges that the components and coefficients give"),
    ],
)
def test_damaged_polar_tail(tmp_path, number, text, sentence):
    text_formats.tdep(tmp_path, MODEL, charges=text_formats.BORN)
    start = (tmp_path / SECOND).read_text().split("\n").index("3  polar") + 1
    line(SECOND, start + number, lambda _: text)(tmp_path)
    assert_refused(tmp_path, sentence)


def test_charges_that_do_not_add_up(tmp_path):
    text_formats.tdep(tmp_path, MODEL, charges=text_formats.BORN + 0.1)
    assert_refused(tmp_path, "infile.forceconstant: Born charges of the primitive cell sum to 0.2000 e, expected zero")


def test_line_ends_of_another_system(folder):
    line(SECOND, 4, lambda text: text + " # more words")(folder)
    with_crlf(folder)
    assert_same(read(folder), MODEL, tolerance=1e-12)


def test_isotopes_weigh_what_there_is_of_them(folder):
    """Natural boron and one isotope alone; concentrations in per cent are as good."""
    (folder / "infile.isotopes").write_text("2\n19.9 10.0129\n80.1 11.0093\n1\n0.5 73.0\n")
    crystal = read(folder)
    mean = 0.199 * 10.0129 + 0.801 * 11.0093
    variance = (0.199 * (10.0129 - mean) ** 2 + 0.801 * (11.0093 - mean) ** 2) / mean**2
    np.testing.assert_allclose(crystal.masses, [mean, 73.0], rtol=1e-14)
    np.testing.assert_allclose(crystal.mass_variances, [variance, 0.0], rtol=1e-12)


# --- infile.ucposcar --------------------------------------------------------------------------------------------------

POSCAR = """\

{scale}
0.0 2.0 2.0
2.0 0.0 2.0
2.0 2.0 0.0
Si Ge
1 1
{mode}
0.0 0.0 -0.0 first atom
{second}
"""


def structure(tmp_path: Path, scale="1.0", mode="Direct", second="0.25 0.25 1.25"):
    path = tmp_path / STRUCTURE
    path.write_text(POSCAR.format(scale=scale, mode=mode, second=second))
    return ucposcar.read(path)[0]


def test_positions_are_wrapped(tmp_path):
    np.testing.assert_allclose(structure(tmp_path).positions, [[0, 0, 0], [0.25, 0.25, 0.25]])
    cell = structure(tmp_path, second="-0.75 0.99999999999999 0.25")
    np.testing.assert_allclose(cell.positions[1], [0.25, 0.0, 0.25], atol=1e-12)


def test_scale_is_a_factor_or_a_volume(tmp_path):
    np.testing.assert_allclose(structure(tmp_path, scale="1.5").lattice[0], [0.0, 3.0, 3.0])
    assert abs(np.linalg.det(structure(tmp_path, scale="-54.0").lattice)) == pytest.approx(54.0)


def test_cartesian_positions_are_in_angstrom_whatever_the_scale(tmp_path):
    cell = structure(tmp_path, scale="1.5", mode="Cartesian", second="1.5 1.5 1.5")
    np.testing.assert_allclose(cell.positions[1], [0.25, 0.25, 0.25])


def alloy(tmp_path: Path, site: str) -> tuple[Crystal, float, float]:
    path = tmp_path / STRUCTURE
    path.write_text(POSCAR.format(scale="1.0", mode="Direct", second=site).replace("Si Ge", "Si ALLOY1"))
    cell, variances = ucposcar.read(path)
    return cell, float(cell.masses[1]), float(variances[1])


def test_an_alloy_is_the_union_of_its_isotopes(tmp_path):
    cell, mass, variance = alloy(tmp_path, "0.25 0.25 0.25 2  Si 0.3 Ge 0.7")
    shares, masses = [], []
    for element, concentration in ((periodictable.Si, 0.3), (periodictable.Ge, 0.7)):
        for number in element.isotopes:
            shares.append(concentration * element[number].abundance / 100)
            masses.append(element[number].mass)
    mean = np.average(masses, weights=shares)
    assert mass == pytest.approx(mean, rel=1e-4)
    assert variance == pytest.approx(np.average((1 - np.array(masses) / mean) ** 2, weights=shares), rel=1e-3)
    assert cell.species == ("Si", "Si0.3Ge0.7")
    assert cell.masses[0] == periodictable.Si.mass


def test_mass_disorder_of_an_alloy_scatters(tmp_path):
    """g of Si and Ge in equal parts is (M - m)²/(M + m)² and a little more for the isotopes."""
    _, _, variance = alloy(tmp_path, "0.25 0.25 0.25 2  Si 0.5 Ge 0.5")
    si, ge = periodictable.Si.mass, periodictable.Ge.mass
    assert ((ge - si) / (ge + si)) ** 2 < variance < ((ge - si) / (ge + si)) ** 2 + 7e-4


@pytest.mark.parametrize(
    ("site", "sentence"),
    [
        ("0.25 0.25 0.25", "line 10 is '0.25 0.25 0.25', expected three coordinates, the number of components"),
        ("0.25 0.25 0.25 1 Si 1.0", "expected three coordinates, the number of components"),
        ("0.25 0.25 0.25 2 Si 0.5 Si 0.5", "expected three coordinates, the number of components"),
        ("0.25 0.25 0.25 3 Si 0.5 Ge 0.5", "expected three coordinates, the number of components"),
        ("0.25 0.25 0.25 2 Si half Ge 0.5", "expected three coordinates, the number of components"),
        ("0.25 0.25 0.25 2 Si 0.5 Ge 0.6", "line 10 has the concentrations 0.5 0.6, expected none below zero"),
        ("0.25 0.25 0.25 2 Si -0.5 Ge 1.5", "line 10 has the concentrations -0.5 1.5, expected none below zero"),
        ("0.25 0.25 0.25 2 Si 0.5 Qq 0.5", "line 10: 'Qq' is not an element"),
    ],
)
def test_damaged_alloys(tmp_path, site, sentence):
    with pytest.raises(force_constants.InputError) as caught:
        alloy(tmp_path, site)
    assert sentence in str(caught.value)


# --- damaged input ----------------------------------------------------------------------------------------------------

DAMAGES = {
    "no structure": (remove(STRUCTURE), "there is no infile.ucposcar in this folder"),
    "no second order": (remove(SECOND), "there is no infile.forceconstant in this folder"),
    "no third order": (remove(THIRD), "there is no infile.forceconstant_thirdorder in this folder"),
    "scale": (
        line(STRUCTURE, 2, lambda t: "one"),
        "infile.ucposcar: line 2 is 'one', expected the scale of the lattice",
    ),
    "flat": (line(STRUCTURE, 3, lambda t: "0 0 0"), "infile.ucposcar: line 3: the lattice vectors are as long as"),
    "lattice": (line(STRUCTURE, 4, lambda t: "0 0 x"), "line 4 is '0 0 x', expected three numbers: a lattice vector"),
    "no symbols": (line(STRUCTURE, 6, lambda t: "# Si Ge"), "line 6 is '# Si Ge', expected symbols of elements"),
    "symbol": (line(STRUCTURE, 6, lambda t: "Si Qq"), "infile.ucposcar: line 10: 'Qq' is not an element"),
    "counts": (line(STRUCTURE, 7, lambda t: "1"), "line 7 is '1', expected 2 positive numbers of atoms"),
    "count of zero": (line(STRUCTURE, 7, lambda t: "1 0"), "line 7 is '1 0', expected 2 positive numbers of atoms"),
    "too many atoms": (line(STRUCTURE, 7, lambda t: "1 2"), "infile.ucposcar: ends after line 10, expected three"),
    "too few atoms": (
        line(STRUCTURE, 6, lambda t: "Si"),
        "infile.ucposcar: line 7 is '1 1', expected 1 positive numbers of atoms",
    ),
    "mode": (line(STRUCTURE, 8, lambda t: "Selective"), "line 8 is 'Selective', expected Direct or Cartesian"),
    "position": (line(STRUCTURE, 10, lambda t: "0.4 0.5"), "line 10 is '0.4 0.5', expected three coordinates"),
    "truncated structure": (cut(STRUCTURE, 5), "infile.ucposcar: ends after line 5, expected symbols of elements"),
    "another structure": (
        lambda f: (
            line(STRUCTURE, 6, lambda t: "Si")(f),
            line(STRUCTURE, 7, lambda t: "1")(f),
            remove("infile.isotopes")(f),
        ),
        "infile.forceconstant: line 1 is '2  How many atoms per unit cell', expected 1, the number of atoms",
    ),
    "number of atoms": (line(SECOND, 1, lambda t: "3"), "infile.forceconstant: line 1 is '3', expected 2"),
    "cutoff": (line(SECOND, 2, lambda t: "-1.0"), "infile.forceconstant: line 2 is '-1.0', expected the cutoff in Å"),
    "another cell": (line(STRUCTURE, 2, lambda t: "1.02"), "Å apart, expected at most the cutoff of "),
    "number of pairs": (line(SECOND, 3, lambda t: "many"), "line 3 is 'many', expected the number of pairs of atom 1"),
    "a pair too many": (
        line(SECOND, 3, lambda t: str(int(t.split()[0]) + 1)),
        "expected a pair: an atom, a lattice vector and three rows of constants",
    ),
    "a pair too few": (line(SECOND, 3, lambda t: str(int(t.split()[0]) - 1)), "infile.forceconstant: "),
    "atom": (line(SECOND, 4, lambda t: "3"), "line 4 is '3', expected an atom, from 1 to 2"),
    "atom zero": (line(SECOND, 4, lambda t: "0"), "line 4 is '0', expected an atom, from 1 to 2"),
    "vector": (
        line(SECOND, 5, lambda t: "0.5 0 0"),
        "line 5 is '0.5 0 0', expected a lattice vector, three whole numbers",
    ),
    "far vector": (line(SECOND, 5, lambda t: "1e9 0 0"), "line 5 is '1e9 0 0', expected a lattice vector"),
    "word": (line(SECOND, 6, lambda t: "1.0 x 0.0"), "infile.forceconstant: line 6 is '1.0 x 0.0', expected a pair"),
    "truncated second": (cut(SECOND, 50), "infile.forceconstant: ends after line 50"),
    "no end": (cut(SECOND, -2), "expected 0 for a crystal that is not polar, or 3 and its charges"),
    "too long": (lambda f: (f / SECOND).open("a").write("1 2 3\n"), "expected the end of the file after the 0"),
    "third: atoms": (line(THIRD, 1, lambda t: "1"), "infile.forceconstant_thirdorder: line 1 is '1', expected 2"),
    "third: atom": (line(THIRD, 5, lambda t: "7"), "line 5 is '7', expected an atom, from 1 to 2"),
    "third: first atom": (
        line(THIRD, 4, lambda t: "2"),
        "line 4 opens a triplet of atom 2 in cell 0 0 0, expected atom 1",
    ),
    "third: home": (
        line(THIRD, 7, lambda t: "1 0 0"),
        "line 4 opens a triplet of atom 1 in cell 1 0 0, expected atom 1",
    ),
    "third: vector": (line(THIRD, 8, lambda t: "0 0.3 0"), "line 8 is '0 0.3 0', expected a lattice vector"),
    "third: word": (line(THIRD, 12, lambda t: "0 - 0"), "line 12 is '0 - 0', expected a triplet"),
    "third: truncated": (cut(THIRD, 60), "infile.forceconstant_thirdorder: ends after line 60, expected a triplet"),
    "third: too long": (
        lambda f: (f / THIRD).open("a").write("1\n"),
        "expected the end of the file after the triplets of 2 atoms",
    ),
    "isotopes: count": (line("infile.isotopes", 1, lambda t: "0"), "line 1 is '0', expected the number of isotopes"),
    "isotopes: mass": (
        line("infile.isotopes", 2, lambda t: "1 -28"),
        "line 2 is '1 -28', expected a concentration >= 0",
    ),
    "isotopes: zero": (
        lambda f: (f / "infile.isotopes").write_text("1\n0.0 28.0\n1\n1.0 73.0\n"),
        "infile.isotopes: line 2: concentrations of atom 1 are zero",
    ),
    "isotopes: truncated": (cut("infile.isotopes", 4), "infile.isotopes: ends after line 4"),
    "isotopes: too many": (
        lambda f: (f / "infile.isotopes").open("a").write("1\n1.0 1.0\n"),
        "expected the end of the file after the isotopes of 2 atoms",
    ),
}


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_are_refused_in_one_sentence(folder, damage, sentence):
    damage(folder)
    assert_refused(folder, sentence, format="tdep")


@pytest.mark.parametrize(("name", "length"), [(SECOND, 5), (THIRD, 15)])
def test_a_block_that_comes_twice(folder, name, length):
    lines = (folder / name).read_text().split("\n")
    lines[3 + length : 3 + 2 * length] = lines[3 : 3 + length]
    (folder / name).write_text("\n".join(lines))
    assert_refused(folder, f"{name}: line {4 + length} opens a block for the atoms and cells of an earlier one")


@pytest.mark.parametrize("name", [SECOND, THIRD])
def test_zero_throughout(folder, name):
    lines = (folder / name).read_text().split("\n")
    widths = (1, 3, 3, 3, 3) if name == SECOND else (1, 1, 1, *[3] * 12)
    start, length = 3, len(widths)
    for _ in range(2):
        count = int(lines[start - 1].split()[0])
        for block in range(count):
            first = start + block * length + (2 if name == SECOND else 6)
            stop = start + (block + 1) * length
            lines[first:stop] = ["0 0 0"] * (stop - first)
        start += count * length + 1
    (folder / name).write_text("\n".join(lines))
    assert_refused(folder, f"{name}: the force constants are zero throughout")


def test_the_range_parameter_is_per_angstrom(tmp_path):
    text_formats.tdep(tmp_path, MODEL, charges=text_formats.BORN)
    cell, _ = ucposcar.read(tmp_path / STRUCTURE)
    _, _, tail = tdep._second_order(tmp_path / SECOND, cell)
    assert tail is not None
    assert tail.range_parameter == pytest.approx(0.7 / 0.529177210903)


# --- what could be less than it was -----------------------------------------------------------------------------------


def test_a_last_number_without_the_end_of_its_line_is_mentioned(folder, caplog):
    """A file that was cut within its last number is a valid file with another number."""
    path = folder / "infile.isotopes"
    path.write_text(path.read_text()[: -len("0.5\n") - 1])
    read(folder)
    assert "infile.isotopes: ends in the middle of line 6; it may be truncated" in caplog.text
    caplog.clear()
    path.write_text("\n".join(["1", "1.0 28.0", "1", "1.0 73.0 amu"]))
    read(folder)
    assert not caplog.text
