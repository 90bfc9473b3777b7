"""The tables of the analysis hold the numbers of their stages."""

import numpy as np
import pytest
from chain import compute, face_centred, integration

from peierls.boundary_scan import scan_in_rta
from peierls.cumulative import cumulative_conductivity
from peierls.phase_space import phase_space
from peierls.tables import boundary_scan, mean_free_paths, thin_film
from peierls.tables import phase_space as phase_space_table
from peierls.thin_film import thin_film_conductivity


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [3, 3, 3])


def test_mean_free_paths(chain):
    transport = chain.rta(100.0, 300.0)
    arguments = (chain.crystal, chain.mesh, chain.phonons, chain.linewidths(100.0, 300.0), transport)
    curves = cumulative_conductivity(*arguments)
    table = mean_free_paths.tabulate([curves])
    assert len(table) == 2 * 2 * 3
    half = table[(table.temperature_K == 300) & (table.share == 0.5)].set_index("length")
    assert half.loc["mean_free_path", "first_m"] == curves.quantile_mean_free_path[1, 1, 0]
    assert half.loc["displacement", "last_m"] == curves.quantile_displacement[1, 1, 1]


def test_boundary_scan(chain):
    scan = scan_in_rta(chain.problem(100.0, 300.0), [1e-8, 1e-7])
    table = boundary_scan.tabulate([scan])
    assert list(table.columns[:4]) == ["temperature_K", "solver", "length_m", "kxx"]
    assert list(table.length_m) == [1e-8, 1e-7, np.inf] * 2
    assert table.kzz.iloc[2] == scan.kappa_bulk[0, 2, 2] and table.kyz.iloc[3] == scan.kappa[1, 0, 1, 2]


def test_thin_film(chain):
    section = {"kinds": ["wire"], "normal": None, "direction": [1, 0, 0], "thickness": [1e-8, 1e-7], "specularity": 0}
    arguments = (chain.crystal, chain.mesh, chain.phonons, chain.linewidths(300.0), chain.rta(300.0))
    film = thin_film_conductivity(*arguments, section)
    table = thin_film.tabulate([film])
    assert list(table.kappa_W_m_K) == list(film.kappa[0, 0])
    assert set(table.bulk_W_m_K) == {film.kappa_bulk[0, 0]} and set(table.grazing_W_m_K) == {film.kappa_grazing[0, 0]}


def test_phase_space(chain):
    found = phase_space(chain.mesh, chain.phonons, integration())
    table = phase_space_table.tabulate([found])
    assert len(table) == found.frequency.size
    row = table.iloc[-1]
    assert (row.branch, row.weight, row.decay_ps) == (6, found.weight[-1], found.decay[-1, -1])
