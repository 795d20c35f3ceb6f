from itertools import pairwise

import pytest
import torch

from pikan.optimize.adam import Adam
from pikan.optimize.learning_rates import constant, cosine, exponential, warmup_cosine
from pikan.optimize.weights import Attention
from tests.optimize.objectives import affine, finish, objective, rosenbrock


def test_a_plain_loop_over_torch_finds_the_same_bits():
    chain = rosenbrock(4)
    states, outcome = finish(Adam(steps=50, lr=0.02), chain, torch.zeros(4))
    theta = torch.zeros(4, requires_grad=True)
    optimizer = torch.optim.Adam([theta], lr=0.02)
    losses = []
    for _ in range(51):
        optimizer.zero_grad()
        loss = 0.5 * chain.residual(theta).square().sum()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    assert [state.loss for state in states] == [min(losses[: k + 1]) for k in range(51)]
    assert outcome.kind == "out of budget"


def test_rosenbrock_falls_by_orders_of_magnitude():
    states, _ = finish(Adam(steps=2000, lr=0.02, schedule=cosine), rosenbrock(2), torch.zeros(2))
    assert states[-1].loss < 1e-6


def test_the_best_point_is_kept():
    states, _ = finish(Adam(steps=100, lr=1.0), rosenbrock(3), torch.zeros(3))
    losses = [state.loss for state in states]
    assert losses == sorted(losses, reverse=True)
    best = states[-1]
    residual = rosenbrock(3).residual(best.theta)
    assert best.loss == pytest.approx(0.5 * float(residual.square().sum()), rel=1e-15)


def test_blocks_add_up_to_twice_the_loss():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(9, 3, generator=generator), torch.randn(9, generator=generator)
    states, _ = finish(Adam(steps=3), affine(matrix, right), torch.zeros(3))
    assert set(states[0].blocks) == {"upper", "lower"}
    assert states[0].blocks["upper"] == pytest.approx(float(right[:4].square().sum()), rel=1e-15)
    for state in states:
        assert sum(state.blocks.values()) == pytest.approx(2.0 * state.loss, rel=1e-14)


def test_each_step_takes_one_residual():
    calls = []

    def residual(theta):
        calls.append(theta)
        return theta - 1.0

    finish(Adam(steps=10, weights=Attention()), objective(residual, 2), torch.zeros(2))
    assert len(calls) == 11


def test_divergence_keeps_the_last_good_point_and_names_the_block():
    def residual(theta):
        return torch.sqrt(theta)

    states, outcome = finish(Adam(steps=50, lr=0.3), objective(residual, 1), torch.ones(1))
    assert outcome.kind == "diverged"
    assert "'all'" in outcome.message
    assert "lower its lr" in outcome.message
    assert float(states[-1].theta) > 0.0


def test_the_caller_may_close_it_early():
    run = Adam(steps=100).run(rosenbrock(2), torch.zeros(2))
    first = next(run)
    next(run)
    run.close()
    assert first.theta.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("schedule", [constant, cosine, exponential, warmup_cosine])
def test_schedules_stay_between_zero_and_one(schedule):
    factors = [schedule(step / 1000) for step in range(1001)]
    assert min(factors) >= 0.0
    assert max(factors) == 1.0


def test_warm_up_joins_the_cosine_without_a_jump():
    factors = [warmup_cosine(step / 1000) for step in range(1001)]
    jumps = [abs(after - before) for before, after in pairwise(factors)]
    # The steepest part is the ascent: one twentieth of a thousand steps.
    assert max(jumps) <= 1 / 50 + 1e-12
