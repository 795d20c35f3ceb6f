"""The residual of a sum of products is that of any network, and its Jacobian is exact."""

import pytest
import torch

from pikan.network.parameters import parameter_vector
from pikan.network.product import LowRank
from pikan.residuals.evaluation import balanced_factors
from pikan.residuals.network_objective import network_objective
from pikan.residuals.terms import merge, terms
from pikan.residuals.weights import row_factors
from pikan.solvers.high_dimensional.low_rank_objective import (
    low_rank_evaluations,
    low_rank_objective,
    natural_factors,
)
from tests.stated import drawn, low_rank, random_network, stated

# Affine in each parameter alone, with mixed and normal derivatives and an axis that is periodic.
AFFINE = """
domain: {x: [0, 1], y: [-1, 2], t: [0, 3]}
unknowns: [u, v]
equations: [u_t = u_xx + x*v_xy, v_t = u - 3*v_yy]
conditions:
  - {where: t = 0, that: u = x}
  - {where: t = 0, that: v = 1}
  - {where: 'x = 1', that: u_n = y*v}
  - {periodic: y}
"""
NONLINEAR = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) + u*u_x - u^3 = x]
conditions: [{where: boundary, that: u = 0}]
"""


def unweighted(evaluations, theta):
    return row_factors([one.term for one in evaluations], {})


def made(text, free=None, factors=unweighted):
    problem = stated(text)
    network = random_network(low_rank, problem)
    assert isinstance(network, LowRank)
    on_points = merge(terms(problem, drawn(problem)))
    theta = parameter_vector(network)
    marked = torch.ones_like(theta) > 0 if free is None else free(theta)
    evaluations = low_rank_evaluations(on_points, network, marked)
    objective = low_rank_objective(evaluations, factors(evaluations, theta[marked]), linear=False)
    return on_points, network, theta, objective


@pytest.mark.parametrize("text", [AFFINE, NONLINEAR])
def test_the_residual_is_that_of_any_network(text):
    on_points, network, theta, objective = made(text)
    other = network_objective(
        on_points, network, row_factors(on_points, {}), linear=False, time=None, memory=10**9
    )
    torch.testing.assert_close(
        objective.residual(theta), other.residual(theta), rtol=1e-12, atol=1e-12
    )


def test_the_jacobian_is_the_difference_where_the_residual_is_affine():
    _, _, theta, objective = made(AFFINE)
    here, jacobian = objective.residual(theta), objective.jacobian(theta)
    for parameter in range(len(theta)):
        there = theta.clone()
        there[parameter] += 1.0
        column = objective.residual(there) - here
        torch.testing.assert_close(jacobian[:, parameter], column, rtol=1e-10, atol=1e-12)


def test_the_jacobian_is_the_limit_of_differences_where_it_is_not():
    _, _, theta, objective = made(NONLINEAR)
    direction = torch.ones_like(theta)
    step = 1e-5
    ahead, behind = (objective.residual(theta + s * step * direction) for s in (1, -1))
    torch.testing.assert_close(
        objective.jacobian(theta) @ direction, (ahead - behind) / (2 * step), rtol=1e-7, atol=1e-8
    )


def test_balanced_rows_have_a_mean_square_of_one():
    on_points, _, theta, objective = made(AFFINE, factors=balanced_factors)
    counts = [len(term.points[0]) for term in on_points]
    assert len(set(counts)) > 1
    for rows in objective.jacobian(theta).split(counts):
        assert float(rows.square().sum(dim=1).mean()) == pytest.approx(1.0, rel=1e-12)


def test_an_error_of_one_size_moves_the_rows_of_equation_and_condition_as_much():
    text = """
domain: {x: [-1, 1], y: [0, 1]}
unknowns: [u]
equations: [7*u_xx = 0]
conditions: [{where: x = 1, that: 5*u_y = 0}]
"""
    *_, theta, plain = made(text, factors=lambda evaluations, _: [1.0] * 2)
    *_, weighed = made(text, factors=natural_factors)
    ratios = [
        float((weighed.residual(theta)[b.rows] / plain.residual(theta)[b.rows]).mean())
        for b in plain.blocks
    ]
    # u_xx counts as 1 and u_y as 2, which is one over the half length of y.
    assert ratios == pytest.approx([1 / 7, 1 / 10])


def test_parameters_that_are_not_free_stay():
    def some(theta):
        return torch.arange(len(theta)) % 3 == 0

    *_, theta, all_free = made(NONLINEAR)
    *_, objective = made(NONLINEAR, some)
    free = some(theta)
    torch.testing.assert_close(objective.residual(theta[free]), all_free.residual(theta))
    torch.testing.assert_close(objective.jacobian(theta[free]), all_free.jacobian(theta)[:, free])
