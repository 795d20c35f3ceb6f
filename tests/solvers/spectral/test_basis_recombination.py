"""Conditions that are built in hold to rounding, and the equation gives the rest."""

import pytest
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.solvers.spectral.basis_recombination import basis_recombination, is_recombinable
from tests.stated import evenly, interval, product, stated

SOLVED = {
    "Robin, a slope and a box that is long": """
domain: {x: [0, 5], y: [-1, 0]}
unknowns: [u]
equations: [u_xx + 4*u_yy - u = 0]
conditions:
  - {where: x = 0, that: u_n + 2*u = 2*cosh(y/2)}
  - {where: x = 5, that: u = cosh(y/2)}
  - {where: y = 0, that: u_n = 0}
  - {where: y = -1, that: u = cosh(1/2)}
exact: {u: cosh(y/2)}
""",
    "coefficients that are no products": """
domain: {x: [-1, 1], y: [0, 1]}
unknowns: [u]
equations: ['(2 + sin(x*y))*u_xx + exp(x*y)*u_yy + u_xy = (3 + sin(x*y) + exp(x*y))*exp(x + y)']
conditions: [{where: boundary, that: u = exp(x + y)}]
exact: {u: exp(x + y)}
""",
    "waves around a circle": """
domain: {x: [0, 2], t: [0, 1]}
unknowns: [u]
equations: [u_tt = u_xx]
conditions:
  - {periodic: x}
  - {where: t = 0, that: u = sin(pi*x)}
  - {where: t = 0, that: u_t = -pi*cos(pi*x)}
exact: {u: sin(pi*(x - t))}
""",
    "carried through a square": """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_x + 2*u_y = 3*u]
conditions: [{where: x = 0, that: u = exp(y)}, {where: y = 0, that: u = exp(x)}]
exact: {u: exp(x + y)}
""",
    "numbers that half the digits cannot hold": """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = 0.1*u_xx + 0.3*u]
conditions:
  - {where: t = 0, that: u = cosh(x)}
  - {where: x = 0, that: 0.7*u = 0.7*exp(0.4*t)}
  - {where: x = 1, that: u_n = sinh(1)*exp(0.4*t)}
exact: {u: exp(0.4*t)*cosh(x)}
""",
    "a cube": """
domain: {x: [0, 1], y: [0, 2], z: [-1, 0]}
unknowns: [u]
equations: [laplacian(u) + u_y = 4*exp(x + y - z)]
conditions: [{where: boundary, that: u = exp(x + y - z)}]
exact: {u: exp(x + y - z)}
""",
}
REFUSED = {
    "too few conditions": """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions: [{where: boundary, that: u = 0}]
""",
    "a slope along a face": """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_x + u_y = 0]
conditions: [{where: x = 0, that: u + u_y = 1}, {where: y = 0, that: u = 1}]
""",
    "two unknowns": """
domain: {x: [0, 1]}
unknowns: [u, v]
equations: [u_x = v, v_x = u]
conditions: [{where: x = 0, that: u = 0}, {where: x = 0, that: v = 1}]
""",
    "not linear": """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x = u^2]
conditions: [{where: x = 0, that: u = 1}]
""",
}


@pytest.mark.parametrize("text", SOLVED.values(), ids=SOLVED)
def test_polynomials_of_enough_degree_are_solutions_to_rounding(text):
    problem = stated(text)
    assert is_recombinable(problem)
    network = product(problem, 22 if problem.box.dimension == 2 else 14)
    solved = with_parameters(network, basis_recombination(problem, network, 4500).theta)
    lower, upper = (torch.tensor(ends).double() for ends in (problem.box.lower, problem.box.upper))
    drawn = torch.rand(200, len(lower), generator=torch.Generator().manual_seed(0)).double()
    points = lower + (upper - lower) * drawn
    exact = torch.from_numpy(problem.exact.values(points.numpy()))
    with torch.no_grad():
        off = solved(points) - exact
    assert float(off.norm() / exact.norm()) < 1e-12
    # Second derivatives of degree 22 lose four digits, relative to their terms less.
    assert largest_relative_residual(problem, solved, evenly(points)).relative < 1e-9


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_leaves_no_square_system_is_refused(text):
    assert not is_recombinable(stated(text))


def test_what_is_left_open_is_noticed():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: ['laplacian(u) = -5*pi^2*cos(pi*x)*cos(2*pi*y)']
conditions: [{where: boundary, that: u_n = 0}]
""")
    assert is_recombinable(problem)
    assert basis_recombination(problem, product(problem, 10), 4500) is None


def test_a_whole_system_that_is_too_large_is_refused():
    problem = stated(SOLVED["coefficients that are no products"])
    assert basis_recombination(problem, product(problem, 12), 100) is None


def test_a_condition_that_changes_along_its_face_is_refused():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_x + u_y = 0]
conditions: [{where: x = 0, that: (2 + y)*u = 1}, {where: y = 0, that: u = 1}]
""")
    assert basis_recombination(problem, product(problem, 8), 4500) is None


def test_many_degrees_in_time_leave_a_stiff_beam_determined():
    # Its highest modes are 1e5 times as fast as what moves it.
    problem = stated("""
domain: {x: [0, 0.5], t: [0, 0.1]}
unknowns: [y]
equations: [1e3*y_xxxx + 3.14*y_tt = 5e4*sin(60*t)]
conditions:
  - {where: t = 0, that: y = 0}
  - {where: t = 0, that: y_t = 0}
  - {where: boundary, that: y = 0}
  - {where: boundary, that: y_xx = 0}
""")
    bases = [Chebyshev(interval(), degree) for degree in (27, 819)]
    large = FullProduct(bases, 1, problem.box.lower, problem.box.upper).double()
    assert basis_recombination(problem, large, 4500) is not None
