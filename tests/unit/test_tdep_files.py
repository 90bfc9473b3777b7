"""TDEP's output files: their form, and the physics that joins their datasets."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import chain
import h5py
import numpy as np
import pytest
from chain import wigner_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from peierls import stage_files, tdep_files, units
from peierls.dynamical_matrix import dynamical_matrices
from peierls.errors import InputError
from peierls.solvers import rta, variational

TABLE = {
    "qpoints": ("q 3", "1/bohr", "q-vector,xyz"),
    "frequencies": ("q m", "Hz (angular)", "q-vector,mode"),
    "group_velocities": ("q m 3", "m/s", "q-vector,mode,xyz"),
    "eigenvectors_re": ("q m m", "dimensionless", "q-vector,mode,atom-xyz"),
    "eigenvectors_im": ("q m m", "dimensionless", "q-vector,mode,atom-xyz"),
    "linewidths": ("q m", "Hz (angular)", "q-vector,mode"),
    "lifetimes": ("q m", "s", "q-vector,mode"),
    "mean_free_paths": ("q m", "m", "q-vector,mode"),
    "scattering_rates_plus": ("q m", "1/s", "q-vector,mode"),
    "scattering_rates_minus": ("q m", "1/s", "q-vector,mode"),
    "scattering_rates_isotope": ("q m", "1/s", "q-vector,mode"),
    "thermal_conductivity": ("q m 3 3", "W/mK", "q-vector,mode,xyz,xyz"),
    "harmonic_heat_capacity": ("q m", "J/K", "q-vector,mode"),
    "lattice_vectors": ("3 3", "A", "xyz,xyz"),
}
"""The grid file: shape, unit, dimensions."""

CUMULATIVE = {
    "frequencies": ("w", "THz", "frequency"),
    "dos": ("w", "States/THz", "frequency"),
    "dos_per_site": ("a w", "States/THz", "site,frequency"),
    "dos_per_mode": ("m w", "States/THz", "mode,frequency"),
    "dos_per_species": ("s w", "States/THz", "species,frequency"),
}
AT_A_TEMPERATURE = {
    "mean_free_path_axis": ("p", "m", "mfp"),
    "cumulative_kappa_vs_mean_free_path_total": ("p", "W/mK", "mfp"),
    "cumulative_kappa_vs_mean_free_path_per_mode": ("m p", "W/mK", "mode,mfp"),
    "cumulative_kappa_vs_mean_free_path_per_atom": ("a p", "W/mK", "atom,mfp"),
    "cumulative_kappa_vs_mean_free_path_per_species": ("s p", "W/mK", "species,mfp"),
    "frequency_axis": ("w", "THz", "frequency"),
    "spectral_kappa_vs_frequency_total": ("w", "W/mK/THz", "frequency"),
    "spectral_kappa_vs_frequency_per_direction": ("3 3 w", "W/mK/THz", "xyz,xyz,frequency"),
    "spectral_kappa_vs_frequency_per_mode": ("m w", "W/mK/THz", "mode,frequency"),
    "spectral_kappa_vs_frequency_per_atom": ("a w", "W/mK/THz", "atom,frequency"),
    "spectral_kappa_vs_frequency_per_species": ("s w", "W/mK/THz", "species,frequency"),
    "boundary_scattering_lengths": ("d", "m", "domainsize"),
    "boundary_scattering_kappa": ("d 3 3", "W/mK", "domainsize,xyz,xyz"),
}

LENGTH = 2e-7


@pytest.fixture(scope="module")
def calculation() -> chain.Chain:
    return chain.compute(chain.polar_hexagonal(), [4, 4, 3], chain.long_range(), weights="event")


@pytest.fixture(scope="module")
def problem(calculation):
    return calculation.problem(200.0, 300.0, isotopes="natural", boundary_length=LENGTH)


@pytest.fixture(scope="module")
def transport(problem):
    return tdep_files.most_exact([variational.solve(problem), rta.solve(problem)])


@pytest.fixture(scope="module")
def cumulative(tmp_path_factory, problem, transport) -> Path:
    path = tmp_path_factory.mktemp("tdep") / "outfile.cumulative_kappa.hdf5"
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths)
    stage_files.write_foreign(path, tdep_files.cumulative_kappa(*parts, transport, problem.settings["integration"]))
    return path


@pytest.fixture(scope="module")
def single(calculation):
    return calculation.problem(300.0, isotopes="natural", boundary_length=LENGTH)


@pytest.fixture(scope="module")
def grid(tmp_path_factory, single) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("tdep") / "outfile.grid_thermal_conductivity.hdf5"
    parts = (single.crystal, single.mesh, single.phonons, single.linewidths)
    solved = variational.solve(single)
    stage_files.write_foreign(path, tdep_files.grid_thermal_conductivity(*parts, solved))
    with h5py.File(path) as file:
        check(file, TABLE, {"q": 48, "m": 6})
        assert dict(file.attrs) == {
            "number_of_atoms": [2],
            "number_of_bands": [6],
            "number_of_qpoints": [48],
            "temperature": [300.0],
            "meshtype": b"FFT",
        }
        return {"kappa": solved.kappa[0], **{name: dataset[()] for name, dataset in file.items()}}


def check(group, table, sizes):
    """Names, shapes, types and attributes are those of the table, and no others."""
    assert {name for name, member in group.items() if isinstance(member, h5py.Dataset)} == set(table)
    for name, (dims, unit, dimensions) in table.items():
        assert group[name].shape == tuple(int(dim) if dim.isdigit() else sizes[dim] for dim in dims.split()), name
        assert group[name].dtype == np.float64
        assert dict(group[name].attrs) == {"unit": unit.encode(), "dimensions": dimensions.encode()}, name


def test_form_of_the_cumulative_file(cumulative):
    sizes = {"w": 400, "p": 200, "d": 400, "m": 6, "a": 2, "s": 2}
    with h5py.File(cumulative) as file:
        check(file, CUMULATIVE, sizes)
        assert dict(file.attrs) == {"number_of_temperatures": [2], "atomic_species": b"Zn O"}
        assert set(file) - set(CUMULATIVE) == {"temperature_1", "temperature_2"}
        for number, temperature in ((1, 200.0), (2, 300.0)):
            check(file[f"temperature_{number}"], AT_A_TEMPERATURE, sizes)
            assert dict(file[f"temperature_{number}"].attrs) == {"temperature": [temperature]}


def test_every_curve_ends_at_the_conductivity(cumulative, transport):
    with h5py.File(cumulative) as file:
        for number, kappa in enumerate(transport.kappa, 1):
            group = file[f"temperature_{number}"]
            mean = np.trace(kappa) / 3
            frequency = group["frequency_axis"][()]
            assert group["cumulative_kappa_vs_mean_free_path_total"][-1] == pytest.approx(mean, rel=1e-9)
            assert np.trapezoid(group["spectral_kappa_vs_frequency_total"], frequency) == pytest.approx(mean, rel=1e-9)
            integral = np.trapezoid(group["spectral_kappa_vs_frequency_per_direction"], frequency, axis=-1)
            assert_allclose(integral, kappa, atol=1e-9 * mean)
            assert_allclose(group["boundary_scattering_kappa"][-1], kappa, atol=1e-4 * mean)
            assert group["cumulative_kappa_vs_mean_free_path_total"][0] < 2e-3 * mean
            assert np.trace(group["boundary_scattering_kappa"][0]) / 3 < 1e-2 * mean
        assert np.trapezoid(file["dos"], file["frequencies"]) == pytest.approx(6, rel=1e-12)


@pytest.mark.parametrize("name", ["cumulative_kappa_vs_mean_free_path", "spectral_kappa_vs_frequency"])
def test_parts_add_up_to_the_total(cumulative, name):
    with h5py.File(cumulative) as file:
        total = file[f"temperature_1/{name}_total"][()]
        for kind in ("mode", "atom", "species"):
            parts = file[f"temperature_1/{name}_per_{kind}"][()]
            assert_allclose(parts.sum(axis=0), total, atol=1e-10 * total.max())


def test_a_domain_scatters_as_its_size_says(cumulative, problem, transport):
    """In the relaxation-time approximation the curve is what the boundary rate |v|/L gives, mode by mode."""
    in_rta = rta.solve(problem)
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths)
    group = tdep_files.cumulative_kappa(*parts, in_rta, problem.settings["integration"]).members["temperature_2"]
    lengths = group.members["boundary_scattering_lengths"].values
    kappa = group.members["boundary_scattering_kappa"].values
    assert (np.diff(np.einsum("laa->l", kappa)) > 0).all()
    chosen = 200
    rates = problem.phonons.speeds / (lengths[chosen] * units.METRE) / (2 * units.THZ)
    with_domain = replace(problem.linewidths, linewidth=problem.linewidths.linewidth + rates)
    expected = rta.solve(replace(problem, linewidths=with_domain)).kappa[1]
    assert_allclose(kappa[chosen], expected, rtol=1e-10, atol=1e-10 * expected.max())


def test_mean_over_the_grid_is_the_conductivity(grid):
    assert_allclose(
        grid["thermal_conductivity"].mean(axis=0).sum(axis=0), grid["kappa"], atol=1e-10 * grid["kappa"].max()
    )


def test_rates_of_the_grid_add_up(grid, single):
    """1/τ = plus + minus/2 + isotope + boundary, 1/τ = 2Γ, l = |v|τ."""
    speeds = single.phonons.speeds[single.mesh.grid_to_irreducible] / units.METRE_PER_SECOND
    total = grid["scattering_rates_plus"] + grid["scattering_rates_minus"] / 2 + grid["scattering_rates_isotope"]
    total += speeds / LENGTH
    assert_allclose(2 * grid["linewidths"], total, rtol=1e-10, atol=1e-10 * total.max())
    scattered = grid["lifetimes"] > 0
    assert_allclose(1 / grid["lifetimes"][scattered], total[scattered], rtol=1e-10)
    assert_allclose(grid["mean_free_paths"], speeds * grid["lifetimes"], rtol=1e-10)
    assert (~scattered).sum() == 3


def test_heat_capacities_of_the_grid_are_those_of_oscillators(grid):
    """k_B x² e^x/(e^x - 1)², x = ħω/k_BT, J/K with the ω of the file, rad/s."""
    x = 1.054571817e-34 * grid["frequencies"] / (1.380649e-23 * 300.0)
    expected = np.where(x > 0, 1.380649e-23 * (x / 2 / np.sinh(np.maximum(x, 1e-9) / 2)) ** 2, 0.0)
    assert_allclose(grid["harmonic_heat_capacity"], expected, rtol=1e-6)


def test_wave_vectors_of_the_grid_and_its_lattice(grid, single):
    """q·a is a multiple of 1/N for lattice vectors a in the columns, and no image of q is shorter."""
    fractional = grid["qpoints"] / units.BOHR @ grid["lattice_vectors"]
    steps = fractional * single.mesh.sizes
    assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert (single.mesh.index(np.rint(steps).astype(int)) == np.arange(48)).all()
    reciprocal = np.linalg.inv(grid["lattice_vectors"])
    for shift in np.ndindex(3, 3, 3):
        other = (fractional - (np.array(shift) - 1)) @ reciprocal
        lengths = np.linalg.norm(other, axis=1) * units.BOHR
        assert (np.linalg.norm(grid["qpoints"], axis=1) <= lengths + 1e-9).all()


def test_eigenvectors_of_the_grid_belong_to_the_transposed_matrix(grid):
    """In units of rad²/s²; the lattice part of a crystal without charges."""
    crystal = chain.triclinic(2)
    calculation = chain.compute(crystal, [2, 3, 2])
    problem = calculation.problem(300.0)
    parts = (crystal, problem.mesh, problem.phonons, problem.linewidths)
    members = tdep_files.grid_thermal_conductivity(*parts, rta.solve(problem)).members
    vectors = members["eigenvectors_re"].values + 1j * members["eigenvectors_im"].values
    squares = members["frequencies"].values ** 2 / units.SECOND**2
    matrices = dynamical_matrices(crystal, problem.mesh.fractional)
    images = np.einsum("qji,qsj->qsi", matrices, vectors)
    assert_allclose(images, squares[..., None] * vectors, atol=1e-6 * squares.max())
    assert_allclose(np.einsum("qsi,qti->qst", vectors.conj(), vectors), np.tile(np.eye(6), (12, 1, 1)), atol=1e-12)


def test_one_temperature_is_one_file(problem, transport):
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths)
    with pytest.raises(InputError, match="2 temperatures, expected one"):
        tdep_files.grid_thermal_conductivity(*parts, transport)


def test_equal_work_gives_equal_bytes(problem, transport, cumulative, tmp_path):
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths)
    again = tmp_path / "again.hdf5"
    stage_files.write_foreign(again, tdep_files.cumulative_kappa(*parts, transport, problem.settings["integration"]))
    assert again.read_bytes() == cumulative.read_bytes()


def test_the_most_exact_solver_that_converged_is_taken_at_each_temperature(problem):
    exact, approximate = variational.solve(problem), rta.solve(problem)
    failed = replace(
        exact,
        converged=np.array([0, 1]),
        kappa=np.where([[[True]], [[False]]], np.nan, exact.kappa),
    )
    chosen = tdep_files.most_exact([failed, approximate])
    assert_allclose(chosen.kappa, [approximate.kappa[0], exact.kappa[1]])
    assert_allclose(chosen.mode_kappa, [approximate.mode_kappa[0], exact.mode_kappa[1]])
    alone = tdep_files.most_exact([failed])
    assert np.isnan(alone.kappa[0]).all()
    assert tdep_files.thermal_conductivity(alone).splitlines()[0].split()[1:] == 9 * ["NaN"]


def test_what_did_not_converge_has_no_curves(problem):
    exact = variational.solve(problem)
    nothing = np.full_like(exact.mode_kappa, np.nan)
    failed = replace(exact, converged=np.array([0, 0]), kappa=np.full_like(exact.kappa, np.nan), mode_kappa=nothing)
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths)
    group = tdep_files.cumulative_kappa(*parts, failed, problem.settings["integration"])
    members = group.members["temperature_1"].members
    for name in ("cumulative_kappa_vs_mean_free_path_total", "spectral_kappa_vs_frequency_total"):
        assert np.isnan(members[name].values).all()
    assert np.isfinite(members["mean_free_path_axis"].values).all()
    assert np.isfinite(group.members["dos"].values).all()


def test_order_of_the_tensor_in_a_row(transport):
    """T, xx, yy, zz, xz, yz, xy, zx, zy, yx, in columns of twenty characters each after one more space."""
    tensor = np.array([[11.0, 12.0, 13.0], [21.0, 22.0, 23.0], [31.0, 32.0, 33.0]])
    row = tdep_files.thermal_conductivity(replace(transport, kappa=np.stack([tensor, -tensor]))).splitlines()[1]
    assert len(row) == 1 + 10 * 21
    assert [float(row[2 + 21 * i : 22 + 21 * i]) for i in range(10)] == [
        *(300, -11, -22, -33, -13, -23, -12, -31, -32, -21)
    ]


def test_coherences_are_in_the_table_where_the_wigner_equation_is_solved(problem, transport):
    """In every component; without them the row is κ of the populations."""
    coherences = wigner_of(problem).kappa_coherences
    assert (np.einsum("taa->t", coherences) > 0).all()
    tables = [
        np.array([row.split() for row in tdep_files.thermal_conductivity(transport, *given).splitlines()], dtype=float)
        for given in ([], [coherences])
    ]
    for column, (i, j) in enumerate(tdep_files.COMPONENTS, 1):
        assert_allclose(tables[0][:, column], transport.kappa[:, i, j], rtol=1e-9, atol=1e-300)
        assert_allclose(tables[1][:, column], (transport.kappa + coherences)[:, i, j], rtol=1e-9, atol=1e-300)


def test_curves_end_at_a_third_of_the_trace_and_not_of_all_components():
    """A triclinic crystal, whose κ has off-diagonal components: their sum is 3 % of the trace or more, and is in no
    curve; TDEP rescales its curves to it."""
    problem = chain.compute(chain.triclinic(2), [3, 4, 3]).problem(300.0)
    parts = (problem.crystal, problem.mesh, problem.phonons, problem.linewidths, rta.solve(problem))
    kappa, group = parts[-1].kappa[0], tdep_files.cumulative_kappa(*parts, problem.settings["integration"])
    assert abs(kappa.sum() - np.trace(kappa)) > 0.03 * np.trace(kappa)
    members = {name: member.values for name, member in group.members["temperature_1"].members.items()}
    name = "cumulative_kappa_vs_mean_free_path"
    assert members[f"{name}_total"][-1] == pytest.approx(np.trace(kappa) / 3, rel=1e-12)
    of_branches = np.einsum("qsaa->s", parts[-1].mode_kappa[0]) / 3
    assert_allclose(members[f"{name}_per_mode"][:, -1], of_branches, rtol=1e-12)
    spectrum = members["spectral_kappa_vs_frequency_total"]
    assert np.trapezoid(spectrum, members["frequency_axis"]) == pytest.approx(np.trace(kappa) / 3, rel=1e-12)


@given(st.floats(-1e300, 1e300))
def test_numbers_as_fortran_writes_them(number):
    text = tdep_files._fortran(number)
    assert len(text) == 20
    assert re.fullmatch(r" *-?0\.\d{10}(E[+-]\d\d|[+-]\d\d\d)", text)
    back = float(re.sub(r"(?<=\d)([+-]\d\d\d)$", r"E\1", text))
    assert back == pytest.approx(number, rel=1e-9, abs=1e-307)


def test_numbers_as_tdep_wrote_them():
    for number, text in ((300, "0.3000000000E+03"), (-0.003815330748, "-0.3815330748E-02"), (0, "0.0000000000E+00")):
        assert tdep_files._fortran(number) == text.rjust(20)
