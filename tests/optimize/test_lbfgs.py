import pytest
import torch

from pikan.optimize.lbfgs import LBFGS
from pikan.optimize.weights import Attention
from tests.optimize.objectives import affine, finish, objective, rosenbrock


@pytest.mark.parametrize("size", [2, 5, 20])
def test_rosenbrock_is_solved_to_rounding(size):
    states, outcome = finish(LBFGS(steps=2000), rosenbrock(size), torch.zeros(size))
    assert outcome.kind in {"converged", "stalled"}
    assert states[-1].loss < 1e-25


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_units_of_the_residual_do_not_matter(factor):
    # torch's own stops early at small losses: it learns nothing from changes below 1e-10.
    states, _ = finish(LBFGS(steps=2000), rosenbrock(5, factor), torch.zeros(5))
    assert states[-1].loss < 1e-25 * factor**2


def test_an_ill_conditioned_linear_system_is_solved():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(40, 10, generator=generator) * torch.logspace(0, -2, 10)
    truth = torch.ones(10)
    states, _ = finish(LBFGS(steps=500), affine(matrix, matrix @ truth), torch.zeros(10))
    assert torch.allclose(states[-1].theta, truth, rtol=0.0, atol=1e-9)


def test_steps_are_those_of_one_long_run_of_torch():
    chain = rosenbrock(6)
    states, _ = finish(LBFGS(steps=20), chain, torch.zeros(6))
    lengths = chain.column_lengths(torch.zeros(6))
    scaled = torch.zeros(6, requires_grad=True)
    plain = torch.optim.LBFGS(
        [scaled],
        max_iter=20,
        max_eval=1000,
        history_size=50,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        plain.zero_grad()
        loss = 0.5 * chain.residual(scaled / lengths).square().sum()
        loss.backward()
        return loss

    plain.step(closure)
    # Only the factor in front of the loss differs, whose rounding twenty steps amplify.
    assert torch.allclose(states[-1].theta, scaled.detach() / lengths, rtol=1e-8, atol=0.0)


def test_losses_never_rise():
    states, _ = finish(LBFGS(steps=200), rosenbrock(5), torch.zeros(5))
    losses = [state.loss for state in states]
    assert losses == sorted(losses, reverse=True)
    assert [state.step for state in states] == list(range(len(states)))


def test_every_residual_is_used_once():
    points = []
    plain = rosenbrock(3)

    def residual(theta):
        points.append(tuple(theta.detach().tolist()))
        return plain.residual(theta)

    finish(LBFGS(steps=20), objective(residual, 4), torch.ones(3))
    # The start once more, for the lengths of the columns there.
    assert len(points) == len(set(points)) + 1


def test_estimated_column_lengths_are_near_the_true_ones():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(400, 12, generator=generator) * torch.logspace(0, -2, 12)
    estimated = affine(matrix, torch.zeros(400)).column_lengths(torch.ones(12))
    # 50 signs: a relative spread of about sqrt(2 / 50) / 2 in a length.
    assert torch.allclose(estimated, matrix.norm(dim=0), rtol=0.35)


def test_columns_of_unlike_lengths_cost_no_more_steps():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(60, 10, generator=generator)
    unlike = matrix * torch.logspace(0, -2.5, 10)
    steps = [
        len(finish(LBFGS(steps=500), affine(columns, matrix @ torch.ones(10)), torch.zeros(10))[0])
        for columns in (matrix, unlike)
    ]
    assert steps[1] <= 2 * steps[0]


def test_steps_out_of_the_domain_are_taken_back():
    def residual(theta):
        return torch.log(theta) - torch.tensor([0.0, -3.0])

    states, _ = finish(LBFGS(steps=100), objective(residual, 2), torch.tensor([10.0, 10.0]))
    assert torch.allclose(states[-1].theta.log(), torch.tensor([0.0, -3.0]), atol=1e-7)


def test_a_least_that_is_not_zero_ends_converged():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(20, 4, generator=generator), torch.randn(20, generator=generator)
    states, outcome = finish(LBFGS(steps=200), affine(matrix, right), torch.zeros(4))
    expected = torch.linalg.lstsq(matrix, right[:, None]).solution[:, 0]
    # The loss resolves parameters to the root of ε.
    assert torch.allclose(states[-1].theta, expected, rtol=0.0, atol=1e-7)
    assert outcome.kind in {"converged", "stalled"}


def test_weighted_rows_are_solved_all_the_same():
    stage = LBFGS(steps=1000, weights=Attention(every=1))
    states, _ = finish(stage, rosenbrock(4), torch.zeros(4))
    assert torch.allclose(states[-1].theta, torch.ones(4), rtol=0.0, atol=1e-10)


def test_single_precision_ends_at_its_own_rounding():
    states, _ = finish(LBFGS(steps=500), rosenbrock(2), torch.zeros(2, dtype=torch.float32))
    assert states[-1].theta.dtype == torch.float32
    assert torch.allclose(states[-1].theta, torch.ones(2, dtype=torch.float32), atol=1e-5)


def test_a_start_that_is_not_finite_is_named_by_its_block():
    right = torch.tensor([torch.nan, 0.0, 0.0, 0.0])
    states, outcome = finish(LBFGS(steps=5), affine(torch.ones(4, 2), right), torch.zeros(2))
    assert states == []
    assert outcome.kind == "diverged"
    assert "'upper'" in outcome.message
