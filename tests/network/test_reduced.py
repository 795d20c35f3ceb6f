"""Functions that solve a small system: what they solve, and their derivatives."""

import pytest
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.network.build import architecture_text, restore
from pikan.network.parametric import ParametricProduct
from pikan.network.product import FullProduct
from pikan.network.reduced import ReducedFunctions


def functions(generator, rows=3):
    """A(p) = D + p_1 M + p_2 N with a dominant diagonal D, and b(p) = b_0 + p_1 p_2 b_1."""
    made = ReducedFunctions(2, 3, (rows, 3, 2))
    made.matrix_degrees.copy_(torch.tensor([[0, 0], [1, 0], [0, 1]]))
    made.right_degrees.copy_(torch.tensor([[0, 0], [1, 1]]))
    made.matrices.copy_(torch.randn(3, rows, 3, generator=generator, dtype=torch.float64))
    made.matrices[0] += 9.0 * torch.eye(rows, 3)
    made.rights.copy_(torch.randn(2, rows, generator=generator, dtype=torch.float64))
    made.lower.copy_(torch.tensor([0.5, -1.0]))
    made.upper.copy_(torch.tensor([4.0, 3.0]))
    made.logarithmic.copy_(torch.tensor([1.0, 0.0]))
    with torch.no_grad():
        made.coefficients.copy_(torch.eye(3))
    return made


def places(generator):
    unit = torch.rand(6, 2, generator=generator, dtype=torch.float64)
    return torch.tensor([0.6, -0.9]) + unit * torch.tensor([3.0, 3.5], dtype=torch.float64)


def test_they_solve_the_system(generator):
    made, values = functions(generator), places(generator)
    g = made(values, (0, 0))
    one, other = made.unit(values).T
    matrix = made.matrices[0] + one[:, None, None] * made.matrices[1]
    matrix = matrix + other[:, None, None] * made.matrices[2]
    right = made.rights[0] + (one * other)[:, None] * made.rights[1]
    torch.testing.assert_close(torch.linalg.solve(matrix, right), g, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 1), (0, 3)])
def test_their_derivatives_are_those_of_autograd(orders, generator):
    made, values = functions(generator), places(generator)
    at = values.clone().requires_grad_()
    found = made(at, (0, 0))[:, 1]
    for axis, order in enumerate(orders):
        for _ in range(order):
            (slope,) = torch.autograd.grad(found.sum(), at, create_graph=True)
            found = slope[:, axis]
    torch.testing.assert_close(made(values, orders)[:, 1], found, rtol=1e-9, atol=1e-9)


def test_they_come_back_from_their_text_and_numbers(generator):
    basis = Chebyshev(torch.tensor([[-1.0, 1.0]], dtype=torch.float64), 4)
    network = ParametricProduct(
        FullProduct([basis], 3, [0.0], [2.0]), functions(generator, rows=5), 1
    )
    again = restore(architecture_text(network), network.state_dict())
    points = torch.cat([torch.ones(6, 1), places(generator)], dim=1)
    assert torch.equal(again(points), network(points))
