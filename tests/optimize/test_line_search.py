import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.optimize.line_search import CURVATURE, DECREASE, EVALUATIONS, line_search
from tests.optimize.objectives import objective, rosenbrock


def searched(target, theta, first=1.0):
    """The end of a search along the gradient, where it began, and its evaluations."""
    evaluate = target.evaluate
    seen = []

    def counted(point):
        seen.append(point)
        return evaluate(point)

    here = evaluate(theta)
    return line_search(counted, here, -here.gradient, first), here, seen


@given(st.lists(st.floats(-2.0, 2.0), min_size=4, max_size=4), st.integers(-8, 4))
def test_the_strong_wolfe_conditions_hold(start, exponent):
    theta = torch.tensor(start)
    found, here, seen = searched(rosenbrock(4), theta, first=10.0**exponent)
    if not bool(here.gradient.any()):
        return
    slope = -float(here.gradient.square().sum())
    assert found.loss <= here.loss + DECREASE * found.length * slope
    assert abs(found.slope) <= -CURVATURE * slope
    assert torch.equal(found.there.theta, seen[-1])


def test_a_quadratic_is_walked_to_its_least_from_too_long_a_step():
    # The cubic through the ends of the bracket is the quadratic itself.
    found, _, seen = searched(objective(lambda t: t, 1), torch.tensor([3.0]), first=100.0)
    assert len(seen) == 3
    assert abs(float(found.there.theta)) < 1.0


def test_walls_where_the_loss_is_not_finite_are_kept_away_from():
    found, here, _ = searched(objective(torch.log, 1), torch.tensor([2.0]), first=1e3)
    assert found.loss < here.loss
    assert float(found.there.theta) > 0.0


def test_nothing_lower_ends_in_none_after_so_many_evaluations():
    def residual(theta):
        # A corner: the gradient promises a fall that never comes.
        return 1.0 + torch.where(theta > 0.0, theta, -2.0 * theta)

    found, _, seen = searched(objective(residual, 1), torch.tensor([1e-30]))
    assert found is None or found.loss < 0.5
    assert len(seen) <= EVALUATIONS


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_that_of_the_start(dtype):
    found, _, _ = searched(rosenbrock(2), torch.tensor([-1.2, 1.0], dtype=dtype))
    assert found.there.theta.dtype == dtype
