import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.linalg.dense import damped_least_squares
from pikan.linalg.jacobian import DenseJacobian, DenseModel, WideModel
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from tests.optimize.objectives import finish, objective


def tall_twin(matrix, residual):
    """The model of the same rows by the QR that is meant for more rows than columns."""
    columns = matrix.shape[1]
    filled = torch.zeros(columns + 1, columns + 1)
    filled[: len(matrix)] = torch.cat([matrix, residual[:, None]], dim=1)
    R = torch.linalg.qr(filled, mode="r").R
    return DenseModel(R[:columns, :columns], R[:columns, columns])


def wide(rows, columns, seed, spread=0.0):
    """A random matrix whose columns' sizes span `spread` decades, and a residual."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(rows, columns, generator=generator)
    return matrix * torch.logspace(0, -spread, columns), torch.randn(rows, generator=generator)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.integers(-10, 2))
def test_steps_in_sample_space_are_those_in_parameter_space(seed, rows, more, exponent):
    matrix, residual = wide(rows, rows + more, seed)
    damping = 10.0**exponent
    tangent = DenseJacobian(matrix).model(residual, torch.ones(rows + more))
    assert isinstance(tangent, WideModel)
    twin = tall_twin(matrix, residual)
    step = tangent.step(damping)
    expected = twin.step(damping)
    # Each loses as many digits as the damped matrix has in its condition.
    smallest = max(float(torch.linalg.svdvals(matrix)[-1]), damping**0.5)
    lost = float(torch.linalg.matrix_norm(matrix, ord=2)) / smallest
    assert torch.allclose(step, expected, rtol=0.0, atol=1e-12 * lost * float(expected.norm()))
    assert tangent.image_norm(step) == pytest.approx(twin.image_norm(expected), rel=1e-12 * lost)
    assert tangent.projection_norm() == pytest.approx(float(residual.norm()), rel=1e-13)


def test_small_damping_is_not_lost_where_woodbury_would_lose_it():
    matrix, residual = wide(6, 20, seed=0)
    matrix[1] = matrix[0] + 1e-9 * matrix[1]
    residual[1] = residual[0]
    damping = 1e-22
    step = DenseJacobian(matrix).model(residual, torch.ones(20)).step(damping)
    gram = matrix @ matrix.T + damping * torch.eye(6)
    woodbury = -matrix.T @ torch.linalg.solve(gram, residual)
    assert float((matrix @ step + residual).norm()) < 1e-12
    assert float((matrix @ woodbury + residual).norm()) > 1e-10


@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(-30, -8))
def test_damping_that_cannot_be_felt_is_left_out(seed, columns, exponent):
    matrix, residual = wide(columns + 3, columns, seed)
    slope = DenseJacobian(matrix).model(residual, torch.ones(columns))
    assert isinstance(slope, DenseModel)
    expected = damped_least_squares(slope.triangle, -slope.right, 10.0**exponent)
    sizes = torch.linalg.svdvals(matrix)
    # The least damping felt is 1.5e-8 of the smallest singular value squared, but for a few
    # per cent; rounding is larger by the condition.
    off = 2e-8 + 1e-14 * float(sizes[0] / sizes[-1])
    step = slope.step(10.0**exponent)
    assert float((step - expected).norm()) <= off * float(expected.norm())


def test_tall_matrices_stay_in_parameter_space():
    matrix, residual = wide(5, 5, seed=0)
    assert isinstance(DenseJacobian(matrix).model(residual, torch.ones(5)), DenseModel)


def test_one_parameter_more_than_rows_changes_no_more_than_rounding():
    matrix, _ = wide(8, 8, seed=1)

    def square(theta):
        return torch.tanh(matrix @ theta) - 0.3

    def padded(theta):
        return square(theta[:8]) + 0.0 * theta[8]

    plain, _ = finish(LevenbergMarquardt(steps=6), objective(square, 8), torch.zeros(8))
    wider, _ = finish(LevenbergMarquardt(steps=6), objective(padded, 8), torch.zeros(9))
    for one, other in zip(plain[:5], wider[:5], strict=True):
        assert torch.allclose(one.theta, other.theta[:8], rtol=0.0, atol=1e-11)
