import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.linalg.dense import (
    damped_least_squares,
    damped_triangle,
    eigenvectors,
    inverse,
    least_squares,
    scaled_least_squares,
    smallest_singular_value,
    solve_positive_definite,
    solve_semidefinite,
    svd,
)


@pytest.fixture(autouse=True)
def double():
    """float64 for the length of a test; the digits asked for are beyond float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def conditioned(rows, columns, condition, seed):
    """A random matrix with singular values from 1 down to 1 / condition."""
    generator = torch.Generator().manual_seed(seed)
    left = torch.linalg.qr(torch.randn(rows, columns, generator=generator)).Q
    right = torch.linalg.qr(torch.randn(columns, columns, generator=generator)).Q
    return left * torch.logspace(0, -np.log10(condition), columns) @ right.T


@given(st.integers(0, 10_000), st.sampled_from([1e0, 1e4, 1e8]))
def test_solution_agrees_with_scipy(seed, condition):
    matrix = conditioned(30, 10, condition, seed)
    right = torch.randn(30, generator=torch.Generator().manual_seed(seed + 1))
    expected = scipy.linalg.lstsq(matrix.numpy(), right.numpy(), lapack_driver="gelsd")[0]
    found = scaled_least_squares(matrix, right, cutoff=1e-14)
    assert found.rank == 10
    # A residual that does not vanish counts with the square of the condition number.
    error = np.linalg.norm(found.solution.numpy() - expected)
    assert error <= 1e-14 * condition**2 + 1e-13


@given(st.integers(0, 10_000))
def test_consistent_systems_are_solved_to_rounding_times_condition(seed):
    matrix = conditioned(30, 10, 1e9, seed)
    truth = torch.randn(10, generator=torch.Generator().manual_seed(seed + 1))
    found = scaled_least_squares(matrix, matrix @ truth, cutoff=1e-14)
    assert float((found.solution - truth).norm()) <= 1e9 * 1e-14


def test_units_of_the_columns_do_not_matter():
    generator = torch.Generator().manual_seed(0)
    matrix, right = torch.randn(20, 5, generator=generator), torch.randn(20, generator=generator)
    units = torch.tensor([1e-100, 1e-10, 1.0, 1e5, 1e100])
    plain, scaled = (
        scaled_least_squares(matrix, right, 1e-14),
        scaled_least_squares(matrix * units, right, 1e-14),
    )
    assert scaled.rank == 5
    assert torch.allclose(scaled.solution * units, plain.solution, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("rows", [40, 9])
def test_dependent_columns_are_counted_and_the_residual_is_the_least(rows):
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(rows, 6, generator=generator)
    matrix = factor @ torch.randn(6, 15, generator=generator)
    right = torch.randn(rows, generator=generator)
    found = scaled_least_squares(matrix, right, cutoff=1e-12)
    least = scipy.linalg.lstsq(matrix.numpy(), right.numpy(), cond=1e-12)[0]
    assert found.rank == 6
    assert float((matrix @ found.solution - right).norm()) == pytest.approx(
        float(np.linalg.norm(matrix.numpy() @ least - right.numpy())), rel=1e-12
    )


def test_columns_of_zeros_get_zero():
    matrix = torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    found = scaled_least_squares(matrix, torch.tensor([3.0, 6.0]), cutoff=1e-14)
    assert found.rank == 1
    assert torch.allclose(found.solution, torch.tensor([3.0, 0.0]), atol=1e-15)


@given(st.integers(0, 10_000), st.sampled_from([1e1, 1e6, 1e12]))
def test_smallest_singular_value_is_of_the_right_order(seed, condition):
    R = torch.linalg.qr(conditioned(12, 8, condition, seed)).R
    exact = float(torch.linalg.svdvals(R)[-1])
    assert 0.999 * exact <= smallest_singular_value(R) <= 2.0 * exact


def test_singular_triangles_have_a_zero():
    assert smallest_singular_value(torch.tensor([[1.0, 1.0], [0.0, 0.0]])) == 0.0


@pytest.mark.parametrize("exponent", [0, -18, -100])
def test_designs_of_condition_1e18_reach_the_residual_of_gelsd(exponent):
    x = torch.linspace(-1.0, 1.0, 90)
    # Powers are nearly dependent, and their units differ by as much again.
    matrix = x[:, None] ** torch.arange(60) * torch.logspace(0, exponent, 60)
    right = torch.exp(3.0 * x) * torch.cos(5.0 * x)
    found = scaled_least_squares(matrix, right, cutoff=1e-14)
    lengths = matrix.norm(dim=0)
    least = scipy.linalg.lstsq(
        (matrix / lengths).numpy(), right.numpy(), cond=1e-14, lapack_driver="gelsd"
    )[0]
    expected = float((matrix @ (torch.from_numpy(least) / lengths) - right).norm())
    assert found.rank < 60
    assert float((matrix @ found.solution - right).norm()) <= 2.0 * expected + 1e-14 * right.norm()


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_least_squares_take_the_shortest_solution_whatever_the_rank(seed, rows, columns, rank):
    generator = torch.Generator().manual_seed(seed)
    # Orthonormal factors: singular values are one or zero, so that the rank is not in doubt.
    inner = min(rank, rows, columns)
    left = torch.linalg.qr(torch.randn(rows, inner, generator=generator)).Q
    right = torch.linalg.qr(torch.randn(columns, inner, generator=generator)).Q
    matrix, wanted = left @ right.T, torch.randn(rows, 3, generator=generator)
    expected = scipy.linalg.lstsq(matrix.numpy(), wanted.numpy(), cond=1e-10)[0]
    found = least_squares(matrix, wanted, cutoff=1e-10)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [(3,), (2, 3), (2, 1, 3)])
def test_several_systems_are_solved_one_by_one(batch):
    generator = torch.Generator().manual_seed(0)
    matrices = torch.randn(*batch, 8, 4, generator=generator)
    truth = torch.randn(*batch, 4, 2, generator=generator)
    found = least_squares(matrices, matrices @ truth, cutoff=1e-12)
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-11)


def test_a_matrix_of_full_rank_is_solved_without_singular_values(monkeypatch):
    monkeypatch.setattr("pikan.linalg.dense.svd", None)
    matrix = conditioned(9, 5, 1e4, seed=0)
    truth = torch.linspace(1.0, 2.0, 5)
    found = scaled_least_squares(matrix, matrix @ truth, cutoff=1e-8)
    torch.testing.assert_close(found.solution, truth, rtol=1e-9, atol=0)
    assert found.rank == 5


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_the_cutoff_is_a_part_of_the_largest_singular_value(unit):
    matrix = unit * torch.diag(torch.tensor([1.0, 1e-3, 1e-6]))
    right = matrix @ torch.ones(3, 1)
    for cutoff, rank in ((1e-2, 1), (1e-5, 2), (1e-8, 3)):
        found = least_squares(matrix, right, cutoff)[:, 0]
        np.testing.assert_allclose(found, [1.0] * rank + [0.0] * (3 - rank), rtol=1e-12, atol=0)


@given(st.integers(0, 999), st.sampled_from([0.0, 1e-6, 1.0]))
def test_damped_least_squares_satisfy_the_normal_equations(seed, damping):
    generator = torch.Generator().manual_seed(seed)
    matrices, rights = (torch.randn(2, 7, n, generator=generator) for n in (3, 1))
    each = torch.tensor([damping, 2.0 * damping])
    found = damped_least_squares(matrices, rights[..., 0], each)
    left = matrices.mT @ (matrices @ found[..., None] - rights) + (
        each[:, None, None] * found[..., None]
    )
    assert float(left.abs().max()) < 1e-12
    # Also where torch's own precision is single, in which 1e-60 would be nothing.
    torch.set_default_dtype(torch.float32)
    small = damped_least_squares(1e-30 * matrices[0], 1e-30 * rights[0, :, 0], 1e-60)
    whole = damped_least_squares(matrices[0], rights[0, :, 0], 1.0)
    torch.testing.assert_close(small, whole, rtol=1e-10, atol=1e-10)
    torch.set_default_dtype(torch.float64)
    alone = damped_least_squares(matrices[1], rights[1, :, 0], 2.0 * damping)
    torch.testing.assert_close(alone, found[1], rtol=1e-10, atol=1e-10)


def test_positive_definite_systems_are_solved_and_others_are_not_finite():
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(3, 5, 5, generator=generator)
    matrices = root @ root.mT + torch.eye(5)
    matrices[1] *= -1.0
    truth = torch.randn(3, 5, generator=generator)
    found = solve_positive_definite(matrices, (matrices @ truth[..., None])[..., 0])
    torch.testing.assert_close(found[[0, 2]], truth[[0, 2]], rtol=0, atol=1e-11)
    assert not found[1].isfinite().any()


@pytest.mark.parametrize("fault", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(4, 4), (6, 4), (4, 6)])
def test_what_is_not_finite_comes_back_so_and_raises_nothing(fault, shape):
    matrix = torch.eye(*shape)
    matrix[1, 2] = fault
    assert not least_squares(matrix, torch.ones(shape[0], 1), cutoff=1e-12).isfinite().any()
    assert not any(part.isfinite().any() for part in svd(matrix))
    if shape[0] == shape[1]:
        assert not any(part.isfinite().any() for part in eigenvectors(matrix))


def test_a_singular_matrix_has_no_finite_inverse():
    assert not inverse(torch.ones(3, 3)).isfinite().any()
    assert torch.equal(inverse(2.0 * torch.eye(3)), 0.5 * torch.eye(3))


def test_singular_values_are_found_where_divide_and_conquer_does_not_converge(monkeypatch):
    matrix = conditioned(9, 5, 1e3, seed=0)
    expected = torch.linalg.svdvals(matrix)

    def failing(*given, **settings):
        raise torch.linalg.LinAlgError("the algorithm failed to converge")

    monkeypatch.setattr(torch.linalg, "svd", failing)
    left, sizes, right = svd(matrix)
    torch.testing.assert_close(sizes, expected, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(left * sizes @ right, matrix, rtol=0, atol=1e-14)


def test_a_matrix_singular_beyond_the_range_of_numbers_has_no_smallest_singular_value():
    # Twice through its inverse, a direction grows beyond all numbers.
    assert smallest_singular_value(torch.diag(torch.tensor([1.0, 1e-160]).double())) == 0.0


def test_normal_solutions_are_those_of_damped_least_squares():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(9, 4, generator=generator)
    right = torch.randn(9, generator=generator)
    made = damped_triangle(matrix, right, 0.3)
    found = made.normal_solution(matrix.mT @ right)
    assert torch.allclose(found, made.solution(), rtol=0.0, atol=1e-5)


def test_a_singular_covariance_gives_the_shortest_solution():
    # The last pivot is zero exactly, so that Cholesky's factors cannot go on.
    matrix = torch.ones(3, 3, dtype=torch.float64)
    right = torch.tensor([[3.0], [3.0], [3.0]], dtype=torch.float64)
    torch.testing.assert_close(solve_semidefinite(matrix, right), right / 3.0)
