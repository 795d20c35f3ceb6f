"""The residual of a sum of products is that of any network, and its Jacobian is exact."""

import pytest
import torch

from pikan.network.parameters import parameter_vector
from pikan.network.product import LowRank
from pikan.residuals.network_objective import network_objective
from pikan.residuals.terms import merge, terms
from pikan.solvers.high_dimensional.low_rank_objective import (
    low_rank_objective,
    natural_weights,
    row_weights,
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


def made(text, free=None, weigh=lambda sheets, network, free: {}):
    problem = stated(text)
    network = random_network(low_rank, problem)
    assert isinstance(network, LowRank)
    on_points = merge(terms(problem, drawn(problem)))
    theta = parameter_vector(network)
    marked = torch.ones_like(theta) > 0 if free is None else free(theta)
    weights = weigh(on_points, network, marked)
    objective = low_rank_objective(on_points, network, marked, weights, linear=False)
    return on_points, network, theta, objective


@pytest.mark.parametrize("text", [AFFINE, NONLINEAR])
def test_the_residual_is_that_of_any_network(text):
    on_points, network, theta, objective = made(text)
    other = network_objective(on_points, network, {}, linear=False, time=None, memory=10**9)
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


def test_rows_of_every_label_have_the_same_mean_length():
    _, _, theta, objective = made(AFFINE, weigh=row_weights)
    jacobian = objective.jacobian(theta)
    sums = [float(jacobian[block.rows].square().sum()) for block in objective.blocks]
    assert max(sums) == pytest.approx(min(sums))


def test_an_error_of_one_size_costs_equation_and_condition_the_same():
    def weigh(terms, network, _):
        return natural_weights(terms, network)

    text = """
domain: {x: [-1, 1], y: [0, 1]}
unknowns: [u]
equations: [7*u_xx = 0]
conditions: [{where: x = 1, that: 5*u_y = 0}]
"""
    *_, theta, plain = made(text)
    *_, weighed = made(text, weigh=weigh)
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
