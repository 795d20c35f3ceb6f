"""A stage that goes on from a state ends with the bits of one that was never interrupted."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from pikan.optimize.adam import Adam
from pikan.optimize.lbfgs import LBFGS
from pikan.optimize.learning_rates import cosine
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.optimize.ssbroyden import SSBroyden
from pikan.optimize.weights import Attention, Balance
from tests.optimize.objectives import affine, finish, objective, rosenbrock

MATRIX = torch.randn(12, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
CHAIN = rosenbrock(5), torch.full((5,), -1.2, dtype=torch.float64)
SYSTEM = affine(MATRIX, MATRIX[:, 0] + 1.0), torch.zeros(5, dtype=torch.float64)


def redrawn():
    """Rosenbrock's function times a factor that differs from draw to draw."""

    def draw(theta, number):
        factor = 1.0 + 0.1 * number + 0.01 * float(theta[0])
        return objective(lambda theta: factor * CHAIN[0].residual(theta), 8)

    return replace(CHAIN[0], redraw=draw)


RUNS = {
    "adam": (Adam(30, 0.02, cosine), *CHAIN),
    "adam, attention": (Adam(30, 0.02, weights=Attention()), *CHAIN),
    "adam, balance": (Adam(30, 0.02, weights=Balance(every=7)), *SYSTEM),
    "lbfgs": (LBFGS(60, memory=4), *CHAIN),
    "lbfgs, attention": (LBFGS(230, tolerance=0.0, weights=Attention()), *CHAIN),
    "ssbroyden": (SSBroyden(60), *CHAIN),
    "gauss_newton": (LevenbergMarquardt(60), *CHAIN),
    "gauss_newton, geodesic": (LevenbergMarquardt(60, geodesic=True, memory=0.9), *CHAIN),
    "gauss_newton, redraw": (LevenbergMarquardt(20, redraw=3), redrawn(), CHAIN[1]),
    "gauss_newton, eliminate": (LevenbergMarquardt(20, variable_projection=True), *SYSTEM),
    "least_squares": (LinearLeastSquares(), *SYSTEM),
}


def same(one, other):
    """Whether two progresses agree to the last bit, but for their states."""
    agree = torch.equal(one.theta, other.theta)
    return agree and replace(one, theta=other.theta, state=None) == replace(other, state=None)


@pytest.mark.parametrize("name", RUNS)
def test_a_stage_goes_on_from_any_step_to_the_same_bits(name):
    stage, objective, start = RUNS[name]
    run, states = stage.run(objective, start), []
    kept = [deepcopy(one.state) for one in run if states.append(one) is None]
    _, outcome = finish(stage, objective, start)
    for step in range(0, len(states), max(1, len(states) // 12)):
        again = stage.run(objective, start, kept[step])
        shown = states if kept[step] is None else states[step:]
        for one in shown:
            assert same(next(again), one)
        with pytest.raises(StopIteration) as end:
            next(again)
        assert end.value.value == outcome


def test_a_state_is_not_changed_by_who_goes_on_from_it():
    stage, objective, start = RUNS["lbfgs"]
    run = stage.run(objective, start)
    for _ in range(9):
        state = deepcopy(next(run).state)
    first, second = (list(stage.run(objective, start, state)) for _ in range(2))
    assert all(same(one, other) for one, other in zip(first, second, strict=True))
