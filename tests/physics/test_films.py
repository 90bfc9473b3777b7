"""Films and wires: the theory of Fuchs and Sondheimer in every limit, of a mode, a grey solid and a crystal."""

from dataclasses import replace

import numpy as np
import pytest
from chain import compute, face_centred, hexagonal, spring_crystal, triclinic
from hypothesis import given
from hypothesis import strategies as st
from less_symmetry import without_symmetry
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import iv, modstruve

from peierls.occupation import heat_capacities
from peierls.solvers import direct, rta
from peierls.thin_film import (
    CROSS_PLANE,
    IN_PLANE,
    WIRE,
    cross_plane,
    in_plane,
    suppression,
    thin_film_conductivity,
    wire,
)
from peierls.units import METRE, THZ, WATT_PER_METRE_KELVIN

KINDS = [IN_PLANE, CROSS_PLANE, WIRE]
THICKNESS = [1e-10, 3e-9, 1e-8, 1e-7, 1e-6, 1e-4]
CRYSTALS = {
    "triclinic": (triclinic(2), [3, 4, 3]),
    "rock salt": (face_centred((28.0, 12.0)), [4, 4, 4]),
    "hexagonal": (hexagonal(), [4, 4, 3]),
}


def section(**changes):
    """The section `analysis.thin_film`."""
    default = {"kinds": KINDS, "normal": [0, 0, 1], "direction": [1, 0, 0], "thickness": THICKNESS, "specularity": 0.0}
    return {**default, **changes}


@pytest.fixture(scope="module", params=CRYSTALS)
def chain(request):
    crystal, sizes = CRYSTALS[request.param]
    return compute(crystal, sizes, weights="event")


def film(chain, transport, **changes):
    arguments = (chain.crystal, chain.mesh, chain.phonons, chain.linewidths(*transport.temperature), transport)
    return thin_film_conductivity(*arguments, section(**changes))


# A single mode.

LIMITS = {IN_PLANE: (1 / 2, 1.0), CROSS_PLANE: (1 / 2, 2.0), WIRE: (4 / (3 * np.pi), 4 / np.pi)}
"""S = a δ for thin and 1 - b/δ for thick films."""


@pytest.mark.parametrize("kind", KINDS)
def test_limits_of_thin_and_thick_films(kind):
    thin, thick = LIMITS[kind]
    small = np.array([1e-300, 1e-100, 1e-30, 1e-9, 1e-7])
    assert_allclose(suppression(kind, small, 0.0), thin * small, rtol=1e-6)
    large = np.array([3e3, 1e5, 1e8])
    assert_allclose(suppression(kind, large, 0.0), 1 - thick / large, rtol=1e-6)
    assert_allclose((1 - suppression(kind, large, 0.0)) * large, thick, rtol=1e-3)
    assert suppression(kind, np.array([np.inf]), 0.0) == 1


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(1e-12, 1e12), st.floats(0, 1))
def test_suppression_is_between_nothing_and_the_bulk(kind, delta, specularity):
    smaller, larger = suppression(kind, np.array([delta, delta * 1.1]), specularity)
    assert 0 < smaller <= larger * (1 + 1e-15) and larger <= 1 + 1e-15
    assert suppression(kind, np.array([delta]), min(1.0, specularity + 0.1)) >= smaller * (1 - 1e-15)


@pytest.mark.parametrize("kind", [IN_PLANE, WIRE])
def test_mirrors_leave_the_bulk(kind):
    delta = np.array([0.0, 1e-300, 1e-9, 1.0, 1e9, np.inf])
    assert_allclose(suppression(kind, delta, 1.0), 1, rtol=1e-15)


@given(st.floats(0.05, 50), st.floats(0, 0.999))
def test_film_is_the_formula_as_printed(delta, p):
    """docs/understanding-kappa.md, "Films and wires"; the difference of the printed form cancels at small δ."""
    decay = np.exp(-delta)
    assert in_plane(np.array([delta]), p)[0] == pytest.approx(
        1 - (1 - p) * (1 - decay) / (delta * (1 - p * decay)), rel=1e-9
    )


@given(st.floats(0, 0.999))
def test_series_at_small_sizes_joins_the_formula(p):
    around = in_plane(np.array([1e-2 * (1 - 1e-12), 1e-2]), p)
    assert around[0] == pytest.approx(around[1], rel=1e-11)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("delta", [0.3, 1.0, 5.0])
def test_film_solves_the_boltzmann_equation(delta, p):
    """v_y ∂g/∂y = (g₀ - g)/τ up and down, with a share p reflected at each face and the rest lost.

    From the steady amplitudes a of what leaves a face, a = p (1 - (1 - a) e^-δ), the mean of g/g₀ over the film.
    """
    leaving = p * (1 - np.exp(-delta)) / (1 - p * np.exp(-delta))
    mean, _ = quad(lambda y: 1 - (1 - leaving) * np.exp(-y), 0, delta)
    assert in_plane(np.array([delta]), p)[0] == pytest.approx(mean / delta, rel=1e-10)


def test_wire_is_the_closed_form():
    """1 - (2/δ)(I₁ - L₁) with the modified Bessel and Struve functions, where their difference has digits left."""
    delta = np.geomspace(0.1, 15, 20)
    assert_allclose(wire(delta), 1 - 2 / delta * (iv(1, delta) - modstruve(1, delta)), rtol=1e-8)


@pytest.mark.parametrize("delta", [0.2, 2.0, 20.0])
def test_wire_is_the_mean_over_its_cross_section(delta):
    """1 - exp(-s/l) with s the way back to the wall, over the disk on a grid of points, diameter 1."""
    x, y = np.meshgrid(*2 * [(np.arange(1500) + 0.5) / 1500 - 0.5])
    inside = x**2 + y**2 < 0.25
    way = (y + np.sqrt(np.maximum(0.25 - x**2, 0)))[inside]
    assert wire(np.array([delta]))[0] == pytest.approx((1 - np.exp(-delta * way)).mean(), rel=1e-4)


# A grey isotropic solid.


def grey(kind, delta, p=0.0):
    """κ/κ_bulk of a solid with one mean free path: the mean of 3 n_z² S over all directions, δ = d/l."""
    nodes, weights = np.polynomial.legendre.leggauss(2000)
    mu, weights = (nodes + 1) / 2, weights / 2
    if kind == IN_PLANE:
        return (weights * 1.5 * (1 - mu**2) * in_plane(delta / mu, p)).sum()
    if kind == CROSS_PLANE:
        return (weights * 3 * mu**2 * cross_plane(delta / mu)).sum()
    return (weights * 3 * mu**2 * wire(delta / np.sqrt(1 - mu**2), p)).sum()


@pytest.mark.parametrize("delta", [1e-3, 0.03, 0.5, 1.0, 4.0, 30.0, 1e3])
def test_grey_solid_in_plane_is_the_integral_of_fuchs(delta):
    integral, _ = quad(lambda u: (u - u**3) * -np.expm1(-delta / u), 0, 1, epsabs=1e-13, epsrel=1e-12, limit=500)
    assert grey(IN_PLANE, delta) == pytest.approx(1 - 1.5 / delta * integral, rel=1e-6)


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_grey_solid_in_thick_films(p):
    assert grey(IN_PLANE, 1e4, p) == pytest.approx(1 - 3 * (1 - p) / (8 * 1e4), abs=1e-10)


def test_grey_wire_in_its_limits():
    """κ/κ_bulk → D/l for thin wires, as Casimir has it, and 1 - 3l/4D for thick ones (Dingle)."""
    assert grey(WIRE, 1e-5) == pytest.approx(1e-5, rel=1e-3)
    assert (1 - grey(WIRE, 1e3)) * 1e3 == pytest.approx(3 / 4, rel=1e-3)


def slab(delta):
    """κ/κ_bulk through a grey film whose modes all relax to one local temperature, between black contacts.

    Each direction is followed through cells of constant temperature, which energy conservation determines; the error is
    of second order in their width and is extrapolated away.
    """
    coarse, fine = _slab_of_cells(delta, 200), _slab_of_cells(delta, 400)
    return (4 * fine - coarse) / 3


def _slab_of_cells(delta, cells):
    nodes, weights = np.polynomial.legendre.leggauss(64)
    mu, weights = (nodes + 1) / 2, weights / 4
    width = delta / cells
    stays, leaves = np.exp(-width / mu), -np.expm1(-width / mu)
    far = np.arange(cells)
    powers = stays[None, :] ** far[:, None]
    coupling = np.concatenate(
        [
            [2 * (weights * (1 - leaves * mu / width)).sum()],
            (powers[:-1] * weights * leaves**2 * mu / width).sum(axis=1),
        ]
    )
    matrix = np.eye(cells) - coupling[np.abs(far[:, None] - far)]
    temperature = np.linalg.solve(matrix, (powers * weights * leaves * mu / width).sum(axis=1))
    back = ((powers * weights * mu * leaves).sum(axis=1) * temperature).sum()
    return 3 * delta * ((weights * mu).sum() - back)


@pytest.mark.parametrize(("delta", "exchange"), [(0.1, 0.9157), (1.0, 0.5532), (10.0, 0.1167)])
def test_slab_is_the_one_of_radiative_transfer(delta, exchange):
    """The heat flux between black plates over that without a medium (M. A. Heaslet, R. F. Warming, DOI
    10.1016/0017-9310(65)90083-3), which is 4/3δ times κ/κ_bulk."""
    assert slab(delta) * 4 / (3 * delta) == pytest.approx(exchange, rel=1e-3)


@pytest.mark.parametrize("delta", [0.01, 0.1, 1.0, 3.0, 10.0, 30.0])
def test_modes_that_keep_their_energy_to_themselves_are_one_per_cent_off(delta):
    """1/(1 + 2/δ) per mode, against one temperature of all modes: below by up to 0.8 %, nearly exact at both ends."""
    ratio = grey(CROSS_PLANE, delta) / slab(delta)
    assert 0.99 < ratio < 1 + 1e-4


# A crystal.


@pytest.mark.parametrize("solver", [rta, direct], ids=["rta", "direct"])
def test_bulk_is_the_conductivity_of_the_run_and_the_limit_of_thick_films(chain, solver):
    transport = solver.solve(chain.problem(150.0, 500.0))
    found = film(chain, transport, thickness=[1e6])
    expected = transport.kappa[:, [0, 2, 0], [0, 2, 0]]
    assert_allclose(found.kappa_bulk, expected, rtol=1e-10)
    assert_allclose(found.kappa[..., 0], expected, rtol=1e-6)
    assert found.validity.startswith(
        "suppression of the lifetimes" if solver is rta else "suppression by the lifetimes"
    )


def test_a_ribbon_of_a_sheet_assumes_the_thickness_of_the_run():
    """Cut from a sheet of one layer in 12 Å of vacuum: half the thickness, twice κ, for the bulk and every width."""
    layer = spring_crystal(np.diag([3.0, 3.2, 12.0]), [[0, 0, 0]], ["Si"], [28.0], reach=4.5)
    chain = compute(layer, (4, 4, 1), method="gaussian", sigma=0.8)
    found = []
    for thickness in (None, 6e-10):
        geometry = {"thickness": thickness, "cross_section": None}
        transport = rta.solve(chain.problem(300.0, geometry=geometry))
        found.append(film(chain, transport, kinds=[IN_PLANE], normal=[0, 1, 0]))
        assert_allclose(found[-1].kappa_bulk[:, 0], transport.kappa[:, 0, 0], rtol=1e-10)
    for of_film in ("kappa_bulk", "kappa"):
        assert_allclose(getattr(found[1], of_film), 2 * getattr(found[0], of_film), rtol=1e-10)


def test_no_film_conducts_better_than_the_bulk(chain):
    transport = chain.rta(150.0, 500.0)
    found = film(chain, transport, direction=[1, 1, 0], specularity=0.4)
    assert (np.diff(found.kappa, axis=2) > 0).all()
    assert (found.kappa > 0).all() and (found.kappa <= found.kappa_bulk[..., None]).all()


@pytest.mark.parametrize("kind", [IN_PLANE, WIRE])
def test_mirrors_leave_the_conductivity_of_the_bulk(chain, kind):
    found = film(chain, chain.rta(300.0), kinds=[kind], specularity=1.0)
    assert_allclose(found.kappa, found.kappa_bulk[..., None] * np.ones(len(THICKNESS)), rtol=1e-13)


def test_film_that_is_turned_with_the_crystal_is_the_same_film(chain):
    """Normal and direction turned by any operation of the point group."""
    transport = chain.rta(300.0)
    normal, direction = np.array([0.3, -0.8, 0.5]), np.array([0.8, 0.3, 0.0])
    expected = film(chain, transport, normal=normal, direction=direction).kappa
    for turn in chain.mesh.cartesian_rotations[:: max(1, len(chain.mesh.rotations) // 6)]:
        turned = film(chain, transport, normal=turn @ normal, direction=turn @ direction).kappa
        assert_allclose(turned, expected, rtol=1e-10)


def test_the_whole_star_is_summed(chain):
    """A film breaks the symmetry of the crystal: the sum written out over every point of the mesh."""
    transport = chain.rta(300.0)
    normal, direction = np.array([0.6, 0.0, 0.8]), np.array([0.0, 1.0, 0.0])
    found = film(chain, transport, normal=normal, direction=direction, specularity=0.2)
    mesh, full = chain.mesh, without_symmetry(chain.mesh)
    rows, turns = mesh.grid_to_irreducible, mesh.cartesian_rotations[mesh.grid_rotation]
    linewidths = chain.linewidths(300.0)
    velocities = np.einsum("gab,gsb->gsa", turns, chain.phonons.group_velocities[rows])
    squares = np.einsum("gab,gsbc,gdc->gsad", turns, chain.phonons.velocity_squares[rows], turns)
    on_grid = replace(
        chain,
        mesh=full,
        phonons=replace(chain.phonons, group_velocities=velocities, velocity_squares=squares),
    )
    displacements = np.einsum("gab,tgsb->tgsa", turns, transport.mean_free_displacement[:, rows])
    independent = thin_film_conductivity(
        on_grid.crystal,
        full,
        on_grid.phonons,
        replace(linewidths, linewidth=linewidths.linewidth[:, rows]),
        replace(transport, mean_free_displacement=displacements),
        section(normal=normal, direction=direction, specularity=0.2),
    )
    assert_allclose(found.kappa, independent.kappa, rtol=1e-10)


def test_film_is_the_sum_over_modes(chain):
    """Term by term, in plane, for a mesh point after the other, with the formula as printed."""
    transport, linewidths = chain.rta(300.0), chain.linewidths(300.0)
    found = film(chain, transport, kinds=[IN_PLANE], normal=[0, 1, 0], direction=[0, 0, 1], thickness=[5e-9])
    mesh, phonons = chain.mesh, chain.phonons
    total = 0.0
    for q in range(mesh.n_points):
        row, turn = mesh.grid_to_irreducible[q], mesh.cartesian_rotations[mesh.grid_rotation[q]]
        for s in range(phonons.n_bands):
            linewidth = linewidths.linewidth[0, row, s]
            v = turn @ phonons.group_velocities[row, s]
            if not linewidth > 0:
                continue
            tau = 1 / (2 * THZ * linewidth)
            # Of a degenerate set y counts as the root mean square: what is rounding, of a mode along the film, is zero.
            across = np.sqrt(max(turn[1] @ phonons.velocity_squares[row, s] @ turn[1], 0.0))
            delta = 5e-9 * METRE / (across * tau) if across > 1e-6 * phonons.speeds[row, s] else np.inf
            share = 1 - (1 - np.exp(-delta)) / delta if delta < np.inf else 1.0
            total += heat_capacities(phonons.frequencies[q], 300.0)[s] * v[2] ** 2 * tau * share
    total /= mesh.n_points * chain.crystal.volume * WATT_PER_METRE_KELVIN
    assert found.kappa[0, 0, 0] == pytest.approx(total, rel=1e-11)


def test_thin_films_end_at_what_never_meets_a_face(chain):
    """κ of an infinitely thin film or wire is the part of the modes with S = 1; nothing passes through a film so."""
    found = film(chain, chain.rta(300.0), thickness=[1e-22])
    assert_allclose(found.kappa[..., 0], found.kappa_grazing, rtol=1e-6, atol=1e-9 * found.kappa_bulk.max())
    assert (found.kappa_grazing >= 0).all() and (found.kappa_grazing < found.kappa_bulk).all()
    assert found.kappa_grazing[0, 1] == pytest.approx(0, abs=1e-15 * found.kappa_bulk.max())


def test_where_nothing_converged_there_is_no_film(chain):
    transport = chain.rta(300.0)
    lost = replace(transport, mean_free_displacement=np.full_like(transport.mean_free_displacement, np.nan))
    assert np.isnan(film(chain, lost).kappa).all()


def test_what_a_kind_does_not_use_may_be_missing(chain):
    transport = chain.rta(300.0)
    whole = film(chain, transport)
    for position, (kind, missing) in enumerate([(CROSS_PLANE, "direction"), (WIRE, "normal")]):
        alone = film(chain, transport, kinds=[kind], **{missing: None})
        assert_allclose(alone.kappa[:, 0], whole.kappa[:, position + 1], rtol=1e-13)
        assert getattr(alone, missing) is None
