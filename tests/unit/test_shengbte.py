"""ShengBTE: CONTROL, both forms of the second order, and files that do not belong together."""

from dataclasses import replace
from pathlib import Path

import chain
import numpy as np
import pytest
import text_formats
from format_checks import assert_refused, assert_same, cut, edit, line, remove, with_crlf

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.force_constants import elements

SIZES = (4, 3, 4)
MODEL = chain.spring_crystal(
    [[3.0, 0.1, 0.0], [0.4, 3.2, 0.2], [-0.3, 0.5, 3.4]],
    [[0.0, 0.0, 0.0], [0.48, 0.53, 0.41]],
    ["Si", "Ge"],
    [28.0, 73.0],
    reach=3.3,
)


def read(folder: Path, **settings) -> Crystal:
    return force_constants.read({"format": "shengbte", "path": folder, **settings})


def copied(source: Path, target: Path) -> Path:
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


@pytest.fixture(scope="module")
def from_espresso(tmp_path_factory) -> Path:
    return text_formats.shengbte(tmp_path_factory.mktemp("espresso") / "model", MODEL, SIZES)


@pytest.fixture(scope="module")
def from_phonopy(tmp_path_factory) -> Path:
    return text_formats.shengbte(tmp_path_factory.mktemp("phonopy") / "model", MODEL, SIZES, espresso=False)


@pytest.fixture
def espresso(from_espresso, tmp_path) -> Path:
    return copied(from_espresso, tmp_path)


@pytest.fixture
def phonopy(from_phonopy, tmp_path) -> Path:
    return copied(from_phonopy, tmp_path)


def test_both_forms_of_the_second_order(from_espresso, from_phonopy):
    for folder in (from_espresso, from_phonopy):
        crystal = read(folder)
        assert_same(crystal, MODEL)
        assert crystal.mass_variances.tolist() == [1e-3, 1e-3]
        assert crystal.isotope_source == "file CONTROL"
        assert force_constants.recognise(folder) == "shengbte"
    names = [source.split()[0] for source in crystal.sources]
    assert names == ["CONTROL", "FORCE_CONSTANTS_2ND", "FORCE_CONSTANTS_3RD"]


def test_rows_of_the_first_cell_only(phonopy):
    """phonopy's compact form."""
    text_formats.phonopy_full(phonopy / "FORCE_CONSTANTS_2ND", MODEL, SIZES, compact=True)
    assert_same(read(phonopy), MODEL)


def test_two_counts(phonopy):
    line("FORCE_CONSTANTS_2ND", 1, lambda text: f"  {text}  {text}")(phonopy)
    assert_same(read(phonopy), MODEL)


def test_natural_masses_unless_control_says_otherwise(espresso):
    edit("CONTROL", "autoisotopes=.FALSE.", "autoisotopes=.TRUE.")(espresso)
    crystal = read(espresso)
    np.testing.assert_array_equal(crystal.masses, elements.natural_masses(["Si", "Ge"], ""))
    np.testing.assert_array_equal(crystal.mass_variances, elements.natural_mass_variances(["Si", "Ge"], ""))
    edit("CONTROL", "  masses=28.0 73.0\n", "")(espresso)
    read(espresso)
    edit("CONTROL", "autoisotopes=.TRUE.", "autoisotopes=.FALSE.")(espresso)
    assert_refused(espresso, "CONTROL: 'masses' of &crystal is missing")


def test_isotopes_are_for_the_configuration_to_decide(espresso, caplog):
    edit("CONTROL", "autoisotopes", "isotopes=F autoisotopes")(espresso)
    caplog.set_level("INFO")
    assert read(espresso).mass_variances.tolist() == [1e-3, 1e-3]
    assert "flag 'isotopes' is false; here key 'scattering.isotopes' decides" in caplog.text


@pytest.mark.parametrize("espresso", [True, False])
def test_charges(tmp_path, espresso):
    text_formats.shengbte(tmp_path, MODEL, SIZES, espresso=espresso, charges=text_formats.BORN)
    crystal = read(tmp_path)
    np.testing.assert_allclose(crystal.born_charges, text_formats.BORN)
    np.testing.assert_allclose(crystal.dielectric, text_formats.DIELECTRIC)
    if espresso:  # of the file, whose celldm(1) is 6 bohr, and not of ShengBTE's first lattice vector
        assert crystal.ewald_parameter == pytest.approx(2 * np.pi / (6.0 * units.BOHR), rel=1e-14)
    else:
        assert crystal.ewald_parameter is None
        edit("CONTROL", "autoisotopes", "nonanalytic=F autoisotopes")(tmp_path)
        assert read(tmp_path).born_charges is None


def test_charges_that_do_not_add_up(tmp_path):
    text_formats.shengbte(tmp_path, MODEL, SIZES, espresso=False, charges=text_formats.BORN + 0.2)
    assert_refused(tmp_path, "CONTROL: Born charges of the primitive cell sum to 0.4000 e, expected zero")


def test_charges_in_one_of_two_files(tmp_path):
    """Constants of q2r.x are short-ranged if, and only if, it knew the charges."""
    text_formats.shengbte(tmp_path, MODEL, SIZES, charges=text_formats.BORN)
    complete = (tmp_path / "CONTROL").read_text()
    (tmp_path / "CONTROL").write_text("\n".join(row for row in complete.split("\n") if "born" not in row))
    assert_refused(tmp_path, "CONTROL: 'born' of &crystal is missing")
    (tmp_path / "CONTROL").write_text("\n".join(row for row in complete.split("\n") if "epsilon" not in row))
    assert_refused(tmp_path, "espresso.ifc2: Born charges or none: True, expected those of ")
    (tmp_path / "CONTROL").write_text(complete.replace("2.3", "2.2"))
    assert_refused(tmp_path, "espresso.ifc2: dielectric tensor and Born charges are not those of ")


def test_names_of_files(espresso):
    (espresso / "CONTROL").rename(espresso / "control.in")
    (espresso / "espresso.ifc2").rename(espresso / "model.fc")
    assert_same(read(espresso, control="control.in", fc2="model.fc"), MODEL)


def test_an_atom_elsewhere_is_mentioned(espresso, caplog):
    """ShengBTE ignores where espresso.ifc2 has the atoms, and is followed; what that does to FC2 is said."""
    edit("CONTROL", "positions(:,2)=0.48", "positions(:,2)=-0.52")(espresso)
    crystal = read(espresso)
    assert "espresso.ifc2: atom 2 is 3.0017 Å away from where" in caplog.text
    np.testing.assert_allclose(crystal.positions[1], [-0.52, 0.53, 0.41])


@pytest.mark.parametrize("fixture", ["espresso", "phonopy"])
def test_line_ends_of_another_system_and_comments(request, fixture):
    folder = request.getfixturevalue(fixture)
    edit("CONTROL", "&crystal", "\n! the crystal = one 'of' many\n&crystal ! here")(folder)
    second = "espresso.ifc2" if fixture == "espresso" else "FORCE_CONSTANTS_2ND"
    line(second, 13, lambda text: text + "   a remark")(folder)
    with_crlf(folder)
    assert_same(read(folder), MODEL)


THIRD = "FORCE_CONSTANTS_3RD"
CONTROL = {
    "no control": (remove("CONTROL"), "there is no CONTROL in this folder"),
    "truncated": (
        cut("CONTROL", 9),
        "CONTROL: line 5: '&crystal' has no end, expected &end or /; the file may be truncated",
    ),
    "misspelt key": (
        edit("CONTROL", "gfactors", "gfactor"),
        "'gfactor' is no key of &crystal, expected lfactor, lattvec",
    ),
    "no atoms": (edit("CONTROL", "natoms=2", "natoms=0"), "CONTROL: there are 2 elements and 0 atoms"),
    "too many atoms": (edit("CONTROL", "natoms=2", "natoms=3"), "CONTROL: line 11: 'types' lacks values, expected 3"),
    "no lattice": (edit("CONTROL", "lattvec", "! lattvec", 3), "CONTROL: 'lattvec' of &crystal is missing"),
    "flat lattice": (
        edit("CONTROL", "lfactor=0.1", "lfactor=0.0"),
        "CONTROL: 'lfactor' and 'lattvec': the lattice vectors are as long as 0 Å or span no volume",
    ),
    "types": (
        edit("CONTROL", "types=1 2", "types=1 3"),
        "CONTROL: 'types' of &crystal is [1, 3], expected numbers from 1 to 2",
    ),
    "names": (edit("CONTROL", '"Si" "Ge"', '"Si"'), "CONTROL: line 10: 'elements' holds 1 names, expected 2"),
    "words": (
        edit("CONTROL", "masses=28.0", "masses=heavy"),
        "CONTROL: line 14: 'masses' holds 'heavy', expected a number",
    ),
    "negative": (
        edit("CONTROL", "masses=28.0", "masses=-28.0"),
        "'masses' and 'gfactors' of &crystal go down to -28 and",
    ),
    "scell": (edit("CONTROL", "scell(:)=4 3", "scell(:)=4 0"), "'scell' of &crystal is [4, 0, 4], expected positive"),
    "no scell": (edit("CONTROL", "scell(:)", "! scell"), "CONTROL: 'scell' of &crystal is missing"),
    "flag": (edit("CONTROL", "espresso=.TRUE.", "espresso=1"), "'espresso' is '1', expected .TRUE. or .FALSE."),
    "tdep": (edit("CONTROL", "espresso=", "tdep=.TRUE. espresso="), "expected format 'tdep' for them"),
}
ESPRESSO = {
    "no second order": (remove("espresso.ifc2"), "there is no espresso.ifc2 in this folder"),
    "truncated": (cut("espresso.ifc2", 100), "espresso.ifc2: ends after line 100"),
    "another supercell": (
        edit("CONTROL", "scell(:)=4 3 4", "scell(:)=4 4 4"),
        "espresso.ifc2: n1 n2 n3 ('scell'): 4 3 4, expected",
    ),
    "species exchanged": (
        edit("CONTROL", '"Si" "Ge"', '"Ge" "Si"'),
        "CONTROL: line 14: 'masses' gives atom 1, Ge, the mass 28.000 amu, that of Si",
    ),
    "another species": (
        edit("CONTROL", '"Si" "Ge"', '"Si" "C"'),
        "espresso.ifc2: species: Si Ge, expected those of",
    ),
    "another cell": (edit("CONTROL", "lfactor=0.1", "lfactor=0.101"), "its lattice vectors are 0.0340 Å off those of"),
    "3rd of another cell": (line(THIRD, 4, lambda t: "3.03 0.1 0.0"), "line 4 holds a vector 0.0300 Å away"),
    "3rd truncated": (cut(THIRD, 100), "FORCE_CONSTANTS_3RD: ends after line 100, expected a block"),
}
PHONOPY = {
    "no second order": (remove("FORCE_CONSTANTS_2ND"), "there is no FORCE_CONSTANTS_2ND in this folder"),
    "another supercell": (
        edit("CONTROL", "scell(:)=4 3 4", "scell(:)=4 4 4"),
        "line 1 is '96', expected 128, the number of atoms",
    ),
    "truncated": (
        cut("FORCE_CONSTANTS_2ND", 1000),
        "FORCE_CONSTANTS_2ND: ends after line 1000, expected a pair of atoms",
    ),
    "pair": (line("FORCE_CONSTANTS_2ND", 6, lambda t: "1 3"), "line 6 is '1 3', expected the pair of atoms 1 2"),
    "word": (
        line("FORCE_CONSTANTS_2ND", 7, lambda t: "0 0 x"),
        "line 7 is '0 0 x', expected a pair of atoms and three rows",
    ),
    "too long": (
        lambda f: (f / "FORCE_CONSTANTS_2ND").open("a").write("1 1\n"),
        "expected the end of the file after 9216 pairs of atoms",
    ),
}


@pytest.mark.parametrize(("damage", "sentence"), [*CONTROL.values(), *ESPRESSO.values()], ids=[*CONTROL, *ESPRESSO])
def test_damaged_files_are_refused_in_one_sentence(espresso, damage, sentence):
    damage(espresso)
    assert_refused(espresso, sentence, format="shengbte")


@pytest.mark.parametrize(("damage", "sentence"), PHONOPY.values(), ids=PHONOPY)
def test_damaged_force_constants_of_phonopy(phonopy, damage, sentence):
    damage(phonopy)
    assert_refused(phonopy, sentence, format="shengbte")


def test_zero_throughout(tmp_path):
    text_formats.shengbte(tmp_path, replace(MODEL, fc2=np.zeros_like(MODEL.fc2)), SIZES)
    assert_refused(tmp_path, "espresso.ifc2: the force constants are zero throughout")


def test_masses_that_are_not_used_are_mentioned(espresso, caplog):
    """Without its flag, CONTROL has natural isotopes whatever masses it gives."""
    edit("CONTROL", "autoisotopes=.FALSE.", "")(espresso)
    read(espresso)
    assert "CONTROL: 'masses' and 'gfactors' are not used, for the flag 'autoisotopes' is true" in caplog.text


def test_flags_that_are_not_known_are_mentioned(espresso, caplog):
    edit("CONTROL", "autoisotopes=.FALSE.", "autoisotopes=.FALSE. nonanalitic=.FALSE. four_phonon=.FALSE.")(espresso)
    read(espresso)
    assert "'nonanalitic' is no flag that is known here, and has no effect" in caplog.text
    assert "four_phonon" not in caplog.text
