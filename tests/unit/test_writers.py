"""Force constants from any format to any other: what is written is the same physics, or is refused."""

from dataclasses import replace
from pathlib import Path

import chain
import numpy as np
import phono3py_files
import pytest
from chain import long_range
from format_checks import assert_same
from hypothesis import given, settings
from hypothesis import strategies as st

from peierls import force_constants, supercell, units
from peierls.crystal import Crystal
from peierls.dynamical_matrix import dynamical_matrices
from peierls.electrostatics import separate
from peierls.errors import InputError
from peierls.force_constants import elements, ucposcar, writers
from peierls.force_constants.writers import fidelity, grids, isotopes, supercells

WAVE_VECTORS = np.sqrt(np.arange(2, 26).reshape(8, 3)) % 1 - 0.5
"""No supercell holds them."""
CUBE = np.array([[-2, 2, 2], [2, -2, 2], [2, 2, -2]])
"""The cube of 32 cells in face-centred lattice vectors."""
MODELS = {
    "springs": chain.triclinic(),
    "polar": chain.polar_triclinic(),
    "polar, in a supercell": chain.supercell_of(chain.polar_triclinic(), np.diag([4, 4, 4])),
    "polar, in a cube": chain.supercell_of(chain.polar_rock_salt(), CUBE),
}
"""Crystals whose masses and g are not natural; of the first three none has any symmetry."""


def written(crystal: Crystal, format: str, folder: Path) -> Crystal:
    """The crystal after it went through files of a format."""
    writers.write(crystal, format, folder)
    return read(format, folder)


def read(format: str, folder: Path) -> Crystal:
    """With the isotopes beside it, where the format has no place for them."""
    own = folder / isotopes.OWN_FILE
    names = {"isotopes": {"file": own}} if own.is_file() else {}
    return force_constants.read({"format": format, "path": folder, **names})


def frequencies(crystal: Crystal) -> np.ndarray:
    matrices = dynamical_matrices(*_at(separate(crystal, long_range())))
    return np.sqrt(np.linalg.eigvalsh(matrices)) / units.THZ


def _at(model):
    return model[0], WAVE_VECTORS, model[1]


def kappa(crystal: Crystal) -> np.ndarray:
    """In RTA at 300 K with isotopes."""
    return chain.compute(crystal, [3, 3, 3], long_range()).rta(300.0, isotopes="natural").kappa


@pytest.fixture(scope="module", params=MODELS)
def model(request) -> Crystal:
    return MODELS[request.param]


@pytest.fixture(scope="module")
def expected(model) -> tuple[np.ndarray, np.ndarray]:
    return frequencies(model), kappa(model)


@pytest.fixture(scope="module", params=writers.FORMATS)
def source(request, model, tmp_path_factory) -> Crystal:
    """The model as a format gives it."""
    return written(model, request.param, tmp_path_factory.mktemp("source") / request.param)


@pytest.mark.parametrize("target", writers.FORMATS)
def test_every_format_to_every_other(source, expected, target, tmp_path):
    """Frequencies to 1e-9 at wave vectors that no supercell holds, κ in RTA with isotopes to 1e-6."""
    copy = written(source, target, tmp_path / "copy")
    np.testing.assert_allclose(frequencies(copy), expected[0], rtol=1e-9)
    np.testing.assert_allclose(copy.masses, source.masses, rtol=1e-12)
    np.testing.assert_allclose(copy.mass_variances, source.mass_variances, atol=1e-12)
    np.testing.assert_allclose(kappa(copy), expected[1], rtol=1e-6, atol=1e-6 * abs(expected[1]).max())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("format", writers.FORMATS)
def test_the_cell_alone_is_that_of_the_crystal(name, format, tmp_path):
    crystal = written(MODELS[name], format, tmp_path)
    cell = force_constants.read_cell({"path": tmp_path})
    np.testing.assert_array_equal(cell.lattice, crystal.lattice)
    np.testing.assert_array_equal(cell.positions, crystal.positions)
    assert cell.species == crystal.species


def test_who_reads_the_cell_alone_says_nothing_of_the_file(tmp_path, caplog):
    """The crystal's own job does, once."""
    writers.write(MODELS["springs"], "tdep", tmp_path)
    path = tmp_path / "infile.ucposcar"
    path.write_text(path.read_text().rstrip())
    force_constants.read_cell({"path": tmp_path})
    assert caplog.records == []
    force_constants.read({"path": tmp_path})
    assert any("ends in the middle of line" in record.message for record in caplog.records)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("format", writers.FORMATS)
def test_a_format_to_itself(name, format, tmp_path):
    """The second copy is the first one, number by number."""
    first = written(MODELS[name], format, tmp_path / "first")
    second = written(first, format, tmp_path / "second")
    assert_same(second, first, tolerance=1e-12)
    for key in ("born_charges", "dielectric", "ewald_parameter", "fc2_supercell"):
        before, after = getattr(first, key), getattr(second, key)
        assert (before is None) == (after is None)
        if before is not None:
            np.testing.assert_allclose(np.array(after, float), np.array(before, float), atol=1e-12, err_msg=key)


def test_our_own_file_holds_every_bit(tmp_path):
    model = MODELS["polar"]
    copy = written(model, "peierls", tmp_path / "copy")
    for key in ("lattice", "positions", "masses", "mass_variances", "fc2", "fc3", "born_charges", "dielectric"):
        np.testing.assert_array_equal(getattr(copy, key), getattr(model, key))
    assert copy.species == model.species


# --- supercells -------------------------------------------------------------------------------------------------------


@given(
    diagonal=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    skew=st.lists(st.integers(-2, 2), min_size=3, max_size=3),
    seed=st.integers(0, 2**32 - 1),
    cubic=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_a_supercell_holds_what_came_from_it(diagonal, skew, seed, cubic):
    """Constants at random, shared among images by the reader, give the same array back, and no constant fits that is
    moved to another image."""
    period = np.diag(diagonal)
    period[np.triu_indices(3, 1)] = skew
    lattice = 3.0 * np.eye(3) if cubic else np.array([[3.0, 0.1, 0.0], [0.4, 3.2, 0.2], [-0.3, 0.5, 3.4]])
    base = replace(chain.triclinic(), lattice=lattice, positions=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    cells = supercells.repeated(base, period)
    assert len(cells) == 2 * np.prod(diagonal)
    random = np.random.default_rng(seed)
    fc2 = random.standard_normal((2, len(cells), 3, 3))
    fc3 = random.standard_normal((2, len(cells), len(cells), 3, 3, 3))
    vectors, second = supercell.second_order(cells, fc2, 1e-5)
    atoms, pairs, third = supercell.third_order(cells, fc3, 1e-5)
    crystal = replace(base, fc2_vectors=vectors, fc2=second, fc3_atoms=atoms, fc3_vectors=pairs, fc3=third)
    for blocks in (supercells.Blocks.second(crystal), supercells.Blocks.third(crystal)):
        assert supercells.holds(crystal, blocks, period, 1e-5)
        far = blocks.vectors.copy()
        far[-1, -1] += 7 * period[0]
        assert not supercells.holds(crystal, replace(blocks, vectors=far), period, 1e-5)
    np.testing.assert_allclose(supercells.second_order(crystal, cells), fc2, atol=1e-12)
    for home in range(2):
        np.testing.assert_allclose(supercells.third_order(crystal, cells, home), fc3[home], atol=1e-12)


def test_the_smallest_supercell_is_taken():
    """Of a face-centred crystal with neighbours at ½a⟨110⟩: 2 × 2 × 2 cells, where opposite neighbours are one atom and
    their constants equal. With neighbours at a⟨100⟩, which are all one atom there and not equal, 3 × 3 × 3."""
    nearest = chain.face_centred()
    blocks = supercells.Blocks.second(nearest)
    assert not supercells.holds(nearest, blocks, np.eye(3, dtype=int), 1e-4)
    assert grids.held(nearest).sizes == (2, 2, 2)
    second_nearest = chain.spring_crystal(nearest.lattice, [[0, 0, 0]], ["Si"], [28.0], reach=6.1)
    assert grids.held(second_nearest).sizes == (3, 3, 3)


def test_constants_without_any_symmetry(tmp_path):
    """A third order that depends on the order of its atoms is kept as it is."""
    crystal = force_constants.read({"path": phono3py_files.model(tmp_path / "in", 2 * np.eye(3, dtype=int))})
    for format in writers.FORMATS:
        assert_same(written(crystal, format, tmp_path / format), crystal, tolerance=1e-12)


@pytest.mark.parametrize("period", [np.diag([3, 2, 4]), CUBE, np.array([[2, 1, 0], [0, 2, -1], [1, 0, 2]])])
def test_phono3py_finds_its_own_supercell(period, tmp_path):
    """phono3py builds the supercell anew, in its own order of atoms; frequencies are ours up to its constants."""
    phono3py = pytest.importorskip("phono3py")
    infinite = chain.polar_rock_salt()
    crystal = chain.supercell_of(infinite, period)
    folder = tmp_path / "phono3py"
    writers.write(crystal, "phono3py", folder)
    theirs = phono3py.load(folder / "phono3py.yaml", fc2_filename=folder / "fc2.hdf5", fc3_filename=folder / "fc3.hdf5")
    theirs.mesh_numbers = [3, 3, 3]
    theirs.init_phph_interaction()
    theirs.run_phonon_solver()
    points = theirs.grid.addresses[1:] / 3
    short_ranged, dipoles = separate(read("phono3py", folder), long_range())
    ours = np.sqrt(np.linalg.eigvalsh(dynamical_matrices(short_ranged, points, dipoles))) / units.THZ
    np.testing.assert_allclose(theirs.get_phonon_data()[0][1:], ours, rtol=1e-6)


# --- isotopes and sites -----------------------------------------------------------------------------------------------


@given(mass=st.floats(1.0, 300.0), variance=st.one_of(st.just(0.0), st.floats(1e-12, 10.0)))
def test_two_isotopes_have_any_mean_and_variance(mass, variance):
    parts, masses = isotopes.equivalent(mass, variance)
    assert (masses > 0).all() and (parts > 0).all()
    mean = np.average(masses, weights=parts)
    assert mean == pytest.approx(mass, rel=1e-14)
    assert np.average((masses / mean - 1) ** 2, weights=parts) == pytest.approx(variance, rel=1e-8, abs=1e-14)


def test_natural_isotopes_need_no_file(tmp_path):
    model = MODELS["springs"]
    natural = replace(
        model,
        masses=elements.natural_masses(model.species, ""),
        mass_variances=elements.natural_mass_variances(model.species, ""),
    )
    for format in writers.FORMATS:
        copy = written(natural, format, tmp_path / format)
        np.testing.assert_allclose(copy.masses, natural.masses, rtol=1e-14)
        np.testing.assert_allclose(copy.mass_variances, natural.mass_variances, rtol=1e-12)
        assert not (tmp_path / format / isotopes.OWN_FILE).exists()
        assert not (tmp_path / format / "infile.isotopes").exists()


def test_atoms_of_one_element_may_differ(tmp_path):
    """²⁸Si and ³⁰Si on two sites: kinds of their own in the files of Quantum ESPRESSO and ShengBTE."""
    model = replace(
        MODELS["springs"], species=("Si", "Si"), masses=np.array([27.98, 29.97]), mass_variances=np.zeros(2)
    )
    for format in writers.FORMATS:
        copy = written(model, format, tmp_path / format)
        assert copy.species == model.species
        np.testing.assert_allclose(copy.masses, model.masses, rtol=1e-14)
        np.testing.assert_allclose(copy.mass_variances, 0, atol=1e-15)


def test_a_mixed_site(tmp_path):
    """TDEP's alloy: back to TDEP with its components, to ShengBTE as a mass and g; others have no such site."""
    crystal = replace(MODELS["springs"], species=("Si", "Si0.3Ge0.7"), masses=np.array([28.0, 59.27]))
    for format in ("tdep", "shengbte", "peierls"):
        copy = written(crystal, format, tmp_path / format)
        assert copy.species == crystal.species
        np.testing.assert_allclose(copy.masses, crystal.masses, rtol=1e-14)
    cell, _ = ucposcar.read(tmp_path / "tdep" / "infile.ucposcar")
    assert cell.masses[1] == pytest.approx(0.3 * 28.085 + 0.7 * 72.63, rel=1e-4)
    for format in ("phono3py", "qe"):
        with pytest.raises(InputError, match=f"cannot write {format}: 'Si0.3Ge0.7' is not an element"):
            writers.write(crystal, format, tmp_path / format)
    with pytest.raises(InputError, match="'Xx' is neither an element nor a mixed site"):
        writers.write(replace(crystal, species=("Si", "Xx")), "tdep", tmp_path / "no")


@pytest.mark.parametrize("format", writers.FORMATS)
def test_deuterium_is_an_element_of_its_own(format, tmp_path):
    crystal = replace(
        MODELS["springs"],
        species=("D", "Ge"),
        masses=elements.natural_masses(["D", "Ge"], ""),
        mass_variances=np.zeros(2),
    )
    copy = written(crystal, format, tmp_path / format)
    assert copy.species == ("D", "Ge")
    assert copy.masses[0] == pytest.approx(2.0141, abs=1e-4)
    assert (tmp_path / format / "infile.isotopes").exists() == (format == "tdep")


def test_atoms_outside_of_the_cell(tmp_path):
    """TDEP takes atoms into the cell, and their constants with them."""
    model = MODELS["polar"]
    moved = np.array([[0, 0, 0], [-1, 2, 0]])
    far = replace(model, positions=model.positions + moved)
    second = supercells.Blocks.second(far)
    vectors = second.vectors[:, 0] - moved[second.atoms[:, 1]] + moved[second.atoms[:, 0]]
    labels, which = np.unique(vectors, axis=0, return_inverse=True)
    fc2 = np.zeros((len(labels), 2, 2, 3, 3))
    fc2[which, second.atoms[:, 0], second.atoms[:, 1]] = second.tensors
    shifts = moved[far.fc3_atoms[:, 1:]] - moved[far.fc3_atoms[:, :1]]
    far = replace(far, fc2_vectors=labels, fc2=fc2, fc3_vectors=far.fc3_vectors - shifts)
    np.testing.assert_allclose(frequencies(far), frequencies(model), rtol=1e-12)
    for format in writers.FORMATS:
        np.testing.assert_allclose(
            frequencies(written(far, format, tmp_path / format)), frequencies(model), rtol=1e-9, err_msg=format
        )
    assert_same(written(far, "tdep", tmp_path / "again"), model, tolerance=1e-12)


# --- dipoles ----------------------------------------------------------------------------------------------------------


def test_charges_of_zero_are_none(tmp_path):
    model = replace(MODELS["springs"], born_charges=np.zeros((2, 3, 3)), dielectric=np.eye(3))
    assert separate(model, long_range()) == (model, None)
    for format in ("phono3py", "tdep", "shengbte", "qe"):
        copy = written(model, format, tmp_path / format)
        assert copy.born_charges is None
        np.testing.assert_allclose(frequencies(copy), frequencies(model), rtol=1e-12)


def test_shengbte_has_the_range_parameter_of_its_first_lattice_vector(tmp_path):
    """ShengBTE takes its sum at 2π/|a1| whatever the file says, so that is what the constants lack."""
    copy = written(MODELS["polar"], "shengbte", tmp_path / "copy")
    assert copy.ewald_parameter == pytest.approx(2 * np.pi / np.linalg.norm(copy.lattice[0]), rel=1e-14)
    assert copy.ewald_parameter != pytest.approx(MODELS["polar"].ewald_parameter, rel=0.1)


def test_constants_that_hold_the_dipoles_of_an_unknown_supercell(tmp_path):
    model = replace(MODELS["polar"], ewald_parameter=None, fc2_supercell=None)
    for format in ("phono3py", "tdep", "shengbte", "qe"):
        with pytest.raises(InputError, match="expected a format"):
            writers.write(model, format, tmp_path / format)
        assert not (tmp_path / format).exists()


# --- what is said, and what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "format", "sentences"),
    [
        ("springs", "phono3py", ["no place for mass variances"]),
        ("springs", "tdep", ["infile.isotopes"]),
        ("springs", "qe", ["no place for mass variances"]),
        ("polar", "phono3py", ["put into a supercell", "mass variances"]),
        ("polar", "qe", ["celldm(1) is no lattice constant"]),
        ("polar", "shengbte", ["the one at 2π/|a1|"]),
        ("polar, in a supercell", "tdep", ["wang is no longer possible", "TDEP takes the limit at Γ along x"]),
        ("polar, in a supercell", "shengbte", ["interpolates the non-analytic term"]),
        ("polar, in a cube", "shengbte", ["wang is no longer possible"]),
        ("polar, in a cube", "peierls", []),
    ],
)
def test_what_a_format_does_not_hold_is_said(name, format, sentences, tmp_path):
    notes = writers.write(MODELS[name], format, tmp_path / "copy")
    for sentence in sentences:
        assert any(sentence in note for note in notes), notes
    assert all("\n" not in note for note in notes)
    assert sentences or not notes


NATURAL = replace(
    MODELS["springs"],
    masses=elements.natural_masses(MODELS["springs"].species, ""),
    mass_variances=elements.natural_mass_variances(MODELS["springs"].species, ""),
)
HEAVY = replace(
    MODELS["springs"],
    species=("D", "Ge"),
    masses=elements.natural_masses(["D", "Ge"], ""),
    mass_variances=elements.natural_mass_variances(["D", "Ge"], ""),
)
SAID = {
    "natural, phono3py": (NATURAL, "phono3py", []),
    "natural, tdep": (
        NATURAL,
        "tdep",
        ["infile.ucposcar has no masses: TDEP takes natural ones, from a table of its own"],
    ),
    "natural, shengbte": (NATURAL, "shengbte", ["CONTROL asks for a mesh of 11 × 11 × 11 and 300 K"]),
    "natural, qe": (NATURAL, "qe", []),
    "deuterium, tdep": (
        HEAVY,
        "tdep",
        ["they are in infile.isotopes, as one isotope", "TDEP itself knows no element D"],
    ),
    "polar, qe": (
        MODELS["polar, in a cube"],
        "qe",
        [
            "constants of q2r.x lack the dipoles",
            "celldm(1) is no lattice constant",
            "Quantum ESPRESSO has no place for",
        ],
    ),
    "polar, shengbte": (
        MODELS["polar, in a cube"],
        "shengbte",
        [
            "CONTROL asks for",
            "constants of espresso.ifc2 lack the dipoles: those that the supercell",
            "the one at 2π/|a1|",
        ],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_these_things_are_said_and_no_others(name):
    crystal, format, sentences = SAID[name]
    notes = writers.FORMATS[format](crystal).notes
    assert len(notes) == len(sentences), notes
    for sentence, note in zip(sentences, notes, strict=True):
        assert sentence in note


def test_triplets_that_phono3py_would_see_otherwise_are_said(silicon):
    """Constants that fill their supercell: seen from the second atom, some of the third ones have a nearer image."""
    (note,) = writers.FORMATS["phono3py"](silicon).notes
    assert "third-order constants couple second and third atoms that the supercell has nearer together" in note


def test_the_sum_rule_that_shengbte_imposes_is_said(tmp_path):
    model = MODELS["polar"]
    home = np.flatnonzero(~model.fc2_vectors.any(axis=1))
    fc2 = model.fc2.copy()
    fc2[home, 0, 0] *= 1.001
    notes = writers.write(replace(model, fc2=fc2), "shengbte", tmp_path / "copy")
    assert any("ShengBTE imposes the translation sum rule" in note for note in notes)


def test_large_grids_take_the_form_without_pairs(tmp_path, monkeypatch):
    monkeypatch.setattr("peierls.force_constants.writers.shengbte._MOST_ATOMS", 10)
    model = MODELS["springs"]
    copy = written(model, "shengbte", tmp_path / "copy")
    assert (tmp_path / "copy" / "espresso.ifc2").is_file()
    assert_same(copy, model, tolerance=1e-12)


def test_nothing_is_overwritten(tmp_path):
    writers.write(MODELS["springs"], "tdep", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"infile\.ucposcar: is there already and is not overwritten"):
        writers.write(MODELS["polar"], "tdep", tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(InputError, match="is a file, expected a folder"):
        writers.write(MODELS["polar"], "tdep", tmp_path / "infile.ucposcar")


def test_what_is_not_the_same_when_read_back_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("peierls.force_constants.writers.third_order_text.Blocks.third", _first_block_only)
    with pytest.raises(
        InputError, match=r"cannot write qe: .*copy: what is read back differs by .* in the third order"
    ):
        writers.write(MODELS["springs"], "qe", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def _first_block_only(crystal: Crystal) -> supercells.Blocks:
    return supercells.Blocks(crystal.fc3_atoms[:1], crystal.fc3_vectors[:1], crystal.fc3[:1])


def test_supercells_that_are_too_large_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("peierls.force_constants.writers.phono3py._MOST_NUMBERS", 100)
    with pytest.raises(InputError, match=r"need a supercell of .* atoms, whose array is too large; expected a format"):
        writers.write(MODELS["springs"], "phono3py", tmp_path / "copy")
    monkeypatch.setattr("peierls.force_constants.writers.grids._MOST_ATOMS", 10)
    with pytest.raises(InputError, match="need a supercell of more than 10 atoms; expected a format"):
        writers.write(MODELS["springs"], "qe", tmp_path / "copy")


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(InputError, match="format 'vasp' is not known, expected phono3py, tdep"):
        writers.write(MODELS["springs"], "vasp", tmp_path / "copy")


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, fc2=c.fc2 * (1 + 1e-6)),
        lambda c: replace(c, fc3=c.fc3[::-1]),
        lambda c: replace(c, fc3_vectors=c.fc3_vectors[:, ::-1]),
        lambda c: replace(c, masses=c.masses[::-1]),
        lambda c: replace(c, mass_variances=c.mass_variances * 2),
        lambda c: replace(c, lattice=c.lattice * 1.001),
        lambda c: replace(c, born_charges=c.born_charges * 1.001),
        lambda c: replace(c, born_charges=c.born_charges.transpose(0, 2, 1)),
        lambda c: replace(c, ewald_parameter=c.ewald_parameter * 1.01),
    ],
)
def test_the_comparison_sees_every_change(change):
    model = MODELS["polar"]
    assert fidelity.losses(model, model).largest == 0
    assert fidelity.losses(change(model), model).largest > 1e-7
