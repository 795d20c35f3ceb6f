import pytest
import scipy.linalg
import torch

from pikan.optimize.linear_least_squares import LinearLeastSquares, NotLinearError
from pikan.optimize.objective import Block, LeastSquares
from tests.optimize.objectives import affine, finish, rosenbrock


def test_one_step_finds_the_least_residual():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(20, 6, generator=generator), torch.randn(20, generator=generator)
    states, outcome = finish(LinearLeastSquares(), affine(matrix, right), torch.ones(6))
    expected = scipy.linalg.lstsq(matrix.numpy(), right.numpy())[0]
    assert torch.allclose(states[-1].theta, torch.from_numpy(expected), rtol=0.0, atol=1e-14)
    assert outcome.kind == "converged"
    assert "rank 6 of 6" in outcome.message


def test_only_the_last_layer_moves():
    points = torch.linspace(-1.0, 1.0, 15)

    def residual(theta):
        features = torch.stack([torch.ones_like(points), points, torch.tanh(theta[0] * points)], 1)
        return features @ theta[1:] - torch.tanh(3.0 * points) - 2.0

    blocks = (Block("all", slice(0, 15)),)
    jacobian = torch.func.jacfwd(residual)
    objective = LeastSquares(residual, jacobian, blocks, slice(1, 4), linear=True)
    states, _ = finish(LinearLeastSquares(), objective, torch.tensor([3.0, 0.0, 0.0, 0.0]))
    expected = torch.tensor([3.0, 2.0, 0.0, 1.0])
    assert torch.allclose(states[-1].theta, expected, rtol=0.0, atol=1e-13)


def test_dependent_columns_are_reported():
    matrix = torch.ones(8, 3)
    states, outcome = finish(LinearLeastSquares(), affine(matrix, torch.ones(8)), torch.zeros(3))
    assert states[-1].loss < 1e-30
    assert "rank 1 of 3 coefficients; 2 directions" in outcome.message


def test_fewer_rows_than_coefficients_leave_them_open():
    matrix = torch.rand(4, 9, generator=torch.Generator().manual_seed(0))
    states, outcome = finish(LinearLeastSquares(), affine(matrix, torch.ones(4)), torch.zeros(9))
    assert states[-1].loss < 1e-20
    assert outcome.kind == "stalled"
    assert outcome.message.startswith("4 residuals cannot determine 9 coefficients; give more")


def test_single_precision_stays_single():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(20, 6, generator=generator, dtype=torch.float32)
    truth = torch.ones(6, dtype=torch.float32)
    states, _ = finish(LinearLeastSquares(), affine(matrix, matrix @ truth), 0.0 * truth)
    assert states[-1].theta.dtype == torch.float32
    assert torch.allclose(states[-1].theta, truth, atol=1e-6)


def test_nonlinear_objectives_are_refused():
    with pytest.raises(NotLinearError, match="gauss_newton"):
        finish(LinearLeastSquares(), rosenbrock(2), torch.zeros(2))


def test_rows_that_are_not_finite_are_named():
    matrix = torch.ones(4, 2)
    matrix[0, 0] = torch.inf
    states, outcome = finish(LinearLeastSquares(), affine(matrix, torch.ones(4)), torch.ones(2))
    assert states == []
    assert outcome.kind == "diverged"
    assert "'upper'" in outcome.message


def test_a_solution_at_which_the_residual_has_no_value_is_not_taken():
    matrix, right = torch.eye(2), torch.tensor([1.0, 2.0])
    plain = affine(matrix, right)

    def residual(theta):
        rows = plain.residual(theta)
        return rows if not theta.any() else rows * torch.nan

    blocks = (Block("all", slice(0, 2)),)
    objective = LeastSquares(residual, plain.jacobian, blocks, slice(0, 2), linear=True)
    states, outcome = finish(LinearLeastSquares(), objective, torch.zeros(2))
    assert outcome.kind == "stalled"
    assert not states[-1].theta.any()
