import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from pikan.optimize.ssbroyden import SSBroyden
from tests.optimize.objectives import affine, finish, objective, rosenbrock


@pytest.mark.parametrize("size", [2, 5, 20])
def test_rosenbrock_is_solved_to_rounding(size):
    states, outcome = finish(SSBroyden(steps=2000), rosenbrock(size), torch.zeros(size))
    assert outcome.kind in {"converged", "stalled"}
    assert states[-1].loss < 1e-25


@pytest.mark.parametrize("size", [2, 5, 20])
def test_rosenbrock_takes_no_more_steps_than_plain_bfgs(size):
    chain, start = rosenbrock(size), torch.full((size,), -1.2)

    def loss(x):
        theta = torch.tensor(x, requires_grad=True)
        value = 0.5 * chain.residual(theta).square().sum()
        value.backward()
        return float(value.detach()), theta.grad.numpy()

    plain = minimize(loss, start.numpy(), jac=True, method="BFGS", options={"gtol": 1e-12})
    states, _ = finish(SSBroyden(steps=2000), chain, start)
    steps = next(state.step for state in states if state.loss <= max(plain.fun, 1e-27))
    assert steps <= plain.nit


def test_convergence_is_faster_than_linear():
    states, _ = finish(SSBroyden(steps=200), rosenbrock(5), torch.zeros(5))
    losses = np.array([state.loss for state in states if state.loss > 1e-28])
    ratios = losses[1:] / losses[:-1]
    # The last steps divide the loss by thousands, where those before by some ten.
    assert np.median(ratios[-4:]) < 0.02 * np.median(ratios[:-8])


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_units_of_the_residual_do_not_matter(factor):
    states, _ = finish(SSBroyden(steps=2000), rosenbrock(5, factor), torch.zeros(5))
    assert states[-1].loss < 1e-25 * factor**2


def test_an_ill_conditioned_linear_system_is_solved():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(40, 10, generator=generator) * torch.logspace(0, -2, 10)
    truth = torch.ones(10)
    states, _ = finish(SSBroyden(steps=500), affine(matrix, matrix @ truth), torch.zeros(10))
    assert torch.allclose(states[-1].theta, truth, rtol=0.0, atol=1e-9)


def test_losses_never_rise():
    states, _ = finish(SSBroyden(steps=200), rosenbrock(5), torch.zeros(5))
    losses = [state.loss for state in states]
    assert losses == sorted(losses, reverse=True)
    assert [state.step for state in states] == list(range(len(states)))


def test_steps_out_of_the_domain_are_taken_back():
    def residual(theta):
        return torch.log(theta) - torch.tensor([0.0, -3.0])

    states, _ = finish(SSBroyden(steps=100), objective(residual, 2), torch.tensor([10.0, 10.0]))
    assert torch.allclose(states[-1].theta.log(), torch.tensor([0.0, -3.0]), atol=1e-7)


def test_single_precision_ends_at_its_own_rounding():
    states, _ = finish(SSBroyden(steps=500), rosenbrock(2), torch.zeros(2, dtype=torch.float32))
    assert states[-1].theta.dtype == torch.float32
    assert torch.allclose(states[-1].theta, torch.ones(2, dtype=torch.float32), atol=1e-5)


def test_a_closed_run_leaves_finite_points_of_its_own():
    start = torch.zeros(3)
    run = SSBroyden(steps=100).run(rosenbrock(3), start)
    points = [next(run).theta for _ in range(5)]
    run.close()
    assert all(bool(point.isfinite().all()) for point in points)
    assert len({point.data_ptr() for point in points}) == 5
    assert not bool(start.any())


def test_few_steps_end_out_of_budget():
    states, outcome = finish(SSBroyden(steps=2), rosenbrock(5), torch.full((5,), -1.2))
    assert [state.step for state in states] == [0, 1, 2]
    assert outcome.kind == "out of budget"


def test_a_start_that_is_solved_already_is_converged():
    _, outcome = finish(SSBroyden(steps=5), rosenbrock(2), torch.ones(2))
    assert outcome.kind == "converged"


def test_a_start_that_is_not_finite_is_named_by_its_block():
    right = torch.tensor([torch.nan, 0.0, 0.0, 0.0])
    states, outcome = finish(SSBroyden(steps=5), affine(torch.ones(4, 2), right), torch.zeros(2))
    assert states == []
    assert outcome.kind == "diverged"
    assert "'upper'" in outcome.message
