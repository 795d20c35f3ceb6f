"""A window's network starts from what is known of the solution there."""

import numpy as np
import pytest
import torch

from pikan.network.parameters import with_parameters
from pikan.solvers.time_marching.slab import (
    Grid,
    assess_slab,
    first_grid,
    project_values,
    slab_network,
)
from pikan.solvers.time_slab import restrict_time
from tests.stated import LIKE, fitted, product, stated

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


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_two_marches_have_the_same_degrees_and_polynomials_rise_by_two(text):
    problem = stated(text)
    time = problem.box.axis("t")
    for tolerance in (1e-4, 1e-8):
        first, second = (first_grid(problem, tolerance, number, None) for number in (0, 1))
        rise = [high - low for low, high in zip(first.degrees, second.degrees, strict=True)]
        even = 1 if first.knots is not None else 2
        assert rise == [1 if axis == time else even for axis in range(len(rise))]
        assert (first.knots is None) == (problem.box.dimension > 2)
    if problem.box.dimension == 2:
        coarse, fine = (first_grid(problem, tolerance, 0, None) for tolerance in (1e-5, 1e-7))
        assert all(low < high for low, high in zip(coarse.degrees, fine.degrees, strict=True))


def slab_of(formula, cells=8):
    """A slab's network of splines times polynomials whose values are those of a formula."""
    problem = stated(TEXTS["time first"] + f"exact: {{u: {formula}}}")
    part = restrict_time(problem, 0.0, 0.5)
    grid = Grid(np.linspace(-1.0, 1.0, cells + 1), (5, 5))
    network = slab_network(part, grid, LIKE)
    theta = project_values(part, grid, network, fitted(problem, 40))
    return problem, with_parameters(network, theta), grid


def test_a_slab_is_accepted_where_it_leaves_out_no_more_than_the_tolerance_in_time():
    problem, network, grid = slab_of("exp(4*t)")
    # With z from -1 to 1 over the slab exp(4 t) is e exp(z): its Chebyshev coefficients are those
    # of the modified Bessel functions 2 I_k(1) beside I_0(1) = 1.266 (DLMF 10.35.3); the last three
    # begin with I_3(1) = 0.0221684, and the largest is 2 I_1(1) = 1.1303182 or I_0(1).
    left_out = 2 * 0.0221684 / 1.2660659
    for tolerance, accepted in ((1.1 * left_out, True), (0.9 * left_out, False)):
        verdict = assess_slab(problem, network, grid, tolerance, 10_000)
        assert verdict.accepted == accepted
        # With degree 5 an error falls by the fifth power of the length; some caution is left.
        assert verdict.stretch == pytest.approx(0.85 * (tolerance / left_out) ** (1 / 4), rel=1e-3)
    assert assess_slab(problem, network, grid, 1e6 * left_out, 10_000).stretch == 2.0
    assert assess_slab(problem, network, grid, 1e-9 * left_out, 10_000).stretch == 0.4


def test_a_grid_that_is_too_coarse_in_space_is_refined_where_the_solution_is_steep():
    problem, network, grid = slab_of("tanh(4*(x - 1))", cells=24)
    verdict = assess_slab(problem, network, grid, 1e-8, 10_000)
    assert not verdict.accepted
    # One change at a time: the length was right.
    assert verdict.stretch == 1.0
    assert verdict.grid.degrees == grid.degrees
    assert len(verdict.grid.knots) > len(grid.knots)
    # x = 1 is at a third of the unit interval, and the solution is flat at its lower end.
    widths, middles = np.diff(verdict.grid.knots), verdict.grid.knots[1:]
    assert widths[np.abs(middles - 1 / 3) < 0.3].mean() < 0.7 * widths[0]
    few = assess_slab(problem, network, grid, 1e-8, 120)
    assert len(few.grid.knots) < len(verdict.grid.knots)
