"""A drift of phonons: how viscous it is, what it loses, and what neither may depend on."""

from dataclasses import replace

import numpy as np
import pytest
from chain import Chain, compute, face_centred, hexagonal, spring_crystal, triclinic
from full_mesh import full_mesh
from numpy.testing import assert_allclose
from scipy import linalg
from test_relabelling import UNIMODULAR, other_lattice_vectors

from peierls.collision_operator import spread_over_stars, vectors
from peierls.crystal import Floats
from peierls.crystal_momentum import ImageChoices, related_choices, self_inverse
from peierls.dense_collision_operator import dense_sector
from peierls.hydrodynamics import MomentumFlux
from peierls.occupation import sqrt_n_n_plus_1
from peierls.phonons import on_full_grid
from peierls.solvers import viscosity
from peierls.solvers.heat_conduction import HeatConduction
from peierls.units import BOLTZMANN, HBAR

TEMPERATURE = 300.0
SMEARED = {"method": "gaussian", "sigma": 2.0}
"""Wide enough that every mode of these small meshes is scattered by many others."""


def simple_cubic():
    """A cubic crystal whose odd meshes have no point on the boundary of the zone."""
    return spring_crystal(3 * np.eye(3), [[0, 0, 0]], ["Si"], [28.0], reach=5.5)


CRYSTALS = {
    "face-centred, even": (face_centred, [4, 4, 4]),
    "face-centred, odd": (face_centred, [5, 5, 5]),
    "hexagonal": (hexagonal, [4, 4, 3]),
    "simple cubic": (simple_cubic, [3, 3, 3]),
    "triclinic": (lambda: triclinic(1), [3, 4, 2]),
}


def flux_of(problem: HeatConduction) -> MomentumFlux:
    return MomentumFlux(problem, problem.operator)


def related_images(chain: Chain) -> list[Floats]:
    """ħq on the whole mesh, shape (grid, 3), for the choice of images that each operation makes of the mesh's own."""
    mesh, every = chain.mesh, []
    for rotation, rotated in zip(mesh.grid_rotations, mesh.rotated(), strict=True):
        images = np.empty_like(mesh.zone_images)
        images[rotated] = mesh.zone_images @ rotation.T
        every.append(HBAR * (images / mesh.sizes) @ mesh.reciprocal)
    return every


def by_brute_force(chain: Chain) -> tuple[Floats, Floats]:
    """η and friction of the whole mesh: dense, without symmetry, one choice of images after the other."""
    crystal, mesh, omega = chain.crystal, chain.mesh, chain.phonons.frequencies
    collisions, losses, _, _ = full_mesh(chain, TEMPERATURE)
    active = losses > 0
    s = sqrt_n_n_plus_1(omega, TEMPERATURE).ravel()[active]
    omega_matrix = collisions[np.ix_(active, active)] / np.multiply.outer(s, s)
    energy = omega.ravel()[active] * s
    energy /= np.linalg.norm(energy)
    without = np.eye(len(energy)) - np.outer(energy, energy)
    solver = np.linalg.pinv(without @ omega_matrix @ without, rcond=1e-13, hermitian=True)
    velocities = on_full_grid(chain.phonons.group_velocities, mesh)
    eta, friction = np.zeros((9, 9)), np.zeros((3, 3))
    images = related_images(chain)
    for momenta in images:
        p = np.repeat(momenta, omega.shape[1], axis=0)[active]
        # At its own opposite a q has an image that is not odd in q, and no velocity.
        flux = np.einsum("mk,ml,m->mkl", p, velocities.reshape(-1, 3)[active], s).reshape(-1, 9)
        eta += flux.T @ without @ solver @ without @ flux / len(images)
        friction += (p * s[:, None]).T @ omega_matrix @ (p * s[:, None]) / len(images)
    scale = BOLTZMANN * TEMPERATURE * mesh.n_points * crystal.volume
    return eta.reshape(3, 3, 3, 3) / scale, friction / scale


@pytest.mark.parametrize("weights", ["event", "mode"])
@pytest.mark.parametrize("name", ["face-centred, even", "hexagonal", "simple cubic", "triclinic"])
def test_symmetry_changes_nothing(name, weights):
    """Irreducible points, all choices of images at once: the same as the whole mesh, choice after choice.

    With `mode` some eigenvalues are negative, and conjugate gradients, which then stop, are not asked.
    """
    crystal, sizes = CRYSTALS[name]
    chain = compute(crystal(), sizes, weights=weights, **SMEARED)
    problem = chain.problem(TEMPERATURE)
    eta, friction = by_brute_force(chain)
    assert_allclose(viscosity.relaxons(problem, 0).eta, eta, atol=1e-8 * np.abs(eta).max())
    if weights == "event":
        exact = viscosity.conjugate_gradients(problem)
        assert exact.converged.all()
        assert_allclose(exact.eta[0], eta, atol=1e-8 * np.abs(eta).max())
    assert_allclose(flux_of(problem).friction[0], friction, atol=1e-8 * np.abs(friction).max())


@pytest.mark.parametrize("name", CRYSTALS)
def test_conjugate_gradients_and_relaxons_agree(name):
    crystal, sizes = CRYSTALS[name]
    problem = compute(crystal(), sizes, weights="event", **SMEARED).problem(100.0, TEMPERATURE, isotopes="natural")
    exact = viscosity.conjugate_gradients(problem)
    for position, eta in enumerate(exact.eta):
        relaxons = viscosity.relaxons(problem, position)
        assert_allclose(relaxons.eta, eta, atol=1e-6 * np.abs(eta).max())
        shear = np.einsum("ijij->", eta) / 9
        assert relaxons.contributions.sum() == pytest.approx(shear, rel=1e-6)
        even = np.linalg.eigvalsh(eta.reshape(9, 9))
        assert even.min() > -1e-8 * even.max()
        assert (relaxons.lifetimes > 0).all()


@pytest.mark.parametrize("name", CRYSTALS)
def test_symmetries_of_the_viscosity(name):
    """μ_ijkl is the same with i, k exchanged and with j, l, and turned by any operation of the crystal."""
    crystal, sizes = CRYSTALS[name]
    chain = compute(crystal(), sizes, weights="event", **SMEARED)
    solution = viscosity.solve(chain.problem(TEMPERATURE))
    assert solution.viscosity_relaxons is not None
    for tensor in (solution.viscosity[0], solution.viscosity_rta[0], solution.viscosity_relaxons[0]):
        tolerance = 1e-10 * np.abs(tensor).max()
        assert_allclose(tensor.transpose(2, 1, 0, 3), tensor, atol=tolerance)
        assert_allclose(tensor.transpose(0, 3, 2, 1), tensor, atol=tolerance)
        for rotation in chain.mesh.cartesian_rotations:
            turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", *4 * [rotation], tensor, optimize=True)
            assert_allclose(turned, tensor, atol=tolerance)
    assert {check.name: check.passed for check in solution.health}["positive viscosity"]


@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 5, 5]])
def test_the_basis_of_the_lattice_does_not_matter(sizes):
    """Nor do the images of wave vectors on the boundary of the zone that it would put first."""
    described = face_centred(), other_lattice_vectors(face_centred(), UNIMODULAR)
    before, after = (
        viscosity.solve(compute(one, sizes, weights="event", **SMEARED).problem(TEMPERATURE)) for one in described
    )
    for name in ("viscosity", "viscosity_rta", "specific_momentum", "umklapp_dissipation", "velocity_tensor"):
        first, second = getattr(before, name)[0], getattr(after, name)[0]
        assert_allclose(second, first, atol=1e-8 * np.abs(first).max())
    assert_allclose(after.first_sound, before.first_sound, rtol=1e-5)


def without_umklapp(chain: Chain) -> Chain:
    """Only the processes that keep the crystal momentum of the mesh's images."""
    elements = chain.elements
    normal = np.where(elements.normal_fraction == 1, elements.triplet_weights, 0.0)
    return replace(chain, elements=replace(elements, triplet_weights=normal))


@pytest.mark.parametrize(("crystal", "held"), [(simple_cubic(), 1), (triclinic(1), 3)], ids=["cubic", "triclinic"])
def test_without_umklapp_momentum_is_kept(crystal, held):
    """On a mesh without points on the boundary of the zone: three more null vectors and no friction, while the
    viscosity stays; with Umklapp there is friction.

    The cubic group makes one vector field of the three; without a group each vector field is held three times.
    """
    chain = compute(crystal, [5, 5, 5], weights="event", **SMEARED)
    assert not chain.mesh.on_zone_boundary.any()
    assert not ((chain.elements.normal_fraction > 0) & (chain.elements.normal_fraction < 1)).any()
    problem = without_umklapp(chain).problem(TEMPERATURE)
    flux = flux_of(problem)
    mean_rate = problem.operator.rates.mean()
    assert np.abs(flux.dissipation).max() < 1e-10 * mean_rate
    assert np.linalg.eigvalsh(flux_of(chain.problem(TEMPERATURE)).dissipation[0]).min() > 1e-2 * mean_rate
    exact = viscosity.conjugate_gradients(problem)
    assert exact.converged.all()
    assert_allclose(viscosity.relaxons(problem, 0).eta, exact.eta[0], atol=1e-6 * np.abs(exact.eta).max())
    for one, null_vectors in ((problem, held**2), (chain.problem(TEMPERATURE), 0)):
        rates = np.linalg.eigvalsh(dense_sector(one.operator, 0, vectors(one.mesh)).matrix)
        assert (np.abs(rates) < 1e-10 * rates.max()).sum() == null_vectors


def test_momentum_vectors_are_orthonormal_in_any_axes():
    """A^-1/2 p s/sqrt(k_B T V) are, off the boundary of the zone: a turned crystal has turned coefficients."""
    crystal = triclinic(2)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turned = replace(
        crystal,
        lattice=crystal.lattice @ turn.T,
        fc2=np.einsum("ai,rklij,bj->rklab", turn, crystal.fc2, turn),
        fc3=np.einsum("ai,bj,ck,nijk->nabc", turn, turn, turn, crystal.fc3, optimize=True),
    )
    one, other = (
        flux_of(compute(each, [3, 3, 3], weights="event", **SMEARED).problem(TEMPERATURE)) for each in (crystal, turned)
    )
    for name in ("specific_momentum", "coupling", "dissipation"):
        expected = turn @ getattr(one, name)[0] @ turn.T
        assert_allclose(getattr(other, name)[0], expected, atol=1e-8 * np.abs(expected).max())
    assert (
        np.abs(one.specific_momentum[0] - np.diag(np.diagonal(one.specific_momentum[0]))).max()
        > 1e-3 * np.abs(one.specific_momentum).max()
    )


def test_second_sound_and_friction_length_follow_from_the_tensors():
    """sqrt(Σ_i W_ij²), and sqrt(μ_ijij/(A^½ D A^½)_ii), in a crystal of which no two directions are alike."""
    found = viscosity.solve(compute(triclinic(2), [3, 3, 3], weights="event", **SMEARED).problem(TEMPERATURE))
    coupling = found.velocity_tensor[0]
    assert_allclose(found.second_sound[0], np.sqrt((coupling**2).sum(axis=0)), rtol=1e-12)
    assert np.abs(coupling - coupling.T).max() > 1e-3 * np.abs(coupling).max()
    root = linalg.sqrtm(found.specific_momentum[0])
    friction = np.diag(root @ found.umklapp_dissipation[0] @ root)
    shear = np.einsum("ijij->ij", found.viscosity[0])
    assert_allclose(found.friction_length[0], np.sqrt(shear / friction[:, None]), rtol=1e-8)
    assert np.ptp(found.friction_length) > 0.1 * found.friction_length.max()


def test_energy_is_out_of_the_way():
    """Neither the source nor what QΩQ makes of a field has any part along energy, which would dwarf the rest."""
    problem = compute(face_centred(), [4, 4, 4], weights="event", **SMEARED).problem(TEMPERATURE)
    flux, mesh = flux_of(problem), problem.mesh

    def along_energy(field: Floats) -> float:
        everywhere = spread_over_stars(field, mesh, flux.tensors)
        energy = flux.energy[mesh.grid_to_irreducible]
        return float(np.abs(np.einsum("qst,qstc->ct", energy, everywhere)).max())

    source = flux.source
    assert along_energy(source) > 0.1 * np.sqrt(problem.operator.inner(source, source)[0] / source.shape[2])
    assert along_energy(flux.without_energy(source, flux.tensors)) < 1e-12 * along_energy(source)
    image = flux.apply(source)
    assert along_energy(image) < 1e-12 * np.abs(image).max()


@pytest.mark.parametrize(("sizes", "ties"), [([4, 4, 4], True), ([5, 5, 5], True), ([3, 3, 3], False)])
def test_choices_are_closed_under_the_group(sizes, ties):
    """Each operation permutes the choices of images; all are shortest and odd in q. Off the boundary there is one."""
    chain = compute(face_centred(), sizes, weights="event", **SMEARED)
    mesh = chain.mesh
    choices: ImageChoices = related_choices(mesh, ~self_inverse(mesh))
    assert bool(mesh.on_zone_boundary[~self_inverse(mesh)].any()) == ties
    assert (choices.count > 1) == ties
    assert (np.sort(choices.permutations, axis=1) == np.arange(choices.count)).all()
    lengths = np.linalg.norm(choices.momenta, axis=2)
    assert_allclose(lengths, lengths[:, :1] * np.ones(choices.count))
    # As fields they have the crystal's symmetry: what the little groups allow of them is all of them.
    fields = choices.fields(mesh, rank=1, parity=-1.0)
    flat = choices.momenta.reshape(mesh.n_irreducible, -1)
    assert_allclose(np.einsum("qab,qb->qa", fields.projectors, flat), flat, atol=1e-10)
