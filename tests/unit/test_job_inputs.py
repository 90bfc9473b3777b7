from pathlib import Path

import numpy as np

from peierls.crystal import Crystal
from peierls.job_inputs import complete


def test_named_isotopes_pass_and_memory_is_added(silicon: Crystal) -> None:
    settings = {"integration": {"sigma": 0.1}, "scattering": {"isotopes": "natural", "max_mfp": None}}
    completed = {**settings, "integration": {"sigma": 0.1, "max_memory": 2.0}}
    assert complete(settings, silicon, 2.0) == completed


def test_isotopes_of_a_file_become_a_number_per_atom(silicon: Crystal, tmp_path: Path) -> None:
    path = tmp_path / "isotopes.txt"
    path.write_text("28.0 1e-4\n28.0 2e-4\n")
    settings = {"integration": {}, "scattering": {"isotopes": {"file": str(path)}, "max_mfp": None}}
    found = complete(settings, silicon, 2.0)["scattering"]
    np.testing.assert_allclose(found["isotopes"], [1e-4, 2e-4])
    assert found["max_mfp"] is None
    assert settings["scattering"]["isotopes"] == {"file": str(path)}
