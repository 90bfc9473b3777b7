"""The plots of docs/how-to/tdep-files.md, run as they stand there."""

import chain
import matplotlib
import matplotlib.pyplot as plt
import pytest
from documented_scripts import python_scripts

from peierls import stage_files, tdep_files
from peierls.solvers import rta

SCRIPTS = python_scripts("how-to/tdep-files.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with our two HDF5 files."""
    folder = tmp_path_factory.mktemp("tdep")
    problem = chain.compute(chain.face_centred((28.0, 12.0)), [4, 4, 4]).problem(300.0)
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths, rta.solve(problem))
    cumulative = tdep_files.cumulative_kappa(*parts, problem.settings["integration"])
    stage_files.write_foreign(folder / "outfile.cumulative_kappa.hdf5", cumulative)
    grid = tdep_files.grid_thermal_conductivity(*parts)
    stage_files.write_foreign(folder / "outfile.grid_thermal_conductivity.hdf5", grid)
    return folder


@pytest.mark.parametrize("name", ["plot_cumulative_kappa.py", "plot_grid.py"])
def test_script_of_the_documentation_draws_our_files(folder, name, monkeypatch):
    monkeypatch.chdir(folder)
    matplotlib.use("Agg")
    variables: dict[str, object] = {}
    exec(SCRIPTS[name], variables)
    axes = variables["figure"].axes
    assert len(axes) == 3
    assert [len(one.get_lines()) for one in axes] == ([3, 7, 1] if "cumulative" in name else [6, 6, 6])
    assert all(one.get_xlabel() and one.get_ylabel() for one in axes)
    if "cumulative" in name:
        assert axes[0].get_xlabel() == "Mean free path (m)"
        assert axes[0].get_ylabel() == "Cumulative κ (W/mK)"
    plt.close(variables["figure"])
