"""Heat capacity and the limit of long waves."""

import numpy as np
import pytest
from chain import NO_LONG_RANGE_PART, harmonic, triclinic
from numpy.testing import assert_allclose

from peierls import stage_files
from peierls.occupation import occupations
from peierls.tables import thermal as thermal_table
from peierls.thermal import Thermal, half_sphere, thermal_properties
from peierls.units import BOLTZMANN, HBAR, JOULE, METRE, METRE_PER_SECOND


def properties(crystal, sizes, *temperatures, nac=NO_LONG_RANGE_PART):
    return thermal_properties(crystal, *harmonic(crystal, sizes, nac), nac, temperatures)


def test_mean_over_the_half_sphere():
    """⟨1⟩, ⟨n n⟩ = 1/3, ⟨x⁴⟩ = 1/5, ⟨x²y²⟩ = 1/15."""
    directions, weights = half_sphere()
    assert_allclose(weights.sum(), 1)
    assert_allclose(np.einsum("d,da,db->ab", weights, directions, directions), np.eye(3) / 3, atol=1e-14)
    x, _, z = directions.T
    assert_allclose([weights @ x**4, weights @ z**4, weights @ (x * z) ** 2], [1 / 5, 1 / 5, 1 / 15], atol=1e-14)


def test_heat_capacity_is_the_slope_of_the_energy():
    crystal = triclinic(2)
    mesh, phonons = harmonic(crystal, [3, 3, 3])
    energies = [
        (HBAR * phonons.frequencies * occupations(phonons.frequencies, t)).sum() / mesh.n_points for t in (199.9, 200.1)
    ]
    found = thermal_properties(crystal, mesh, phonons, NO_LONG_RANGE_PART, [200.0])
    assert found.heat_capacity_of_cell[0] * JOULE == pytest.approx((energies[1] - energies[0]) / 0.2, rel=1e-6)
    assert found.heat_capacity[0] * crystal.volume / METRE**3 == pytest.approx(found.heat_capacity_of_cell[0])


def test_heat_capacity_of_a_hot_crystal_is_dulong_and_petit():
    """k_B for each mode of the mesh but the three at Γ that are left out."""
    crystal = triclinic(2)
    found = properties(crystal, [4, 4, 4], 1e5)
    expected = (crystal.n_bands - 3 / 64) * BOLTZMANN / JOULE
    assert found.heat_capacity_of_cell[0] == pytest.approx(expected, rel=1e-4)


def test_cold_crystal_follows_the_law_of_debye():
    """C = (12π⁴/5) n k_B (T/Θ)³ with Θ from the speeds of sound, on a mesh much finer than thermal waves are long."""
    crystal = triclinic(1)
    debye = properties(crystal, [2, 2, 2], 300.0).debye_temperature
    temperature = debye / 35
    found = properties(crystal, [40, 40, 40], temperature).heat_capacity_of_cell[0]
    law = 12 * np.pi**4 / 5 * BOLTZMANN * (temperature / debye) ** 3 / JOULE
    assert found == pytest.approx(law, rel=0.04)


def test_debye_speed_of_silicon_is_between_its_speeds(silicon):
    found = properties(silicon, [3, 3, 3], 300.0)
    assert found.sound_speed_mean[0] < found.debye_speed < found.sound_speed_mean[2]
    assert found.debye_speed == pytest.approx(
        (3 / (found.direction_weight @ found.sound_speed**-3).sum()) ** (1 / 3), rel=1e-12
    )
    density = 2 / silicon.volume
    expected = HBAR * found.debye_speed * METRE_PER_SECOND * (6 * np.pi**2 * density) ** (1 / 3) / BOLTZMANN
    assert found.debye_temperature == pytest.approx(expected)


def test_stage_and_table(tmp_path):
    found = properties(triclinic(1), [2, 2, 2], 100.0, 300.0)
    stage_files.write(tmp_path / "thermal.h5", found)
    table = thermal_table.tabulate([stage_files.read(tmp_path / "thermal.h5", Thermal)])
    table = table.set_index(["quantity", "temperature_K"])
    assert table.loc[("heat_capacity", 300.0), "value"] == found.heat_capacity[1]
    assert table.loc["debye_temperature", "unit"].iloc[0] == "K"
    assert len(table) == 4 + 6 + 2


def test_what_has_no_temperature_has_none_in_the_table(tmp_path):
    """Not `nan`, which stands for a number that is missing."""
    table = thermal_table.tabulate([properties(triclinic(1), [2, 2, 2], 300.0)])
    table.to_csv(tmp_path / "thermal.csv", index=False, na_rep="nan")
    text = (tmp_path / "thermal.csv").read_text()
    assert "nan" not in text
    assert "\ndebye_speed,m/s,," in text
    assert "\nheat_capacity,J/m^3/K,300.0," in text
