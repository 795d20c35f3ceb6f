"""Energies are minimized, and their equations and natural conditions are those of the calculus."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad, quad
from scipy.optimize import approx_fprime

import pikan
from pikan.bases.chebyshev import Chebyshev
from pikan.expression.tree import text
from pikan.network.parameters import parameter_vector
from pikan.network.partials import partials
from pikan.network.product import LowRank
from pikan.residuals.terms import CollocationPoints
from pikan.solvers.variational.descent import energy_objective
from pikan.solvers.variational.energy import DiscreteEnergy
from pikan.solvers.variational.space import ProductSpace
from tests.stated import spec, stated

FOLDER = Path(__file__).resolve().parents[3] / "problems" / "energies"
ROD = """
domain: {x: [0, 1]}
constants: {a: 2, q: 3}
unknowns: [u]
energy: 0.5*a*u_x^2 - u
energies: [{over: x = 1, of: -q*u}]
conditions: [{where: x = 0, that: u = 1}]
exact: {u: 1 + (q + 1)/a*x - x^2/(2*a)}
"""
CURVED = """
domain: {x: [0, 1], y: [0, 2]}
unknowns: [u, v]
energy: sqrt(1 + u_x^2 + u_y^2) + v^2*u_x^2 + exp(v)*v_y^2/2 + x*u*v
energies: [{over: 'y = 2', of: u^2*v}]
conditions: [{where: x = 0, that: u = y}]
"""
STRING = """
domain: {x: [-1, 1]}
unknowns: [u]
energy: 0.5*u_x^2 + u
constraints: [u >= -0.25]
conditions: [{where: boundary, that: u = 0}]
accuracy: 1e-3
"""


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("poisson_energy", 1e-9),
        ("two_materials", 1e-11),
        pytest.param("p_laplace", 1e-11, marks=pytest.mark.slow),
        pytest.param("obstacle", 3e-4, marks=pytest.mark.slow),
        pytest.param("minimal_surface", 1e-8, marks=pytest.mark.slow),
    ],
)
def test_an_energy_is_minimized_to_its_target(name, target):
    solution = pikan.solve(FOLDER / f"{name}.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < target
    assert solution.report.network.parameters <= 256 or name in ("obstacle", "minimal_surface")
    assert solution.report.estimate.relative_l2 > solution.errors["u"].relative_l2


@pytest.mark.long
def test_two_levels_of_a_bent_beam_agree():
    solution = pikan.solve(FOLDER / "beam_bending.yaml")
    assert solution.outcome.kind == "converged"
    # The tip of a prototype on other cells, -1.130084, to what its levels differed by.
    assert solution(x=4.0, y=0.5)[1] == pytest.approx(-1.1301, abs=5e-4)


def test_natural_conditions_follow_from_the_energy():
    problem = stated(ROD)
    assert [one.label for one in problem.conditions] == ["x = 0", "x = 1: natural"]
    assert text(problem.conditions[1].residual) == "0.5*a*(2*u_x) - q"
    solution = pikan.solve(spec(ROD))
    assert solution.errors["u"].relative_l2 < 1e-14
    # a u_x = q where the force pulls.
    assert solution.partial("u_x", x=1.0) == pytest.approx(1.5, rel=1e-12)


def test_gradient_and_hessian_are_those_of_differences():
    problem = stated(CURVED)
    space = ProductSpace(problem.box, [np.array([-1.0, 0.2, 1.0]), np.array([-1.0, 1.0])], 2)
    energy = DiscreteEnergy(problem, space, 5)
    c = np.random.default_rng(0).normal(size=2 * space.size)
    differences = approx_fprime(c, energy.value, 1e-7)
    np.testing.assert_allclose(energy.gradient(c), differences, rtol=1e-5, atol=1e-5)
    curvature = energy.hessian(c).toarray()
    np.testing.assert_allclose(curvature, curvature.T, atol=1e-12)
    step = 1e-6 * np.random.default_rng(1).normal(size=len(c))
    change = energy.gradient(c + step) - energy.gradient(c - step)
    np.testing.assert_allclose(curvature @ step, change / 2, rtol=1e-4, atol=1e-9)


def test_a_bound_that_is_touched_is_kept_and_presses_one_way():
    # Free is u = (x^2 - 1)/2, which goes down to -1/2; contact is |x| < 1 - 1/sqrt(2).
    solution = pikan.solve(spec(STRING))
    x = np.linspace(-1.0, 1.0, 401)
    edge = 1.0 - np.sqrt(0.5)
    beyond = np.maximum(np.abs(x) - edge, 0.0)
    expected = -0.25 + beyond**2 / 2
    # Linear functions on 64 cells are off by h^2/8 = 1.2e-4.
    assert np.abs(solution(x=x) - expected).max() < 2e-4
    assert solution(x=x).min() >= -0.25 - 1e-12


def test_an_energy_without_a_minimum_is_said_to_have_none():
    text = ROD.replace("0.5*a*u_x^2", "-0.5*u_x^2 - 0.1*u_x^4").partition("exact")[0]
    solution = pikan.solve(spec(text))
    assert solution.outcome.kind == "diverged"
    assert "minim" in solution.outcome.message or "smaller" in solution.outcome.message


def test_a_minimum_comes_back_from_its_archive(tmp_path):
    solution = pikan.solve(spec(ROD))
    solution.keep(tmp_path)
    again = pikan.load(tmp_path)
    x = np.linspace(0.0, 1.0, 5)
    assert np.array_equal(again(x=x), solution(x=x))
    assert again.problem.energy == solution.problem.energy
    assert torch.equal(again.network.coefficients, solution.network.coefficients)


INTERVAL = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
TORSION = """
region: {ellipse: {center: [0, 0], axes: [1, 0.6]}}
unknowns: [u]
energy: 0.5*(u_x^2 + u_y^2) - 2*u
conditions: [{where: boundary, that: u = 0}]
exact: {u: 0.36/1.36*(1 - x^2 - y^2/0.36)}
"""
RIM = """
region: {disc: {center: [0, 0], radius: 1}}
unknowns: [u]
energy: 0.5*(u_x^2 + u_y^2) - 4*u
energies: [{over: boundary, of: u^2}]
exact: {u: 2 - x^2 - y^2}
"""


@pytest.mark.parametrize("text", [TORSION, RIM], ids=["torsion", "rim"])
def test_an_energy_in_a_region_is_minimized_by_way_of_its_equations(text):
    solution = pikan.solve(spec(text))
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-12


def test_conditions_may_all_be_natural():
    text = "domain: {x: [0, 1]}\nunknowns: [u]\nenergy: 0.5*u_x^2 + 0.5*u^2 - u*cos(pi*x)\n"
    solution = pikan.solve(spec(text + "exact: {u: cos(pi*x)/(1 + pi^2)}"))
    assert solution.errors["u"].relative_l2 < 1e-9


def test_the_energy_of_a_network_is_its_integral_with_its_gradient():
    generator = torch.Generator().manual_seed(0)
    problem = stated(
        """
domain: {x: [0, 2], y: [0, 1]}
unknowns: [u]
energy: 0.5*(u_x^2 + 3*step(x - 0.7)*u_y^2) - u
energies: [{over: x = 2, of: u^2}]
conditions: [{where: x = 0, that: u = 1}]
"""
    )
    network = LowRank([Chebyshev(INTERVAL, 2)] * 2, 2, 1, problem.box.lower, problem.box.upper)
    with torch.no_grad():
        for one in network.parameters():
            one.copy_(torch.randn(one.shape, generator=generator, dtype=one.dtype))
    points = torch.rand(30, 2, generator=generator, dtype=torch.float64)
    face = problem.conditions[0].faces[0]
    given = CollocationPoints(points, {face: points * torch.tensor([0.0, 1.0])})
    made = energy_objective(
        problem, network, given, lambda labels: dict.fromkeys(labels, 2.0), 10**8
    )
    theta = parameter_vector(network)
    here = made.evaluate(theta)

    def field(x, y):
        return network(torch.tensor([[x, y]], dtype=torch.float64)).item()

    def density(y, x):
        at = torch.tensor([[x, y]], dtype=torch.float64)
        found = partials(network, at, {(0, 0), (1, 0), (0, 1)})
        u, u_x, u_y = (found[one].item() for one in ((0, 0), (1, 0), (0, 1)))
        return 0.5 * (u_x**2 + 3 * (x > 0.7) * u_y**2) - u

    # Gauss points of SciPy's own, on either side of the jump.
    inside = sum(dblquad(density, low, high, 0, 1)[0] for low, high in ((0, 0.7), (0.7, 2)))
    edge = quad(lambda y: field(2.0, y) ** 2, 0, 1)[0]
    rows = np.mean([(field(0.0, y) - 1) ** 2 for y in points[:, 1].tolist()])
    assert here.loss == pytest.approx(inside + edge + 0.5 * 2.0 * rows, rel=1e-9)
    differences = approx_fprime(
        theta.numpy(), lambda t: made.evaluate(torch.from_numpy(t)).loss, 1e-7
    )
    np.testing.assert_allclose(here.gradient.numpy(), differences, rtol=1e-5, atol=1e-5)
    assert sum(made.parts(here.rows).values()) == pytest.approx(2 * here.loss)
