"""Files of two crystals in one folder: force constants that are not those of the atoms are refused, noise is not.

Each model is a crystal of springs with as many atoms as the others, so that every count fits.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import chain
import numpy as np
import pytest
import text_formats
from format_checks import assert_refused
from test_sum_rules import shaken

from peierls import force_constants, stage_files
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import born, elements, space_group, writers

FACE_CENTRED = 2.0 * (np.ones((3, 3)) - np.eye(3))
HOME = [0.0, 0.0, 0.0]


def model(second_atom: float, lattice: np.ndarray = FACE_CENTRED) -> Crystal:
    """Two atoms along the diagonal of a face-centred cell: zincblende with the second one at 1/4, rock salt at 1/2."""
    return chain.spring_crystal(lattice, [HOME, 3 * [second_atom]], ["Na", "Cl"], [22.99, 35.45], reach=2.9)


ZINCBLENDE, ROCK_SALT = model(0.25), model(0.5)
GRID = (3, 3, 3)
WRITE = {
    "phono3py": lambda folder, crystal: writers.write(crystal, "phono3py", folder),
    "tdep": text_formats.tdep,
    "shengbte": lambda folder, crystal: text_formats.shengbte(folder, crystal, GRID, espresso=False),
    "qe": lambda folder, crystal: text_formats.qe(folder, crystal, GRID),
}
FC2 = {"phono3py": "fc2.hdf5", "tdep": "infile.forceconstant", "shengbte": "FORCE_CONSTANTS_2ND", "qe": "model.fc"}
FC3 = {"phono3py": "fc3.hdf5", "tdep": "infile.forceconstant_thirdorder"} | dict.fromkeys(
    ("shengbte", "qe"), "FORCE_CONSTANTS_3RD"
)
STRUCTURE = {"phono3py": "phono3py.yaml", "tdep": "infile.ucposcar", "shengbte": "CONTROL", "qe": "model.fc"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[tuple[str, str], Path]:
    root = tmp_path_factory.mktemp("calculations")
    folders = {}
    for format, write in WRITE.items():
        for name, crystal in (("zincblende", ZINCBLENDE), ("rock salt", ROCK_SALT)):
            folders[format, name] = root / format / name
            folders[format, name].parent.mkdir(exist_ok=True)
            write(folders[format, name], crystal)
    return folders


@pytest.mark.parametrize("own", ["zincblende", "rock salt"])
@pytest.mark.parametrize(
    ("format", "file", "sentence"),
    [
        *(
            (format, FC3[format], f"{FC3[format]}: the symmetry of the crystal in")
            for format in WRITE
            if format != "tdep"
        ),
        ("tdep", FC3["tdep"], "is the file for another c"),  # its cutoff may tell before
        *(
            (format, FC2[format], f"{FC2[format]}: the symmetry of the crystal in")
            for format in ("phono3py", "shengbte")
        ),
        ("phono3py", "phono3py.yaml", "fc2.hdf5: the symmetry of the crystal in phono3py.yaml changes second-order"),
        ("shengbte", "CONTROL", "FORCE_CONSTANTS_2ND: the symmetry of the crystal in CONTROL changes second-order"),
    ],
)
def test_a_file_of_another_structure(format, file, sentence, own, folders, tmp_path):
    """Lattice, number of atoms and species are the same; where the second atom is makes another crystal."""
    other = {"zincblende": "rock salt", "rock salt": "zincblende"}[own]
    shutil.copytree(folders[format, own], tmp_path / "mixed")
    shutil.copy(folders[format, other] / file, tmp_path / "mixed" / file)
    assert_refused(tmp_path / "mixed", sentence, format=format)


@pytest.mark.parametrize("format", WRITE)
def test_each_file_in_its_own_folder(format, folders):
    for name in ("zincblende", "rock salt"):
        crystal = force_constants.read({"format": format, "path": folders[format, name]})
        assert max(space_group.asymmetries(crystal)) < 1e-9


@pytest.mark.parametrize("axes", [[[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.linalg.qr(np.vander([1.0, 2.0, 5.0]))[0]])
def test_other_axes(axes):
    """The same crystal, turned about z by a right angle or about any axis: its labels stay, its constants do not."""
    for order in ("fc2", "fc3"):
        constants = getattr(ZINCBLENDE, order)
        for axis in range(constants.ndim - int(order[-1]), constants.ndim):
            constants = np.moveaxis(np.tensordot(constants, np.array(axes, dtype=float), axes=(axis, 1)), -1, axis)
        with pytest.raises(InputError, match=rf"{order}: the symmetry of the crystal in cell changes"):
            refuse(replace(ZINCBLENDE, **{order: constants}))


@pytest.mark.parametrize("degrees", [30, 90])
def test_hexagonal_axes_of_another_convention(degrees):
    """The first vector along x, or the mirror plane; the second order alone would not tell a right angle."""
    crystal = chain.hexagonal()
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    fc2 = np.einsum("rijab,ca,db->rijcd", crystal.fc2, turn, turn)
    fc3 = np.einsum("nabc,da,eb,fc->ndef", crystal.fc3, turn, turn, turn, optimize=True)
    with pytest.raises(InputError, match="the symmetry of the crystal in cell changes"):
        refuse(replace(crystal, fc2=fc2, fc3=fc3))


def refuse(crystal: Crystal) -> None:
    space_group.refuse_foreign(crystal, Path("fc2"), Path("fc3"), Path("cell"))


def test_without_any_symmetry_the_exchange_of_atoms_is_left():
    """Neighbours of one atom on their opposite sides; a triclinic crystal has no operation that could tell."""
    crystal = chain.triclinic()
    refuse(crystal)
    with pytest.raises(InputError, match="fc2: the exchange of two atoms changes second-order"):
        refuse(replace(crystal, fc2=np.stack([crystal.fc2[::-1, 0], crystal.fc2[:, 1]], axis=1)))


@pytest.mark.parametrize("size", [1e-3, 1e-2])
def test_noise_is_for_the_health_check(size, silicon):
    """Noise of a hundredth of the largest constant on every one fails the check of the report, and is still read."""
    noisy = shaken(silicon, size)
    assert max(space_group.asymmetries(noisy)) > size
    refuse(noisy)


def test_one_constant_that_is_damaged_is_found_with_its_atoms(silicon):
    fc2 = silicon.fc2.copy()
    vector = int(np.flatnonzero((silicon.fc2_vectors == [1, 0, 0]).all(axis=1))[0])
    fc2[vector, 0, 1, 0, 2] *= -1.0
    fc2[vector, 0, 1] += abs(fc2[:, 0, 1]).max()
    with pytest.raises(InputError, match=r"(atom 1 with 2 of cell 1 0 0|atom 2 with 1 of cell -1 0 0) most"):
        refuse(replace(silicon, fc2=fc2))


def test_constants_on_one_atom_only_have_nothing_to_compare():
    crystal = model(0.5)
    on_site = (~crystal.fc2_vectors.any(axis=1))[:, None, None, None, None] * np.eye(2)[:, :, None, None]
    refuse(replace(crystal, fc2=crystal.fc2 * on_site))


def test_the_lattice_of_another_crystal_in_tdep(folders, tmp_path):
    """Lattice vectors are fractions of the cell in TDEP's files; the cutoff is in Å."""
    for scale, sentence in [
        ("1.8897", "infile.forceconstant: line 4 opens a pair"),
        ("1.01", "infile.forceconstant: line"),
        ("0.5292", "infile.forceconstant: line 2 gives a cutoff of 2.8284 Å, and the longest pair is 1.4968 Å apart"),
    ]:
        folder = tmp_path / scale
        shutil.copytree(folders["tdep", "rock salt"], folder)
        lines = (folder / "infile.ucposcar").read_text().split("\n")
        assert lines[1] == "1.0"
        (folder / "infile.ucposcar").write_text("\n".join([lines[0], scale, *lines[2:]]))
        assert_refused(folder, sentence)


def test_third_order_of_another_lattice_in_tdep(folders, tmp_path):
    """Also where only the third order is of a smaller crystal."""
    folder = tmp_path / "mixed"
    shutil.copytree(folders["tdep", "rock salt"], folder)
    name = "infile.forceconstant_thirdorder"
    lines = (folder / name).read_text().split("\n")
    (folder / name).write_text("\n".join([lines[0], "2.7 cutoff", *lines[2:]]))
    assert_refused(folder, f"{name}: line")


@pytest.mark.parametrize("own", ["zincblende", "rock salt"])
def test_third_order_of_another_structure_in_tdep_whatever_its_cutoff(own, folders, tmp_path):
    """TDEP's own example of MgO has third-order pairs of 2.1 Å and a cutoff of 4.7 Å."""
    folder = tmp_path / "mixed"
    shutil.copytree(folders["tdep", own], folder)
    other = folders["tdep", {"zincblende": "rock salt", "rock salt": "zincblende"}[own]]
    lines = (other / FC3["tdep"]).read_text().split("\n")
    (folder / FC3["tdep"]).write_text("\n".join([lines[0], "9.0 cutoff", *lines[2:]]))
    assert_refused(folder, f"{FC3['tdep']}: the symmetry of the crystal in infile.ucposcar changes third-order")


def test_a_lattice_in_other_units_is_mentioned(silicon_folder, tmp_path, caplog):
    """Nothing else in the files of phono3py has a length."""
    folder = shutil.copytree(silicon_folder, tmp_path / "silicon")
    text = (folder / "phono3py.yaml").read_text()
    assert 'length: "angstrom"' in text
    (folder / "phono3py.yaml").write_text(text.replace('length: "angstrom"', 'length: "au"'))
    force_constants.read({"path": folder})
    assert f"{folder}: as the crystal turns, its third-order constants change the second-order ones 0.54 times" in (
        caplog.text
    )


def test_a_cutoff_between_two_shells_is_mentioned(folders, tmp_path, caplog):
    """A cutoff in round numbers is as good if every pair within it is there, but so is a lattice a little too small."""
    folder = tmp_path / "round"
    shutil.copytree(folders["tdep", "rock salt"], folder)
    for name, cutoff in [("infile.forceconstant", 3.3), ("infile.forceconstant_thirdorder", 3.3)]:
        lines = (folder / name).read_text().split("\n")
        (folder / name).write_text("\n".join([lines[0], f"{cutoff} cutoff", *lines[2:]]))
    force_constants.read({"path": folder})
    assert "infile.forceconstant: line 2 gives a cutoff of 3.3000 Å, and the longest pair is 2.8284 Å" in caplog.text
    lines = (folder / "infile.forceconstant").read_text().split("\n")
    for cutoff in ("3.5", "1e6"):
        (folder / "infile.forceconstant").write_text("\n".join([lines[0], cutoff, *lines[2:]]))
        assert_refused(folder, "infile.forceconstant: line 2 gives a cutoff of")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("1.25 0.25 0.25", None),
        ("-0.25 -0.25 -0.25", None),
        ("0.5 0.5 0.5", "espresso.ifc2: atoms 1 and 2 are 1.7321 Å apart, expected 2.0000 Å as in"),
    ],
)
def test_atoms_of_espresso_elsewhere(place, sentence, tmp_path):
    """In another cell or with the sites of both exchanged they are followed, as ShengBTE does it, though the crystal
    loses its symmetry; where distances are others they are not."""
    folder = text_formats.shengbte(tmp_path, ZINCBLENDE, GRID, espresso=True)
    text = (folder / "CONTROL").read_text()
    whole = "positions(:,2)=0.250000000000 0.250000000000 0.250000000000"
    assert whole in text
    (folder / "CONTROL").write_text(text.replace(whole, f"positions(:,2)={place}"))
    if sentence:
        assert_refused(folder, sentence)
    else:
        assert max(space_group.asymmetries(force_constants.read({"path": folder}))) > 0.1


# --- species in another order -----------------------------------------------------------------------------------------


def exchange(name: str, one: str, other: str, count: int = -1):
    """Two words of a file in each other's place."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert one in text and other in text
        (folder / name).write_text(
            text.replace(one, "here", count).replace(other, one, count).replace("here", other, count)
        )

    return change


@pytest.mark.parametrize(
    ("format", "change", "sentence"),
    [
        ("phono3py", exchange("phono3py.yaml", "Na", "Cl"), "phono3py.yaml: key 'primitive_cell' gives atom 1, Cl,"),
        (
            "tdep",
            exchange("infile.ucposcar", "Na", "Cl"),
            "infile.isotopes: line 1 gives atom 1, Cl, the mass 22.990 amu",
        ),
        ("shengbte", exchange("CONTROL", '"Na"', '"Cl"'), "CONTROL: line 14: 'masses' gives atom 1, Cl,"),
        ("qe", exchange("model.fc", "'Na '", "'Cl '"), "model.fc: line 5 gives atom 1, Cl, the mass 22.990 amu"),
        ("peierls", None, "crystal.h5: dataset 'masses' gives atom 1, Cl, the mass 22.990 amu, that of Na"),
    ],
)
def test_species_in_another_order_than_masses(format, change, sentence, folders, tmp_path):
    if change is None:
        stage_files.write(tmp_path / "crystal.h5", replace(ROCK_SALT, species=("Cl", "Na")))
        assert_refused(tmp_path, sentence)
        return
    folder = shutil.copytree(folders[format, "rock salt"], tmp_path / "exchanged")
    change(folder)
    assert_refused(folder, sentence, format=format)


@pytest.mark.parametrize("text", ["35.45 1e-4\n22.99 0\n", "# of the anion\nCl 22.99 0\nNa 35.45 1e-4\n"])
def test_isotopes_in_another_order(text, folders, tmp_path):
    (tmp_path / "isotopes.txt").write_text(text)
    with pytest.raises(InputError, match=r"isotopes\.txt: line [13] gives atom 1, Na, the mass 35\.450 amu"):
        force_constants.read(
            {"path": folders["qe", "rock salt"], "isotopes": {"file": tmp_path / "isotopes.txt"}, "format": "qe"}
        )


def test_isotopes_of_the_element_itself_are_as_heavy_as_they_are():
    """Light lithium, heavy water, a mass of no element: whatever is not the mass of another atom of the crystal."""
    for species, masses in [
        (("Li", "F"), (6.015, 18.998)),
        (("H", "O"), (2.014, 15.999)),
        (("Si", "Ge"), (40.0, 72.6)),
    ]:
        elements.refuse_exchanged_masses(species, np.array(masses), lambda atom: "here")


CHARGES = np.array([2.5, 7.0, -5.5, -2.0, -2.0])[:, None, None] * np.eye(3)
"""Of strontium titanate, its oxygen from along to across the bond."""


@pytest.mark.parametrize(
    ("species", "sentence"),
    [
        (("Sr", "Ti", "O", "O", "O"), None),
        (
            ("O", "Ti", "Sr", "O", "O"),
            r"BORN: the Born charge of atom 1, O, is \+2\.50 e in the mean, expected a negative",
        ),
        (
            ("Sr", "O", "O", "O", "Ti"),
            r"BORN: the Born charge of atom 2, O, is \+7\.00 e in the mean, expected a negative",
        ),
        (
            ("O", "F", "Na", "F", "F"),
            r"BORN: the Born charge of atom 2, F, is \+7\.00 e in the mean, expected a negative",
        ),
        (("O", "Ti", "F", "F", "F"), None),  # fluorine takes electrons from oxygen too
        (("Ga", "N", "Ga", "N", "N"), None),  # no element that is always the one or the other
    ],
)
def test_charges_in_another_order(species, sentence):
    if sentence is None:
        born.checked(CHARGES, np.eye(3), species, Path("BORN"))
        return
    with pytest.raises(InputError, match=sentence):
        born.checked(CHARGES, np.eye(3), species, Path("BORN"))


def test_charges_that_are_all_opposite_change_nothing(caplog):
    """They enter in pairs. TDEP's own example of MgO has such charges."""
    born.checked(-CHARGES, np.eye(3), ("Sr", "Ti", "O", "O", "O"), Path("BORN"))
    assert "atom 1, Sr, is -2.50 e in the mean; if all signs are opposite nothing depends on it" in caplog.text
    opposite = replace(chain.polar_rock_salt(), born_charges=-chain.polar_rock_salt().born_charges)
    spectra = [
        chain.harmonic(crystal, [3, 3, 3], chain.long_range())[1].frequencies
        for crystal in (chain.polar_rock_salt(), opposite)
    ]
    np.testing.assert_array_equal(*spectra)
