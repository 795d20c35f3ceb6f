"""A sum of fields times functions of parameters has the values and derivatives that it should."""

import math

import pytest
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.network.parametric import (
    ParametricProduct,
    PolynomialFunctions,
    RationalFunctions,
    rational,
)
from pikan.network.partials import partials
from pikan.network.product import FullProduct

INTERVAL = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)


def polynomials(logarithmic):
    functions = PolynomialFunctions(2, 4, 3)
    functions.degrees.copy_(torch.tensor([[0, 0], [1, 0], [0, 1], [3, 2]]))
    functions.lower.copy_(torch.tensor([0.5, 1.0]))
    functions.upper.copy_(torch.tensor([4.0, 3.0]))
    functions.logarithmic.copy_(torch.tensor(logarithmic))
    return functions


def product(functions, generator):
    fields = FullProduct([Chebyshev(INTERVAL, 4)], 2 * 3, [0.0], [2.0])
    made = ParametricProduct(fields, functions, 2)
    with torch.no_grad():
        for one in made.parameters():
            one.copy_(torch.randn(one.shape, generator=generator, dtype=one.dtype))
    return made


@pytest.mark.parametrize("logarithmic", [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])
def test_derivatives_by_parameters_are_those_of_autograd(logarithmic, generator):
    network = product(polynomials(logarithmic), generator)
    low, high = torch.tensor([[0.1, 0.6, 1.1], [1.9, 3.9, 2.9]], dtype=torch.float64)
    points = low + (high - low) * torch.rand(9, 3, generator=generator, dtype=torch.float64)
    found = partials(network, points, {(0, 2, 0), (1, 1, 1), (0, 0, 3)})

    def derivative(orders):
        at = points.clone().requires_grad_()
        value = network(at)[:, 1]
        for axis, order in enumerate(orders):
            for _ in range(order):
                (slope,) = torch.autograd.grad(value.sum(), at, create_graph=True)
                value = slope[:, axis]
        return value.detach()

    for orders, values in found.items():
        expected = derivative(orders)
        # Chebyshev polynomials of degree 3, differentiated three times.
        torch.testing.assert_close(values[:, 1], expected, rtol=1e-10, atol=1e-10)


def test_a_member_has_the_values_of_the_family(generator):
    network = product(polynomials((1.0, 0.0)), generator)
    x = torch.linspace(0.0, 2.0, 7, dtype=torch.float64)[:, None]
    values = torch.tensor([[0.7, 2.2]], dtype=torch.float64).expand(7, 2)
    whole = network(torch.cat([x, values], dim=1))
    torch.testing.assert_close(network.at([0.7, 2.2])(x), whole, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(network.on(x)([0.7, 2.2]), whole, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("logarithmic", [(0.0, 0.0), (1.0, 0.0)])
def test_parameters_of_few_values_are_answered_as_those_of_many(logarithmic, generator):
    functions = PolynomialFunctions(2, 4, 12)
    functions.load_state_dict(polynomials(logarithmic).state_dict() | {
        "coefficients": torch.zeros(4, 12, dtype=torch.float64)
    })  # fmt: skip
    fields = FullProduct([Chebyshev(INTERVAL, 4)], 2 * 12, [0.0], [2.0])
    network = ParametricProduct(fields, functions, 2)
    with torch.no_grad():
        for one in network.parameters():
            one.copy_(torch.randn(one.shape, generator=generator, dtype=one.dtype))
    x = torch.rand(11, 1, generator=generator, dtype=torch.float64)
    few = torch.tensor([[0.7, 2.2], [3.0, 2.2], [0.7, 1.5]], dtype=torch.float64)
    points = torch.cat([x, few.repeat(4, 1)[:11]], dim=1)
    orders = {(0, 0, 0), (2, 1, 0), (0, 0, 2), (1, 0, 0)}
    # Where gradients may be asked for, fields are evaluated one by one.
    whole = partials(network, points, orders)
    with torch.no_grad():
        quick = partials(network, points, orders)
        # Values alone are taken by products of polynomials, which round in another order.
        torch.testing.assert_close(network(points), quick[0, 0, 0], rtol=1e-14, atol=1e-14)
    for one, values in whole.items():
        torch.testing.assert_close(quick[one], values.detach(), rtol=1e-11, atol=1e-11)


def test_what_one_value_leaves_out_is_negligible_and_all_that_is(generator):
    fields = FullProduct(
        [Chebyshev(INTERVAL, 8), Chebyshev(INTERVAL, 30)], 2 * 3, [0.0, 0.0], [2.0, 1.0]
    )
    functions = polynomials((1.0, 0.0))
    exact = ParametricProduct(fields, functions, 2)
    with torch.no_grad():
        for one in exact.parameters():
            one.copy_(torch.randn(one.shape, generator=generator, dtype=one.dtype))
        # Odd degrees along the first coordinate are nothing, along the second they decay.
        sizes = fields.coefficients.view(9, 31, -1)
        sizes[1::2] *= 1e-13
        sizes *= 10.0 ** -torch.arange(31, dtype=torch.float64)[:, None]
        points = torch.rand(50, 4, generator=generator, dtype=torch.float64)
        points = points * torch.tensor([2.0, 1.0, 0.0, 0.0]) + torch.tensor([0.0, 0.0, 0.7, 2.2])
        whole = exact(points)
        errors = [
            float((ParametricProduct(fields, functions, 2, part)(points) - whole).norm())
            / float(whole.norm())
            for part in (1e-12, 1e-6)
        ]
    assert errors[0] < 1e-11
    assert 1e-9 < errors[1] < 1e-5


def test_a_rational_interpolant_is_a_rational_function_and_so_are_its_derivatives():
    # 1/(z - 2) is interpolated without an error by any three nodes with the right weights.
    nodes = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    apart = nodes[:, None] - nodes + torch.eye(3, dtype=torch.float64)
    weights = (nodes - 2.0) / apart.prod(dim=1)
    z = torch.tensor([-1.0, -0.3, 0.0, 1e-9, 0.4, 1.0], dtype=torch.float64)
    for order in range(4):
        found = rational(z, nodes, weights, order) @ (1.0 / (nodes - 2.0))
        expected = (-1.0) ** order * math.factorial(order) / (z - 2.0) ** (order + 1)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def rational_functions():
    functions = RationalFunctions(1, 3, 3)
    functions.nodes.copy_(torch.tensor([-1.0, 0.1, 1.0]))
    functions.weights.copy_(torch.tensor([0.5, -1.0, 0.6]))
    functions.upper.fill_(1.0)
    return functions


def test_the_derivatives_by_coordinates_and_parameter_of_a_rational_family_are_in_both(generator):
    network = product(rational_functions(), generator)
    points = torch.rand(5, 2, generator=generator, dtype=torch.float64)
    found = partials(network, points, {(1, 1)})[1, 1][:, 0]
    step = 1e-6
    shifted = [
        partials(network, points + torch.tensor([0.0, s], dtype=torch.float64), {(1, 0)})[1, 0]
        for s in (step, -step)
    ]
    expected = (shifted[0] - shifted[1])[:, 0] / (2 * step)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
