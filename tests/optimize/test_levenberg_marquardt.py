from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import NotLinearError
from tests.optimize.objectives import affine, finish, objective, rosenbrock


@pytest.mark.parametrize("size", [2, 5, 20])
def test_rosenbrock_is_solved_to_rounding(size):
    states, outcome = finish(LevenbergMarquardt(), rosenbrock(size), torch.full((size,), -1.2))
    assert outcome.kind == "converged"
    # Deviations grow about twofold from one link of the chain to the next.
    assert torch.allclose(states[-1].theta, torch.ones(size), rtol=0.0, atol=2.0**size * 1e-15)


def test_steps_along_the_curvature_need_fewer_of_them_in_a_bent_valley():
    start = torch.full((20,), -1.2)
    straight, _ = finish(LevenbergMarquardt(), rosenbrock(20), start)
    bent, outcome = finish(LevenbergMarquardt(geodesic=True), rosenbrock(20), start)
    assert outcome.kind == "converged"
    assert bent[-1].loss < 1e-24
    assert len(bent) < 0.8 * len(straight)


def test_an_acceleration_is_half_the_second_derivative_of_the_way_along_the_residual():
    # r = (x, y + x²) is straight along the geodesic (x, -x²) from the start (-1, -1).
    bent = objective(lambda theta: torch.stack([theta[0], theta[1] + theta[0] ** 2]), 2)
    stage = LevenbergMarquardt(steps=1, damping=1e-20, geodesic=True)
    states, _ = finish(stage, bent, torch.tensor([-0.2, -0.04]))
    assert torch.allclose(states[-1].theta, torch.zeros(2), atol=1e-12)


def test_points_drawn_anew_are_those_of_the_place_and_of_the_number_of_the_draw():
    seen = []

    def draw(theta, number):
        seen.append((number, theta.clone()))
        return objective(lambda theta: theta - 1.0 - number, 2)

    source = replace(objective(lambda theta: theta, 2), redraw=draw)
    states, _ = finish(LevenbergMarquardt(steps=6, redraw=2), source, torch.full((2,), 5.0))
    assert [number for number, _ in seen] == list(range(len(seen)))
    for _, theta in seen:
        assert any(torch.equal(theta, state.theta) for state in states)
    assert torch.allclose(states[-1].theta, torch.full((2,), float(len(seen))), atol=1e-2)


def test_losses_never_rise():
    states, _ = finish(LevenbergMarquardt(), rosenbrock(5), torch.full((5,), -1.2))
    losses = [state.loss for state in states]
    assert losses == sorted(losses, reverse=True)


@settings(max_examples=settings.default.max_examples // 5)
@given(st.lists(st.integers(-10, 10), min_size=4, max_size=4))
def test_units_of_the_parameters_do_not_matter(exponents):
    units = 2.0 ** (3.0 * torch.tensor(exponents, dtype=torch.float64))
    plain = rosenbrock(4)
    scaled = objective(lambda theta: plain.residual(units * theta), 6)
    start = torch.tensor([-1.2, 1.0, 0.5, 2.0])
    first, _ = finish(LevenbergMarquardt(steps=8), plain, start)
    second, _ = finish(LevenbergMarquardt(steps=8), scaled, start / units)
    # Powers of two scale without rounding, so that even the bits agree.
    assert [state.loss for state in first] == [state.loss for state in second]


def test_slight_damping_solves_a_linear_system_in_one_step():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(30, 8, generator=generator)
    right = torch.randn(30, generator=generator)
    states, outcome = finish(
        LevenbergMarquardt(damping=1e-20), affine(matrix, right), torch.zeros(8)
    )
    expected = torch.linalg.lstsq(matrix, right[:, None]).solution[:, 0]
    assert torch.allclose(states[1].theta, expected, rtol=0.0, atol=1e-13)
    assert outcome.kind == "converged"


def test_more_parameters_than_rows_are_solved_exactly():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(6, 20, generator=generator)

    def residual(theta):
        return torch.tanh(matrix @ theta) - 0.5

    states, outcome = finish(LevenbergMarquardt(), objective(residual, 6), torch.zeros(20))
    assert outcome.kind == "converged"
    assert states[-1].loss < 1e-28


def test_redundant_parameters_do_no_harm():
    def residual(theta):
        return theta[0] * theta[1] * torch.ones(3) - torch.tensor([1.0, 2.0, 3.0])

    states, outcome = finish(LevenbergMarquardt(), objective(residual, 3), torch.tensor([5.0, 0.1]))
    assert outcome.kind == "converged"
    assert float(states[-1].theta.prod()) == pytest.approx(2.0, rel=1e-8)


def test_steps_out_of_the_domain_are_taken_back():
    # The first Gauss-Newton step from 10 lands at 10 - 10 log 10 < 0.
    states, outcome = finish(
        LevenbergMarquardt(damping=1e-12), objective(torch.log, 1), torch.tensor([10.0])
    )
    assert outcome.kind == "converged"
    assert float(states[-1].theta) == pytest.approx(1.0, rel=1e-15)


def test_a_start_that_is_not_finite_is_named_by_its_block():
    right = torch.zeros(4)
    right[3] = torch.nan
    states, outcome = finish(LevenbergMarquardt(), affine(torch.ones(4, 2), right), torch.zeros(2))
    assert states == []
    assert outcome.kind == "diverged"
    assert "'lower'" in outcome.message
    assert "'upper'" not in outcome.message


def test_derivatives_that_are_not_finite_end_the_stage_at_the_last_good_point():
    states, outcome = finish(LevenbergMarquardt(), objective(torch.sqrt, 1), torch.zeros(1))
    assert [float(state.theta) for state in states] == [0.0]
    assert outcome.kind == "diverged"
    assert "'all'" in outcome.message


def test_few_steps_end_out_of_budget():
    states, outcome = finish(LevenbergMarquardt(steps=2), rosenbrock(5), torch.full((5,), -1.2))
    assert [state.step for state in states] == [0, 1, 2]
    assert outcome.kind == "out of budget"


def test_single_precision_ends_at_its_own_rounding():
    start = torch.tensor([-1.2, 1.0], dtype=torch.float32)
    states, outcome = finish(LevenbergMarquardt(), rosenbrock(2), start)
    assert outcome.kind == "converged"
    assert states[-1].theta.dtype == torch.float32
    assert torch.allclose(states[-1].theta, torch.ones(2, dtype=torch.float32), atol=1e-6)


def test_the_start_is_left_as_it_was():
    start = torch.tensor([-1.2, 1.0])
    finish(LevenbergMarquardt(), rosenbrock(2), start)
    assert start.tolist() == [-1.2, 1.0]


def test_a_system_that_is_solved_already_needs_no_step():
    states, outcome = finish(LevenbergMarquardt(), rosenbrock(2), torch.ones(2))
    assert [state.step for state in states] == [0]
    assert outcome.kind == "converged"


def test_elimination_needs_a_linear_last_layer():
    with pytest.raises(NotLinearError):
        finish(LevenbergMarquardt(variable_projection=True), rosenbrock(2), torch.zeros(2))


def test_elimination_solves_what_is_linear_throughout_at_once():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(9, 4, generator=generator), torch.randn(9, generator=generator)
    states, outcome = finish(
        LevenbergMarquardt(variable_projection=True), affine(matrix, right), torch.zeros(4)
    )
    assert outcome.kind == "converged"
    assert len(states) <= 2
    expected = torch.linalg.lstsq(matrix, right[:, None]).solution[:, 0]
    assert torch.allclose(states[-1].theta, expected, rtol=0.0, atol=1e-12)
