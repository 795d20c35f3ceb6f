import math

import pytest
import torch

from pikan.optimize.adam import Adam
from pikan.optimize.objective import Block, LeastSquares
from pikan.optimize.weights import Attention, Balance, Causal
from tests.optimize.objectives import affine, finish


def state(objective, theta):
    """θ in autograd, the residual that hangs on it, and multipliers of one."""
    here = theta.clone().requires_grad_()
    residual = objective.residual(here)
    return here, residual, torch.ones_like(residual).detach()


@pytest.fixture
def system():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(12, 4, generator=generator), torch.randn(12, generator=generator)
    matrix[:6] *= 1e3
    return affine(matrix, right)


def test_balanced_blocks_have_gradients_of_one_length(system):
    theta, residual, ones = state(system, torch.ones(4))
    multipliers = Balance(memory=0.0).update(system, theta, residual, ones)
    rows = multipliers * residual.detach()
    # Of ½|m r|² with m held fixed: Jᵀ m² r.
    scaled = (multipliers * rows)[:, None] * system.jacobian(theta).detach()
    lengths = [float(scaled[block.rows].sum(0).norm()) for block in system.blocks]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)


def test_balance_moves_by_the_share_that_it_does_not_remember(system):
    theta, residual, ones = state(system, torch.ones(4))
    fully = Balance(memory=0.0).update(system, theta, residual, ones).square()
    partly = Balance(memory=0.9).update(system, theta, residual, ones).square()
    assert torch.allclose(partly, 0.9 + 0.1 * fully, rtol=1e-13)


def test_balance_leaves_a_solved_block_alone():
    matrix, right = torch.ones(4, 2), torch.tensor([0.0, 0.0, 1.0, 2.0])
    system = affine(matrix, right)
    theta, residual, ones = state(system, torch.zeros(2))
    multipliers = Balance(memory=0.0).update(system, theta, residual, ones)
    assert multipliers.tolist() == [1.0, 1.0, 1.0, 1.0]


def test_attention_settles_where_decay_and_gain_are_even(system):
    theta, residual, multipliers = state(system, torch.ones(4))
    rule = Attention(decay=0.9, lr=0.1)
    for _ in range(400):
        multipliers = rule.update(system, theta, residual, multipliers)
    for block in system.blocks:
        sizes = residual.detach()[block.rows].abs()
        assert torch.allclose(multipliers[block.rows], sizes / sizes.max(), rtol=1e-12)


def timed(times, rows):
    """An objective of a block with times and a block without, r = rows at θ = 0."""
    blocks = (Block("equation", slice(0, len(times)), times), Block("x = 0", slice(len(times), 99)))
    return LeastSquares(lambda theta: rows + 0.0 * theta, lambda theta: rows[:, None], blocks)


def test_causal_weights_are_the_formula_written_plainly():
    times = torch.tensor([0.9, 0.1, 0.3, 0.0, 1.0, 0.6])
    rows = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    theta, residual, ones = state(timed(times, rows), torch.zeros(1))
    multipliers = Causal(strength=2.0, slices=2).update(timed(times, rows), theta, residual, ones)
    early = 6 * (0.2**2 + 0.3**2 + 0.4**2) / 3
    late = math.exp(-2.0 * early)
    expected = [late, 1.0, 1.0, 1.0, late, late, 1.0]
    assert torch.allclose(multipliers.square(), torch.tensor(expected), rtol=1e-14)


def test_causal_weights_never_rise_with_time():
    times = torch.linspace(0.0, 3.0, 50)
    rows = torch.rand(51, generator=torch.Generator().manual_seed(0))
    objective = timed(times, rows)
    multipliers = Causal().update(objective, *state(objective, torch.zeros(1)))
    falls = multipliers[:50].diff()
    assert bool((falls <= 0.0).all())
    assert float(multipliers[0]) == 1.0


def test_one_moment_is_one_slice():
    rows = torch.rand(6, generator=torch.Generator().manual_seed(0))
    objective = timed(torch.zeros(5), rows)
    multipliers = Causal().update(objective, *state(objective, torch.zeros(1)))
    assert multipliers.tolist() == [1.0] * 6


@pytest.mark.parametrize("weights", [Balance(every=10), Attention(), Causal()])
def test_weights_do_not_move_an_exact_solution(weights):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(12, 4, generator=generator)
    system = affine(matrix, matrix @ torch.ones(4))
    stage = Adam(steps=600, lr=0.05, weights=weights)
    states, _ = finish(stage, system, torch.zeros(4))
    assert torch.allclose(states[-1].theta, torch.ones(4), atol=1e-3)
