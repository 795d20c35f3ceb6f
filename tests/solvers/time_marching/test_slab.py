"""A window's network starts from what is known of the solution there."""

import numpy as np
import pytest
import torch

from pikan.network.parameters import with_parameters
from pikan.solvers.time_marching.slab import Grid, assess_slab, project_values, slab_network
from pikan.solvers.time_slab import restrict_time
from tests.stated import LIKE, product, stated

TEXTS = {
    "a line": """
domain: {x: [-1, 2], t: [0, 0.5]}
unknowns: [u, v]
equations: [u_t = v_xx, v_t = u*v]
conditions: [{where: t = 0, that: u = 0}, {where: t = 0, that: v = 1}]
""",
    "time first": """
domain: {t: [0, 0.5], x: [-1, 2]}
unknowns: [u]
equations: [u_t = u_xx]
conditions: [{where: t = 0, that: u = 0}]
""",
    "a plane": """
domain: {x: [-1, 2], y: [0, 3], t: [0, 0.5]}
unknowns: [u]
equations: [u_t = u_xx + u_yy]
conditions: [{where: t = 0, that: u = 0}]
""",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_known_polynomial_is_met_exactly(text):
    problem = stated(text)
    generator = torch.Generator().manual_seed(0)
    empty = product(problem, 4)
    known = with_parameters(
        empty, torch.randn(empty.coefficients.numel(), generator=generator).double()
    )
    part = restrict_time(problem, 0.1, 0.2)
    splines = problem.box.dimension == 2
    knots = np.array([-1.0, -0.2, 0.1, 1.0]) if splines else None
    grid = Grid(knots, (5,) * problem.box.dimension)
    network = slab_network(part, grid, LIKE)
    found = with_parameters(network, project_values(part, grid, network, known))
    unit = 2 * torch.rand(100, problem.box.dimension, generator=generator).double() - 1
    points = network.center + network.scale * unit
    # As exact as the interpolation of 25 to 125 values of size 1 to 10 can be.
    torch.testing.assert_close(found(points), known(points), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-160])
def test_an_unknown_whose_squares_underflow_counts_as_zero(size):
    # What it has is rounding, and a grid that follows rounding has no end.
    problem = stated(TEXTS["a line"])
    grid = Grid(np.linspace(-1.0, 1.0, 9), (5, 5))
    network = slab_network(restrict_time(problem, 0.0, 0.1), grid, LIKE)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(network.coefficients.numel(), generator=generator).double()
    verdict = assess_slab(problem, with_parameters(network, size * noise), grid, 1e-6, 10_000)
    assert verdict.accepted


def test_numbers_whose_squares_overflow_say_nothing_but_that_the_window_is_too_long():
    problem = stated(TEXTS["time first"])
    grid = Grid(np.linspace(-1.0, 1.0, 9), (5, 5))
    network = slab_network(restrict_time(problem, 0.0, 0.1), grid, LIKE)
    generator = torch.Generator().manual_seed(0)
    huge = 1e290 * torch.randn(network.coefficients.numel(), generator=generator).double()
    verdict = assess_slab(problem, with_parameters(network, huge), grid, 1e-6, 10_000)
    assert not verdict.accepted
    assert verdict.grid is grid
    assert 0.0 < verdict.stretch < 1.0
