"""What the tests of all text formats have in common: comparing crystals, damaging files, and asking for a sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from peierls import force_constants
from peierls.crystal import Crystal
from peierls.dynamical_matrix import dynamical_matrices
from peierls.errors import InputError

Q_POINTS = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0.5], [0.13, -0.27, 0.41], [0.31, 0.22, -0.08]])

Damage = Callable[[Path], None]


def blocks(crystal: Crystal) -> dict[tuple[int, ...], np.ndarray]:
    """Third-order blocks by (i, j, k, R', R'')."""
    labels = np.column_stack([crystal.fc3_atoms, crystal.fc3_vectors.reshape(-1, 6)])
    return {tuple(label): block for label, block in zip(labels.tolist(), crystal.fc3, strict=True)}


def assert_same(found: Crystal, expected: Crystal, tolerance: float = 1e-9) -> None:
    """Equal cells, masses, dynamical matrices at any q and third-order blocks."""
    assert found.species == expected.species
    np.testing.assert_allclose(found.lattice, expected.lattice, atol=1e-8)
    np.testing.assert_allclose(found.positions, expected.positions, atol=1e-8)
    np.testing.assert_allclose(found.masses, expected.masses, rtol=1e-9)
    matrices = dynamical_matrices(expected, Q_POINTS)
    np.testing.assert_allclose(dynamical_matrices(found, Q_POINTS), matrices, atol=tolerance * abs(matrices).max())
    ours, theirs = blocks(found), blocks(expected)
    assert ours.keys() == theirs.keys()
    largest = abs(expected.fc3).max()
    for label, block in theirs.items():
        np.testing.assert_allclose(ours[label], block, atol=tolerance * largest, err_msg=str(label))


def edit(name: str, old: str, new: str, count: int = 1) -> Damage:
    """Replace text in a file of the folder."""

    def damage(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, count))

    return damage


def line(name: str, number: int, change: Callable[[str], str]) -> Damage:
    """Change one line, counted from 1."""

    def damage(folder: Path) -> None:
        lines = (folder / name).read_text().split("\n")
        lines[number - 1] = change(lines[number - 1])
        (folder / name).write_text("\n".join(lines))

    return damage


def cut(name: str, number: int) -> Damage:
    """Leave only the first `number` lines."""

    def damage(folder: Path) -> None:
        lines = (folder / name).read_text().split("\n")
        (folder / name).write_text("\n".join(lines[:number]) + "\n")

    return damage


def remove(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def assert_refused(folder: Path, sentence: str, **settings) -> None:
    """Reading gives one sentence on one line, with `sentence` in it."""
    with pytest.raises(InputError) as caught:
        force_constants.read({"path": folder, **settings})
    message = str(caught.value)
    assert sentence in message
    assert "\n" not in message
    assert str(folder) in message


def with_crlf(folder: Path) -> None:
    """Every file with the line ends of another system."""
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
