"""Scattering takes phonons out of a mode: no rate is negative."""

import pytest
from chain import compute, face_centred, hexagonal, triclinic

METHODS = {
    "tetrahedron": {},
    "gaussian": {"method": "gaussian", "sigma": 0.1},
    "invariant": {"method": "adaptive", "kind": "invariant"},
    "shengbte": {"method": "adaptive", "kind": "shengbte"},
    "fourphonon": {"method": "adaptive", "kind": "fourphonon"},
    "tdep": {"method": "adaptive", "kind": "tdep"},
    "tdep's occupation factors": {"method": "adaptive", "kind": "tdep", "occupation": "tdep"},
}
CRYSTALS = {"rock salt": face_centred((28.0, 12.0)), "hexagonal": hexagonal(), "triclinic": triclinic(2)}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["silicon", *CRYSTALS])
def test_every_rate_is_positive(request, name, method):
    """From 10 to 1000 K: normal, Umklapp, isotope and boundary parts are not negative, their sum is positive."""
    crystal = request.getfixturevalue("silicon") if name == "silicon" else CRYSTALS[name]
    found = compute(crystal, [4, 4, 4], **METHODS[method]).linewidths(10.0, 100.0, 1000.0, isotopes="natural")
    assert found.linewidth_normal.min() >= 0
    assert found.linewidth_umklapp.min() >= 0
    assert found.linewidth_isotope.min() >= 0
    assert (found.linewidth[:, found.frequency > 0] > 0).all()
