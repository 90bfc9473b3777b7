"""Reading phono3py: what a supercell knows, no more and no less, put on lattice vectors."""

import itertools
import lzma
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import phono3py_files as files
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peierls import force_constants, units
from peierls.crystal import Crystal
from peierls.errors import InputError
from peierls.force_constants import space_group

SILICON = Path(__file__).parents[2] / "resources" / "si-pbesol"


def read(folder: Path, **more) -> Crystal:
    return force_constants.read({"format": "phono3py", "path": folder, **more})


def read_anything(folder: Path) -> Crystal:
    """The same for numbers that are not the force constants of any crystal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(space_group, "refuse_foreign", lambda *arguments: None)
        return read(folder)


def dynamical_matrix(crystal: Crystal, q: np.ndarray) -> np.ndarray:
    """D(q) by its definition, phases from lattice vectors only."""
    phases = np.exp(2j * np.pi * crystal.fc2_vectors @ q)
    masses = np.sqrt(np.multiply.outer(crystal.masses, crystal.masses))
    return np.einsum("r,rijab->iajb", phases, crystal.fc2).reshape(crystal.n_bands, -1) / np.kron(
        masses, np.ones((3, 3))
    )


def second_order(crystal: Crystal) -> dict:
    """Non-zero blocks by (i, j, R)."""
    blocks = np.argwhere(crystal.fc2.any(axis=(3, 4)))
    return {(int(i), int(j), *map(int, crystal.fc2_vectors[r])): crystal.fc2[r, i, j] for r, i, j in blocks}


def third_order(crystal: Crystal) -> dict:
    """Blocks by (i, j, k, R', R'')."""
    labels = np.column_stack([crystal.fc3_atoms, crystal.fc3_vectors.reshape(-1, 6)])
    assert len(np.unique(labels, axis=0)) == len(labels)
    return {tuple(label): block for label, block in zip(labels.tolist(), crystal.fc3, strict=True)}


def assert_same(found: dict, expected: dict, tolerance: float = 1e-12) -> None:
    assert found.keys() == expected.keys()
    size = max(abs(block).max() for block in expected.values())
    for label, block in expected.items():
        np.testing.assert_allclose(found[label], block, atol=tolerance * size, err_msg=str(label))


# --- images -----------------------------------------------------------------------------------------------------------


def expected_blocks(content: dict, fc2: np.ndarray, fc3: np.ndarray) -> tuple[dict, dict]:
    """Both orders by plain loops: every image within a wide reach is measured, the shortest ones share."""
    primitive, supercell = (
        {key: np.array(value) for key, value in (("lattice", content[cell]["lattice"]),)}
        | {"points": np.array([point["coordinates"] for point in content[cell]["points"]])}
        for cell in ("primitive_cell", "supercell")
    )
    sites, places = (cell["points"] @ cell["lattice"] for cell in (primitive, supercell))
    to_primitive = np.linalg.inv(primitive["lattice"])
    steps = np.array(list(itertools.product(range(-12, 13), repeat=3))) @ supercell["lattice"]

    def kind_and_cell(place):
        for kind, site in enumerate(sites):
            vector = (place - site) @ to_primitive
            if abs(vector - np.rint(vector)).max() < 1e-6:
                return kind, np.rint(vector).astype(int)
        raise AssertionError("no site")

    kinds = [kind_and_cell(place)[0] for place in places]
    pairs, triplets = {}, {}
    for i in range(len(sites)):
        home = kinds.index(i)
        seen = []
        for J, place in enumerate(places):
            images = place - places[home] + steps
            lengths = np.linalg.norm(images, axis=1)
            shortest = images[lengths < lengths.min() + 1e-5]
            for image in shortest:
                j, vector = kind_and_cell(image + sites[i])
                seen.append((J, j, tuple(vector.tolist()), 1 / len(shortest)))
        for J, j, R, share in seen:
            pairs[(i, j, *R)] = fc2[i, J] * share * units.EV_PER_ANGSTROM2
        for (J, j, R, share), (K, k, S, other) in itertools.product(seen, repeat=2):
            triplets[(i, j, k, *R, *S)] = fc3[i, J, K] * share * other * units.EV_PER_ANGSTROM3
    return pairs, triplets


@st.composite
def odd_cells(draw):
    """A unit cell of one or two atoms and a supercell matrix with up to eight copies, skewed or not."""
    matrix = np.diag(draw(st.lists(st.integers(1, 2), min_size=3, max_size=3)))
    matrix[np.triu_indices(3, 1)] = draw(st.lists(st.integers(-3, 3), min_size=3, max_size=3))
    if draw(st.booleans()):
        matrix = matrix[::-1, [2, 0, 1]] * np.array([1, -1, 1])  # an odd permutation and one sign: still right-handed
    # High symmetry half of the time, so that images tie.
    lattice = draw(
        st.sampled_from(
            [np.eye(3), np.ones((3, 3)) - np.eye(3), np.array([[1, 0, 0], [-0.5, 3**0.5 / 2, 0], [0, 0, 1.6]])]
        )
    )
    if draw(st.booleans()):
        lattice = lattice + np.array([[0, 0.11, 0.02], [0.3, 0, 0.07], [-0.13, 0.05, 0]])
    positions = draw(st.sampled_from([[[0, 0, 0]], [[0, 0, 0], [0.5, 0.5, 0.5]], [[0.1, 0.2, 0.3], [0.55, 0.4, 0.71]]]))
    species = ["Si", "C"][: len(positions)]
    return files.Atoms(3.0 * lattice, np.array(positions, dtype=float), species, [28.0, 12.0][: len(positions)]), matrix


@given(cells=odd_cells(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_are_those_of_plain_loops(cells, seed, tmp_path):
    """Any shape of cell, numbers at random: images, shares and lattice vectors are those of an exhaustive search."""
    unit, matrix = cells
    content = files.document(unit, np.eye(3), matrix)
    n_atoms, n_super = len(unit.species), len(content["supercell"]["points"])
    random = np.random.default_rng(seed)
    fc2 = random.standard_normal((n_atoms, n_super, 3, 3))
    fc3 = random.standard_normal((n_atoms, n_super, n_super, 3, 3, 3))
    crystal = read_anything(files.write(tmp_path, content, fc2, fc3))
    pairs, triplets = expected_blocks(content, fc2, fc3)
    assert_same(second_order(crystal), pairs)
    assert_same(third_order(crystal), triplets)


@given(cells=odd_cells(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_images_together_carry_the_whole_constant(cells, seed, tmp_path):
    """At Γ every image has phase one, and what is left is the sum over the supercell, whatever shared what."""
    unit, matrix = cells
    content = files.document(unit, np.eye(3), matrix)
    n_atoms, n_super = len(unit.species), len(content["supercell"]["points"])
    random = np.random.default_rng(seed)
    fc2 = random.standard_normal((n_atoms, n_super, 3, 3))
    fc3 = random.standard_normal((n_atoms, n_super, n_super, 3, 3, 3))
    crystal = read_anything(files.write(tmp_path, content, fc2, fc3))
    # `files.repeated` lists all copies of one atom after another.
    expected2 = fc2.reshape(n_atoms, n_atoms, -1, 3, 3).sum(axis=2)
    np.testing.assert_allclose(crystal.fc2.sum(axis=0) / units.EV_PER_ANGSTROM2, expected2, atol=1e-11)
    copies = n_super // n_atoms
    expected3 = fc3.reshape(n_atoms, n_atoms, copies, n_atoms, copies, 3, 3, 3).sum(axis=(2, 4))
    found3 = np.zeros_like(expected3)
    np.add.at(found3, tuple(crystal.fc3_atoms.T), crystal.fc3 / units.EV_PER_ANGSTROM3)
    np.testing.assert_allclose(found3, expected3, atol=1e-10)


def test_zero_blocks_are_left_out(tmp_path):
    folder = files.model(tmp_path, 2 * np.eye(3, dtype=int))
    crystal = read(folder)
    with h5py.File(folder / "fc3.hdf5") as file:
        filled = file["fc3"][()].any(axis=(3, 4, 5)).sum()
    assert 0 < filled < 2 * 64 * 64
    assert len(crystal.fc3) == filled  # the model's range is short: no ties
    assert crystal.fc3.any(axis=(1, 2, 3)).all()


# --- one crystal, many supercells -------------------------------------------------------------------------------------

NOT_DIAGONAL = [[2, 1, 0], [0, 2, 1], [1, 0, 2]]


@pytest.mark.parametrize("matrix", [NOT_DIAGONAL, [[3, 0, 0], [0, 2, 0], [0, 0, 2]], [[0, 2, 2], [2, 0, 2], [2, 2, 0]]])
def test_the_supercell_leaves_no_trace(tmp_path, matrix):
    """Constants of short range give one and the same crystal from every supercell that holds them."""
    cubic = read(files.model(tmp_path / "cubic", 2 * np.eye(3, dtype=int)))
    other = read(files.model(tmp_path / "other", matrix))
    np.testing.assert_allclose(other.lattice, cubic.lattice)
    assert_same(second_order(other), second_order(cubic))
    assert_same(third_order(other), third_order(cubic))
    for q in ([0, 0, 0], [0.5, 0.5, 0], [0.13, -0.27, 0.41]):
        np.testing.assert_allclose(
            dynamical_matrix(other, np.array(q)), dynamical_matrix(cubic, np.array(q)), atol=1e-10
        )


def test_second_order_from_its_own_supercell(tmp_path):
    shared = read(files.model(tmp_path / "shared", 2 * np.eye(3, dtype=int)))
    own = read(files.model(tmp_path / "own", 2 * np.eye(3, dtype=int), NOT_DIAGONAL))
    assert_same(second_order(own), second_order(shared))
    assert_same(third_order(own), third_order(shared))


def test_a_narrow_supercell_is_exact_where_it_can_be(tmp_path):
    """Folded into a supercell narrower than their range, constants keep D(q) at the q that fit, and only there."""
    wide = read(files.model(tmp_path / "wide", 2 * np.eye(3, dtype=int)))
    unit = files.zincblende()
    content = files.document(unit, files.FACE_CENTRED, np.eye(3, dtype=int))
    primitive = files.reduced(unit, files.FACE_CENTRED)
    homes = files.first_of_each_kind(primitive, unit)
    folded = np.zeros((2, 8, 3, 3))
    for (i, j, *vector), block in second_order(wide).items():
        place = (vector + primitive.positions[j] - primitive.positions[i]) @ primitive.lattice / 4 + unit.positions[
            homes[i]
        ]
        atom = next(k for k, p in enumerate(unit.positions) if np.allclose(p - place, np.rint(p - place), atol=1e-6))
        folded[i, atom] += block / units.EV_PER_ANGSTROM2
    narrow = read_anything(files.write(tmp_path / "narrow", content, folded, np.ones((2, 8, 8, 3, 3, 3))))
    # In a cubic cell of the face-centred lattice fit Γ and the three X points.
    for q in ([0, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]):
        np.testing.assert_allclose(
            dynamical_matrix(narrow, np.array(q)), dynamical_matrix(wide, np.array(q)), atol=1e-9
        )
    q = np.array([0.5, 0.5, 0.5])
    assert abs(dynamical_matrix(narrow, q) - dynamical_matrix(wide, q)).max() > 1.0


def test_full_and_compact_forms_are_one(tmp_path):
    """Rows of all atoms of the supercell, made by translating the primitive ones, add nothing."""
    folder = files.model(tmp_path / "compact", 2 * np.eye(3, dtype=int))
    compact = read(folder)
    unit = files.zincblende()
    supercell = files.repeated(unit, 2 * np.eye(3, dtype=int))
    fc2, fc3 = files.constants_in(supercell, list(range(64)))
    content = yaml.safe_load((folder / "phono3py.yaml").read_text())
    full = read(files.write(tmp_path / "full", content, fc2, fc3))
    assert_same(second_order(full), second_order(compact))
    assert_same(third_order(full), third_order(compact))


# --- the yaml file, in all its forms ----------------------------------------------------------------------------------


def variant(tmp_path: Path, change, name: str = "phono3py.yaml") -> Crystal:
    """The model crystal after `change` was made to the content of its yaml file."""
    folder = files.model(tmp_path / "model", 2 * np.eye(3, dtype=int))
    content = yaml.safe_load((folder / "phono3py.yaml").read_text())
    change(content)
    (folder / "phono3py.yaml").unlink()
    text = yaml.safe_dump(content)
    if name.endswith(".xz"):
        (folder / name).write_bytes(lzma.compress(text.encode()))
    else:
        (folder / name).write_text(text)
    return read(folder)


def in_bohr(content):
    content["physical_unit"]["length"] = "au"
    for key in ("primitive_cell", "unit_cell", "supercell"):
        content[key]["lattice"] = (np.array(content[key]["lattice"]) / units.BOHR).tolist()


def in_bohr_unsaid(content):
    in_bohr(content)
    del content["physical_unit"]
    content["phono3py"]["calculator"] = "qe"


def without_primitive_cell(content):
    del content["primitive_cell"]


def without_unit_cell(content):
    del content["unit_cell"], content["primitive_matrix"]


def with_old_names(content):
    for key in ("primitive_cell", "unit_cell", "supercell"):
        content[key]["atoms"] = content[key].pop("points")
        for point in content[key]["atoms"]:
            point["position"] = point.pop("coordinates")


def with_forces(content):
    content["displacements"] = [{"atom": 1, "displacement": [0.03, 0, 0], "forces": [[0, 0, 0]] * 64}]


@pytest.mark.parametrize(
    "change",
    [in_bohr, in_bohr_unsaid, without_primitive_cell, without_unit_cell, with_old_names, with_forces],
)
@pytest.mark.parametrize("name", ["phono3py.yaml", "phono3py_disp.yaml", "phono3py_params.yaml.xz", "phonopy.yaml"])
def test_every_form_of_the_yaml_file_is_one_crystal(tmp_path, change, name):
    usual = read(files.model(tmp_path / "usual", 2 * np.eye(3, dtype=int)))
    other = variant(tmp_path, change, name)
    np.testing.assert_allclose(other.lattice, usual.lattice, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(other.positions, usual.positions, atol=1e-12)
    assert other.species == usual.species == ("Si", "C")
    np.testing.assert_array_equal(other.masses, [28.0, 12.0])
    assert_same(second_order(other), second_order(usual))
    assert_same(third_order(other), third_order(usual))
    cell = force_constants.read_cell({"format": "phono3py", "path": tmp_path / "model"})
    np.testing.assert_array_equal(cell.lattice, other.lattice)
    np.testing.assert_array_equal(cell.positions, other.positions)


def test_of_a_file_full_of_forces_the_primitive_cell_alone_is_read(tmp_path):
    """What stands behind it is not looked at: here no YAML at all."""
    folder = files.model(tmp_path, 2 * np.eye(3, dtype=int))
    path = folder / "phono3py.yaml"
    before, _, rest = path.read_text().partition("\nprimitive_cell:\n")
    block = next(re.finditer(r"(?:[ #-].*\n)+", rest))[0]
    expected = force_constants.read_cell({"path": folder})
    path.write_text(f"{before}\nprimitive_cell:\n{block}forces: [[[\n")
    cell = force_constants.read_cell({"path": folder})
    np.testing.assert_array_equal(cell.lattice, expected.lattice)
    with pytest.raises(InputError, match="not valid YAML"):
        read(folder)


def test_the_unit_cell_is_primitive_without_a_primitive_matrix(tmp_path):
    """Eight atoms, and D(q) folded: the four q of the face-centred lattice that are one in the cubic one."""
    unit = files.zincblende()
    matrix = 2 * np.eye(3, dtype=int)
    content = files.document(unit, np.eye(3), matrix)
    del content["primitive_matrix"], content["primitive_cell"]
    supercell = files.repeated(unit, matrix)
    homes = files.first_of_each_kind(unit, supercell)
    cubic = read(files.write(tmp_path / "cubic", content, *files.constants_in(supercell, homes), (homes, homes)))
    small = read(files.model(tmp_path / "small", matrix))
    assert len(cubic.species) == 8
    q = np.array([0.3, 0.1, -0.2])
    folded = [
        np.linalg.eigvalsh(dynamical_matrix(small, (q + G) @ np.array(files.FACE_CENTRED)))
        for G in ([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1])
    ]
    found = np.linalg.eigvalsh(dynamical_matrix(cubic, q))
    np.testing.assert_allclose(found, np.sort(np.concatenate(folded)), rtol=1e-10)


CHARGES = [[[1.1, 0, 0], [0, 1.1, 0], [0, 0, 1.1]], [[-1.1, 0, 0], [0, -1.1, 0], [0, 0, -1.1]]]
DIELECTRIC = [[2.5, 0, 0], [0, 2.5, 0], [0, 0, 2.5]]


@pytest.mark.parametrize("nested", [True, False])
def test_charges_under_new_and_old_keys(tmp_path, nested):
    section = {"born_effective_charge": CHARGES, "dielectric_constant": DIELECTRIC}
    crystal = variant(tmp_path, lambda content: content.update({"nac": section} if nested else section))
    np.testing.assert_allclose(crystal.born_charges, CHARGES)
    np.testing.assert_allclose(crystal.dielectric, DIELECTRIC)


def test_a_born_file_is_completed_by_symmetry(tmp_path):
    """With only a threefold axis along z, the tensors of the second and third atom are the first one's, turned."""
    x, y = 0.1, 0.27
    orbit = np.array([[x, y, 0], [-y, x - y, 0], [y - x, -x, 0]])
    positions = np.concatenate([orbit, 1.7 * orbit + [0, 0, 0.4]])
    root = 3**0.5 / 2
    lattice = np.array([[6.0, 0, 0], [-3.0, 6.0 * root, 0], [0, 0, 5.0]])
    unit = files.Atoms(lattice, positions, ["Al"] * 3 + ["N"] * 3, [27.0] * 3 + [14.0] * 3)
    content = files.document(unit, np.eye(3), np.eye(3, dtype=int))
    folder = files.write(tmp_path, content, np.ones((6, 6, 3, 3)), np.ones((6, 6, 6, 3, 3, 3)))
    tensor = np.array([[2.5, 0.1, 0.2], [-0.3, 2.6, 0.4], [0.5, -0.6, 2.7]])
    dielectric = np.diag([4.4, 4.4, 4.6])
    rows = [" ".join(f"{number:.6f}" for number in row.ravel()) for row in (dielectric, tensor, -tensor)]
    (folder / "BORN").write_text("\n".join(["# a comment, or 14.4", *rows, ""]))
    crystal = read_anything(folder)
    turn = np.array([[-0.5, -root, 0], [root, -0.5, 0], [0, 0, 1]])  # takes (x, y) to (-y, x - y)
    expected = [tensor, turn @ tensor @ turn.T, turn.T @ tensor @ turn]
    np.testing.assert_allclose(crystal.born_charges, [*expected, *np.negative(expected)], atol=1e-12)
    np.testing.assert_allclose(crystal.dielectric, dielectric)


def test_primitive_vectors_can_be_chosen_freely(tmp_path):
    """Another primitive matrix, not symmetric, is another name for the same q."""
    usual = read(files.model(tmp_path / "usual", 2 * np.eye(3, dtype=int)))
    matrix = [[0, 0.5, 0.5], [0.5, 0, 1.0], [0.5, 0.5, 0.5]]  # the third vector is the usual third plus the first
    other = read(files.model(tmp_path / "other", 2 * np.eye(3, dtype=int), primitive_matrix=matrix))
    q = np.array([0.13, -0.27, 0.41])
    renamed = other.lattice @ np.linalg.inv(usual.lattice) @ q
    found, expected = (np.linalg.eigvalsh(dynamical_matrix(c, k)) for c, k in ((other, renamed), (usual, q)))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert abs(np.linalg.eigvalsh(dynamical_matrix(other, q)) - expected).max() > 1.0


def test_rounded_numbers_do_not_tell_images_apart(tmp_path, silicon):
    """Lattice vectors off by 1e-7 of themselves: images that tie are still as many."""
    shutil.copytree(SILICON, tmp_path / "rounded")
    content = yaml.safe_load((SILICON / "phono3py.yaml").read_text())
    noise = 1 + 1e-7 * np.random.default_rng(0).standard_normal((3, 3))
    content["primitive_cell"]["lattice"] = (np.array(content["primitive_cell"]["lattice"]) * noise).tolist()
    (tmp_path / "rounded" / "phono3py.yaml").write_text(yaml.safe_dump(content))
    rounded = read(tmp_path / "rounded")
    assert_same(second_order(rounded), second_order(silicon))
    assert_same(third_order(rounded), third_order(silicon))


def test_forces_are_not_even_parsed(tmp_path):
    """They can be most of a large file; whatever stands there is passed over."""
    folder = files.model(tmp_path, 2 * np.eye(3, dtype=int))
    usual = read(folder)
    with (folder / "phono3py.yaml").open("a") as file:
        file.write("displacement_pairs:\n- atom: 1\n  forces:\n  - [ 0.1, : ]]\n")
    assert_same(third_order(read(folder)), third_order(usual))


# --- silicon ----------------------------------------------------------------------------------------------------------


def test_acoustic_modes_of_silicon_vanish_at_gamma(silicon):
    """Moving the whole crystal costs nothing, in the three directions and in no other motion."""
    matrix = dynamical_matrix(silicon, np.zeros(3))
    translations = np.kron(np.sqrt(silicon.masses), np.eye(3)).reshape(3, 6)
    assert abs(matrix @ translations.T).max() < 1e-9 * abs(matrix).max()
    optical = np.sqrt(np.linalg.eigvalsh(matrix)[3:]) / units.THZ
    np.testing.assert_allclose(optical, 15.27, atol=0.01)


def test_silicon_is_hermitian_and_stable(silicon):
    random = np.random.default_rng(0)
    for q in random.uniform(-0.5, 0.5, (20, 3)):
        matrix = dynamical_matrix(silicon, q)
        assert abs(matrix - matrix.conj().T).max() < 1e-12 * abs(matrix).max()
        assert np.linalg.eigvalsh(matrix)[0] > 0


def test_what_silicon_says_about_itself(silicon):
    assert silicon.species == ("Si", "Si")
    assert silicon.volume == pytest.approx(5.43356003**3 / 4)
    np.testing.assert_array_equal(silicon.masses, 28.0855)
    np.testing.assert_allclose(silicon.mass_variances, 2.007e-4, rtol=0.006)
    assert "natural abundances" in silicon.isotope_source
    assert [source.split(" sha256:")[0] for source in silicon.sources] == ["phono3py.yaml", "fc2.hdf5", "fc3.hdf5"]
    assert silicon.born_charges is None and silicon.dielectric is None
    readme = (SILICON / "README.md").read_text()
    for source in silicon.sources:
        name, checksum = source.split(" sha256:")
        assert f"{checksum}  {name}" in readme


def test_atoms_in_another_order_are_noticed(tmp_path, caplog):
    """Two atoms of a kind exchanged in the yaml file: every shape fits, but derivatives no longer commute."""
    with caplog.at_level("WARNING", logger="peierls"):
        read(SILICON)
        assert not caplog.text
        shutil.copytree(SILICON, tmp_path / "silicon")
        text = (SILICON / "phono3py.yaml").read_text()
        first = "[  0.937500000000000,  0.437500000000000,  0.437500000000000 ]"
        second = "[  0.437500000000000,  0.937500000000000,  0.937500000000000 ]"
        exchanged = text.replace(first, "here").replace(second, first).replace("here", second)
        assert exchanged != text
        (tmp_path / "silicon" / "phono3py.yaml").write_text(exchanged)
        read(tmp_path / "silicon")
    assert "fc2.hdf5: constants depend on the order of atoms by" in caplog.text
    assert "fc3.hdf5: constants depend on the order of atoms by" in caplog.text


# --- masses and isotopes ----------------------------------------------------------------------------------------------


def without_masses(content):
    for key in ("primitive_cell", "unit_cell", "supercell"):
        for point in content[key]["points"]:
            del point["mass"]


def test_masses_come_from_a_library_where_the_file_has_none(tmp_path, caplog):
    with caplog.at_level("INFO", logger="peierls"):
        crystal = variant(tmp_path, without_masses)
    np.testing.assert_allclose(crystal.masses, [28.085, 12.011], atol=1e-3)
    assert "no masses" in caplog.text and "periodictable" in caplog.text


@pytest.mark.parametrize(
    "text", ["27.9 1e-4\n\n13.0 2e-4  # enriched\n", "# element mass g\nC 13.0 2e-4\nSi 27.9 1e-4\n"]
)
def test_isotopes_from_a_file_replace_masses_and_variances(tmp_path, text):
    folder = files.model(tmp_path / "model", 2 * np.eye(3, dtype=int))
    isotopes = tmp_path / "isotopes.txt"
    isotopes.write_text(text)
    crystal = read(folder, isotopes={"file": str(isotopes)})
    np.testing.assert_array_equal(crystal.masses, [27.9, 13.0])
    np.testing.assert_array_equal(crystal.mass_variances, [1e-4, 2e-4])
    assert crystal.isotope_source == "file isotopes.txt"
    assert crystal.sources[-1].startswith("isotopes.txt sha256:")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("27.9 1e-4\n", "1 lines of numbers, expected one for each of 2 atoms"),
        ("27.9 1e-4\n13.0 heavy\n", "line 2 is '13.0 heavy'"),
        ("27.9\n13.0\n", "line 1 is '27.9'"),
        ("27.9 1e-4\n-13.0 1e-4\n", "line 2 gives mass -13.0"),
        ("27.9 1e-4\n13.0 nan\n", "line 2 gives mass 13.0 and g nan"),
        ("Si 27.9 1e-4\nGe 72.0 1e-4\n", "line 2 is for 'Ge', the crystal holds Si, C"),
        ("Si 27.9 1e-4\nSi 72.0 1e-4\n", "2 lines of numbers"),
    ],
)
def test_damaged_isotope_files(tmp_path, text, sentence):
    folder = files.model(tmp_path / "model", 2 * np.eye(3, dtype=int))
    isotopes = tmp_path / "isotopes.txt"
    isotopes.write_text(text)
    with pytest.raises(InputError, match=r"isotopes\.txt: .*") as caught:
        read(folder, isotopes={"file": str(isotopes)})
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("species", "g"), [("C", 7.38723e-5), ("Ge", 5.86731e-4), ("Te", 2.83933e-4), ("Na", 0.0)])
def test_natural_mass_variances_are_those_of_phonopy_within_its_tables(species, g):
    """Two editions of the abundances: they differ by up to 1 %."""
    found = force_constants.elements.natural_mass_variances([species], "")[0]
    assert found == pytest.approx(g, rel=0.01)


# --- which files ------------------------------------------------------------------------------------------------------


def test_files_can_have_other_names(tmp_path, monkeypatch):
    """A bare name is looked for in the folder, a path from the working directory."""
    folder = files.model(tmp_path / "model", 2 * np.eye(3, dtype=int))
    usual = read(folder)
    (folder / "fc2.hdf5").rename(folder / "second.hdf5")
    (folder / "fc3.hdf5").rename(tmp_path / "third.hdf5")
    settings = {"path": folder, "fc2": "second.hdf5", "fc3": "../third.hdf5"}
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    paths = force_constants.input_files(settings)
    assert paths == [folder / "phono3py.yaml", folder / "second.hdf5", Path("../third.hdf5")]
    assert_same(third_order(force_constants.read(settings)), third_order(usual))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["fc3.hdf5"], "phono3py"),
        (["phono3py_disp.yaml"], "phono3py"),
        (["infile.ucposcar"], "tdep"),
        (["CONTROL"], "shengbte"),
        (["silicon.fc", "FORCE_CONSTANTS_3RD"], "qe"),
        (["crystal.h5"], "peierls"),
    ],
)
def test_a_folder_is_recognised_by_its_files(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).touch()
    assert force_constants.recognise(tmp_path) == expected


def test_a_folder_that_could_be_two_things_is_not_guessed_at(tmp_path):
    (tmp_path / "fc3.hdf5").touch()
    (tmp_path / "CONTROL").touch()
    with pytest.raises(InputError, match=r"phono3py and shengbte; key 'force_constants\.format'"):
        force_constants.recognise(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        force_constants.recognise(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no files of a known program"):
        force_constants.recognise(tmp_path / "empty")


def test_a_format_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(InputError, match="format 'alamode' is not known, expected phono3py, tdep, shengbte, qe"):
        force_constants.read({"format": "alamode", "path": tmp_path})


# --- damaged input: one sentence, which names the file ----------------------------------------------------------------


def edit(name, old, new):
    """Replace text in a file of the folder."""

    def damage(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return damage


def both(*damages):
    """Several damages, one after the other."""
    return lambda folder: [damage(folder) for damage in damages]


def remove(name):
    return lambda folder: (folder / name).unlink()


def truncate(name):
    def damage(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def overwrite(name, key, value):
    """Put another array under `key` of an HDF5 file; `value` may be a function of the old one."""

    def damage(folder):
        with h5py.File(folder / name, "r+") as file:
            old = file[key][()]
            del file[key]
            file[key] = value(old) if callable(value) else value

    return damage


def with_nan(array):
    array.ravel()[5] = np.nan
    return array


def lose_a_chunk(folder):
    """Write the third order anew but for one chunk, which HDF5 then reads as zeros."""
    with h5py.File(folder / "fc3.hdf5", "r+") as file:
        array = file["fc3"][()]
        del file["fc3"]
        file.create_dataset("fc3", shape=array.shape, dtype=float, chunks=(1, 64, 64, 3, 3, 3))
        file["fc3"][0] = array[0]


DAMAGES = {
    "no yaml": (remove("phono3py.yaml"), "there is no phono3py.yaml in this folder"),
    "no fc2": (remove("fc2.hdf5"), "there is no fc2.hdf5 in this folder"),
    "no fc3": (remove("fc3.hdf5"), "there is no fc3.hdf5 in this folder"),
    "fc2 truncated": (truncate("fc2.hdf5"), "fc2.hdf5: not a readable HDF5 file"),
    "fc3 truncated": (truncate("fc3.hdf5"), "fc3.hdf5: not a readable HDF5 file"),
    "fc3 is text": (lambda f: (f / "fc3.hdf5").write_text("?"), "fc3.hdf5: not a readable HDF5 file"),
    "fc3 is fc2": (lambda f: shutil.copy(f / "fc2.hdf5", f / "fc3.hdf5"), "fc3.hdf5: dataset 'fc3' is missing"),
    "fc3 of 32 atoms": (
        overwrite("fc3.hdf5", "fc3", np.ones((2, 32, 32, 3, 3, 3))),
        "dataset 'fc3' has shape (2, 32, 32, 3, 3, 3), expected (2, 64, 64, 3, 3, 3) or (64, 64, 64, 3, 3, 3)",
    ),
    "fc2 of 512 atoms": (overwrite("fc2.hdf5", "force_constants", np.ones((2, 512, 3, 3))), "has shape (2, 512, 3, 3)"),
    "fc2 of words": (
        overwrite("fc2.hdf5", "force_constants", np.full((2, 64, 3, 3), b"a")),
        "fc2.hdf5: dataset 'force_constants' holds no numbers",
    ),
    "p2s_map elsewhere": (
        overwrite("fc3.hdf5", "p2s_map", np.array([0, 16])),
        "fc3.hdf5: p2s_map is [0, 16], the supercell of",
    ),
    "p2s_map too short": (overwrite("fc2.hdf5", "p2s_map", np.array([0])), "fc2.hdf5: p2s_map is [0], "),
    "fc2 in Ry": (
        overwrite("fc2.hdf5", "physical_unit", np.array([b"Ry/au^2"])),
        "fc2.hdf5: physical_unit is 'Ry/au^2', expected 'ev/angstrom^2'",
    ),
    "unit that is a type": (
        overwrite("fc2.hdf5", "physical_unit", np.dtype("f8")),
        "fc2.hdf5: not a readable HDF5 file",
    ),
    "fc3 all zero": (overwrite("fc3.hdf5", "fc3", np.zeros((2, 64, 64, 3, 3, 3))), "'fc3' is zero throughout"),
    "a chunk lost": (lose_a_chunk, "fc3.hdf5: dataset 'fc3' has lost a part of its numbers"),
    "fc2 with NaN": (overwrite("fc2.hdf5", "force_constants", with_nan), "holds numbers that are not finite"),
    "fc3 with NaN": (overwrite("fc3.hdf5", "fc3", with_nan), "holds numbers that are not finite"),
    "yaml truncated": (truncate("phono3py.yaml"), "phono3py.yaml: "),
    "yaml syntax": (
        edit("phono3py.yaml", "supercell_matrix:\n- [   2,", "supercell_matrix:\n- [   2,]]"),
        "phono3py.yaml: line 24: not valid YAML",
    ),
    "yaml empty": (lambda f: (f / "phono3py.yaml").write_text(""), "phono3py.yaml: holds no keys"),
    "yaml binary": (lambda f: shutil.copy(f / "fc2.hdf5", f / "phono3py.yaml"), "phono3py.yaml: not valid YAML"),
    "no supercell": (
        edit("phono3py.yaml", "\nsupercell:", "\nother_cell:"),
        "phono3py.yaml: key 'supercell' is missing",
    ),
    "no points": (edit("phono3py.yaml", "points:", "dots:"), "has no list of 'points'"),
    "unknown element": (edit("phono3py.yaml", "Si", "Qq"), "phono3py.yaml: 'Qq' is not an element"),
    "another element": (
        edit("phono3py.yaml", "Si # 64", "Ge # 64"),
        "key 'supercell': atom 64 is Ge, the primitive cell has Si there",
    ),
    "symbol is a number": (edit("phono3py.yaml", "Si # 64", "14 # 64"), "point 64 has symbol 14, expected the symbol"),
    "lattice in words": (
        edit("phono3py.yaml", "[    10.867120060000000,", "[ ten,"),
        "'lattice' is not an array of numbers",
    ),
    "lattice short": (
        edit("phono3py.yaml", "[    10.867120060000000,     0.000000000000000,", "[ 10.867120060000000,"),
        "'lattice' is not an array of numbers, expected shape (3, 3)",
    ),
    "lattice longer": (
        edit("phono3py.yaml", "[    10.867120060000000,", "[ 10.967120060000000,"),
        "the lattice of 'supercell' is not the one of 'unit_cell' times 'supercell_matrix'",
    ),
    "lattice longer, no matrix": (
        both(
            edit("phono3py.yaml", "[    10.867120060000000,", "[ 10.967120060000000,"),
            edit("phono3py.yaml", "supercell_matrix", "some_matrix"),
        ),
        "key 'supercell': its lattice vectors are not whole multiples of the primitive ones",
    ),
    "supercell of another size": (
        edit("phono3py.yaml", "\n  - symbol: Si # 64", "\nother:\n  - symbol: Si # 64"),
        "key 'supercell': it holds 63 atoms, expected 32 primitive cells of 2 atoms",
    ),
    "lattice flat": (
        edit("phono3py.yaml", "[     0.000000000000000,    10.867120060000000,", "[ 0.0, 0.0,"),
        "key 'supercell', 'lattice' has no volume",
    ),
    "primitive matrix": (
        edit("phono3py.yaml", "primitive_matrix:\n- [  0.000000000000000,", "primitive_matrix:\n- [ 1.0,"),
        "the lattice of 'primitive_cell' is not the one of 'unit_cell' times 'primitive_matrix'",
    ),
    "supercell matrix": (
        edit("phono3py.yaml", "supercell_matrix:\n- [   2,", "supercell_matrix:\n- [   3,"),
        "the lattice of 'supercell' is not the one of 'unit_cell' times 'supercell_matrix'",
    ),
    "atom moved": (
        edit(
            "phono3py.yaml", "[  0.937500000000000,  0.437500000000000,  0.437500000000000 ]", "[ 0.9, 0.4375, 0.4375 ]"
        ),
        "key 'supercell': atom 2 (Si) is 0.4075 Å away from the nearest site",
    ),
    "not fractions": (
        edit("phono3py.yaml", "[  0.937500000000000,  0.437500000000000,", "[  937500000000000,  0.437500000000000,"),
        "key 'supercell', 'coordinates' reach 9.375e+14",
    ),
    "two atoms on a site": (
        edit(
            "phono3py.yaml",
            "[  0.937500000000000,  0.437500000000000,  0.437500000000000 ]",
            "[  0.437500000000000,  0.437500000000000,  0.437500000000000 ]",
        ),
        "key 'supercell': 1 of its 64 atoms share a site",
    ),
    "mass": (
        edit("phono3py.yaml", "28.085500\n    reduced_to: 33", "28.0\n    reduced_to: 33"),
        "key 'supercell': atom 33 has mass 28.0, the primitive cell has 28.0855 there",
    ),
    "mass missing": (
        edit("phono3py.yaml", "    mass: 28.085500\n    reduced_to: 33", "    reduced_to: 33"),
        "key 'supercell', 'mass' holds gaps",
    ),
    "mass negative": (edit("phono3py.yaml", "mass: 28.085500", "mass: -28.085500"), "expected a positive mass"),
    "length unit": (
        edit("phono3py.yaml", '"angstrom"', '"furlong"'),
        "'length' is 'furlong', expected one of angstrom",
    ),
    "tolerance": (edit("phono3py.yaml", "1.00000e-05", "3.0"), "'symmetry_tolerance' is 3, expected a small distance"),
    "mixed sites": (edit("phono3py.yaml", "Si # 64", "Si\n    weight: 0.5"), "sites shared by several elements"),
}


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_give_one_sentence(tmp_path, damage, sentence):
    folder = tmp_path / "silicon"
    shutil.copytree(SILICON, folder)
    damage(folder)
    with pytest.raises(InputError) as caught:
        read(folder)
    message = str(caught.value)
    assert sentence in message
    assert message.startswith(str(folder)) and "\n" not in message


def with_charges(change=lambda section: None):
    section = {
        "born_effective_charge": [[row[:] for row in tensor] for tensor in CHARGES],
        "dielectric_constant": DIELECTRIC,
    }
    change(section)
    return lambda content: content.update({"nac": section})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda s: s["born_effective_charge"].pop(),
            "key 'born_effective_charge' has shape (1, 3, 3), expected (2, 3, 3)",
        ),
        (
            lambda s: s["born_effective_charge"][0][0].__setitem__(0, 1.9),
            "Born charges of the primitive cell sum to 0.8000 e",
        ),
        (
            lambda s: s.update(dielectric_constant=[[1, 0, 0], [0, 1, 0], [0, 0, -1]]),
            "not symmetric and positive definite",
        ),
        (
            lambda s: s.update(dielectric_constant=[[1, 0.1, 0], [0, 1, 0], [0, 0, 1]]),
            "not symmetric and positive definite",
        ),
        (lambda s: s.update(dielectric_constant="high"), "key 'dielectric_constant' is not an array of numbers"),
        (lambda s: s.pop("dielectric_constant"), "key 'dielectric_constant' is missing beside 'born_effective_charge'"),
        (
            lambda s: s.pop("born_effective_charge"),
            "key 'born_effective_charge' is missing beside 'dielectric_constant'",
        ),
    ],
)
def test_damaged_charges(tmp_path, change, sentence):
    with pytest.raises(InputError) as caught:
        variant(tmp_path, with_charges(change))
    assert sentence in str(caught.value)


def test_small_total_charge_is_taken_from_all_atoms_alike(tmp_path):
    crystal = variant(tmp_path, with_charges(lambda s: s["born_effective_charge"][0][0].__setitem__(0, 1.14)))
    assert abs(crystal.born_charges.sum(axis=0)).max() < 1e-12
    assert crystal.born_charges[0, 0, 0] == pytest.approx(1.12)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("14.4\n1 0 0 0 1 0 0 0 1\n", "BORN: holds 2 lines, expected 4"),
        (
            "14.4\n1 0 0 0 1 0 0 0\n" + 2 * "0 0 0 0 0 0 0 0 0\n",
            "BORN: line 2 is '1 0 0 0 1 0 0 0', expected nine numbers",
        ),
        ("14.4\n1 0 0 0 1 0 0 0 1\n0 0 0 0 z 0 0 0 0\n0 0 0 0 0 0 0 0 0\n", "BORN: line 3 is '0 0 0 0 z"),
        ("14.4\n1 0 0 0 1 0 0 0 1\n" + 2 * "nan 0 0 0 0 0 0 0 0\n", "BORN: line 3 holds numbers that are not finite"),
    ],
)
def test_damaged_born_files(tmp_path, text, sentence):
    folder = files.model(tmp_path, 2 * np.eye(3, dtype=int))
    (folder / "BORN").write_text(text)
    with pytest.raises(InputError) as caught:
        read(folder)
    assert sentence in str(caught.value)


def test_line_ends_of_another_system_and_blank_lines(tmp_path):
    """Of the yaml file, of BORN and of isotopes; an editor leaves blank lines at the end."""
    folder = files.model(tmp_path / "model", 2 * np.eye(3, dtype=int))
    charges = "1.1 0 0 0 1.1 0 0 0 1.1\n-1.1 0 0 0 -1.1 0 0 0 -1.1"
    (folder / "BORN").write_text(f"14.4\n2 0 0 0 2 0 0 0 2\n{charges}\n")
    isotopes = {"isotopes": {"file": tmp_path / "isotopes.txt"}}
    (tmp_path / "isotopes.txt").write_text("28.1 1e-4\n12.1 2e-4\n")
    usual = read(folder, **isotopes)
    for path in (folder / "BORN", folder / "phono3py.yaml", tmp_path / "isotopes.txt"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n \r\n\r\n")
    other = read(folder, **isotopes)
    for key in ("lattice", "positions", "masses", "mass_variances", "fc2", "fc3", "born_charges", "dielectric"):
        np.testing.assert_array_equal(getattr(other, key), getattr(usual, key), err_msg=key)
