"""Symbols: elements, heavy hydrogen, mixed sites, and what is none of them."""

from dataclasses import replace

import chain
import periodictable
import pytest

from peierls import force_constants
from peierls.errors import InputError
from peierls.force_constants import elements, writers


def test_heavy_hydrogen_is_one_isotope():
    assert elements.natural_masses(["D", "T"], "").tolist() == [periodictable.D.mass, periodictable.T.mass]
    assert elements.natural_mass_variances(["D", "T", "H"], "")[:2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("symbol", ["n", "Xx", "", "Si0.3", "si"])
def test_what_is_no_element(symbol):
    """The table of elements has a number 0, the neutron."""
    assert not elements.is_element(symbol)
    for of in (elements.natural_masses, elements.natural_mass_variances):
        with pytest.raises(InputError, match=f"file: '{symbol}' is not an element"):
            of([symbol], "file")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Si0.3Ge0.7", [("Si", 0.3), ("Ge", 0.7)]),
        ("C1e-05Si0.99999", [("C", 1e-5), ("Si", 0.99999)]),
        ("Si", None),
        ("Si0.3Qq0.7", None),
        ("0.3Si", None),
    ],
)
def test_names_of_mixed_sites(name, parts):
    assert elements.mixture(name) == parts


def test_an_alloy_is_read_to_the_end(tmp_path):
    """Its name is that of no element, and there is no natural mass to compare with."""
    model = replace(chain.triclinic(), species=("Si", "Si0.3Ge0.7"))
    writers.write(model, "tdep", tmp_path / "alloy")
    crystal = force_constants.read({"path": tmp_path / "alloy"})
    assert crystal.species == model.species
