"""Elimination front by front gives what dense factorizations of the whole matrix give."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pikan.linalg.frontal import FrontalJacobian, eliminate, fronts
from pikan.linalg.jacobian import DenseJacobian
from pikan.linalg.sparse_jacobian import SparseJacobian
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.objective import Block, LeastSquares
from tests.optimize.objectives import finish


def dense(columns, values, p):
    whole = []
    for places, entries in zip(columns, values, strict=True):
        rows = torch.zeros(len(places), p, dtype=torch.float64)
        whole.append(rows.scatter_add_(1, places, entries))
    return torch.cat(whole)


def staircase(cells, overlap, per_cell, ring, generator):
    """Rows in runs of neighboring columns, and some that tie the first run to the last."""
    width, p = 2 * overlap, (cells + 1) * overlap
    runs = torch.arange(cells).repeat_interleave(per_cell * overlap)
    columns = [(overlap * runs)[:, None] + torch.arange(width)]
    if ring:
        ends = torch.cat([torch.arange(width), torch.arange(p - width, p)])
        columns.append(ends.expand(width, -1))
    shuffled = torch.randperm(p, generator=generator)
    columns = tuple(shuffled[places] for places in columns)
    values = tuple(torch.randn(c.shape, generator=generator).double() for c in columns)
    return SparseJacobian(columns, shuffled, lambda theta: values), values


cases = given(
    cells=st.integers(1, 12),
    overlap=st.integers(1, 5),
    per_cell=st.integers(2, 4),
    ring=st.booleans(),
    seed=st.integers(0, 99),
)


@settings(max_examples=settings.default.max_examples // 5)
@cases
def test_a_step_is_the_one_of_dense_least_squares(cells, overlap, per_cell, ring, seed):
    generator = torch.Generator().manual_seed(seed)
    sparse, values = staircase(cells, overlap, per_cell, ring, generator)
    p = len(sparse.order)
    matrix = dense(sparse.columns, values, p)
    right = torch.randn(len(matrix), generator=generator).double()
    scale = 0.5 + torch.rand(p, generator=generator).double()
    plain = DenseJacobian(matrix)
    front = FrontalJacobian(sparse, fronts(sparse.columns, sparse.order), values)
    for damping in (1e-20, 1e-2, 10.0):
        expected = plain.model(right, scale).step(damping)
        found = front.model(right, scale).step(damping)
        # Both are stable: they differ by rounding times the condition number.
        worst = float(torch.linalg.cond(matrix / scale)) ** 2
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-15 * (100 + worst))
        one, other = plain.model(right, scale), front.model(right, scale)
        torch.testing.assert_close(
            other.image_norm(found), one.image_norm(found), rtol=1e-11, atol=1e-11
        )
        torch.testing.assert_close(
            other.projection_norm(), one.projection_norm(), rtol=1e-11, atol=1e-11
        )


@settings(max_examples=settings.default.max_examples // 5)
@cases
def test_lengths_are_those_of_the_dense_rows_and_columns(cells, overlap, per_cell, ring, seed):
    # Two cells and fewer make the ends of a ring overlap, where entries add up.
    generator = torch.Generator().manual_seed(seed)
    sparse, values = staircase(cells + 3, overlap, per_cell, ring, generator)
    plain = DenseJacobian(dense(sparse.columns, values, len(sparse.order)))
    front = FrontalJacobian(sparse, fronts(sparse.columns, sparse.order), values)
    torch.testing.assert_close(front.row_lengths(), plain.row_lengths())
    torch.testing.assert_close(front.column_lengths(), plain.column_lengths())


def test_the_dense_jacobian_has_the_entries_and_zeros_elsewhere():
    generator = torch.Generator().manual_seed(0)
    sparse, values = staircase(4, 3, 2, True, generator)
    whole = sparse.dense(torch.zeros(len(sparse.order)))
    assert torch.equal(whole, dense(sparse.columns, values, len(sparse.order)))
    assert int((whole != 0).sum()) <= sum(some.numel() for some in values)


def test_a_nearly_singular_system_is_solved_as_well_as_by_dense_householder():
    # Normal equations would lose all digits here: the condition number is 1e9.
    generator = torch.Generator().manual_seed(0)
    sparse, values = staircase(40, 6, 3, True, generator)
    p = len(sparse.order)
    factors = torch.logspace(0, -9, p, dtype=torch.float64)
    values = tuple(v * factors[c] for c, v in zip(sparse.columns, values, strict=True))
    matrix = dense(sparse.columns, values, p)
    truth = torch.randn(p, generator=generator).double()
    unit = torch.ones(p, dtype=torch.float64)
    steps = fronts(sparse.columns, sparse.order)
    found = FrontalJacobian(sparse, steps, values).model(-matrix @ truth, unit).step(1e-40)
    left = torch.linalg.vector_norm(matrix @ (found - truth))
    assert left < 1e-13 * torch.linalg.vector_norm(matrix @ truth)


def test_the_front_stays_narrow():
    generator = torch.Generator().manual_seed(0)
    for ring, widest in ((False, 3), (True, 5)):
        sparse, _ = staircase(200, 10, 2, ring, generator)
        assert (
            max(len(front.columns) for front in fronts(sparse.columns, sparse.order)) <= widest * 10
        )
        assert sum(front.eliminated for front in fronts(sparse.columns, sparse.order)) == 201 * 10


def test_every_triangle_has_its_columns_even_where_rows_are_missing():
    columns = (torch.tensor([[0, 1], [3, 4]]),)
    sparse = SparseJacobian(columns, torch.arange(6), lambda theta: values)
    values = (torch.ones(2, 2, dtype=torch.float64),)
    done = eliminate(
        fronts(sparse.columns, sparse.order), values, [torch.ones(2, dtype=torch.float64)], 1e-6
    )
    assert sum(len(rows.triangle) for rows in done) == 6


def test_gauss_newton_takes_the_same_steps_by_entries_as_by_the_whole_matrix():
    generator = torch.Generator().manual_seed(0)
    sparse, values = staircase(8, 3, 3, True, generator)
    p = len(sparse.order)
    matrix = dense(sparse.columns, values, p)
    target = torch.tanh(matrix @ torch.randn(p, generator=generator).double())

    def residual(theta):
        return torch.tanh(matrix @ theta) - target

    def slopes(theta):
        return 1 - torch.tanh(matrix @ theta) ** 2

    def entries(theta):
        rows = slopes(theta).split([len(v) for v in values])
        return tuple(s[:, None] * v for s, v in zip(rows, values, strict=True))

    blocks = (Block("all", slice(0, len(matrix))),)
    whole = LeastSquares(residual, lambda theta: slopes(theta)[:, None] * matrix, blocks)
    few = LeastSquares(
        residual,
        whole.jacobian,
        blocks,
        sparse=SparseJacobian(sparse.columns, sparse.order, entries),
    )
    start = torch.zeros(p, dtype=torch.float64)
    one, _ = finish(LevenbergMarquardt(steps=8), whole, start)
    other, outcome = finish(LevenbergMarquardt(steps=50), few, start)
    for left, right in zip(one, other, strict=False):
        torch.testing.assert_close(left.theta, right.theta, rtol=1e-7, atol=1e-7)
    assert outcome.kind == "converged"


def test_a_border_of_columns_that_every_row_has_stays_in_the_front_to_the_end():
    generator = torch.Generator().manual_seed(0)
    band, values = staircase(30, 4, 3, False, generator)
    (columns,), p = band.columns, len(band.order)
    border = torch.arange(p, p + 2).expand(len(columns), -1)
    entries = torch.randn(border.shape, generator=generator).double()
    sparse = SparseJacobian(
        (torch.cat([columns, border], dim=1),),
        torch.cat([band.order, torch.arange(p, p + 2)]),
        lambda theta: values,
    )
    bordered = (torch.cat([values[0], entries], dim=1),)
    steps = fronts(sparse.columns, sparse.order)
    assert max(len(front.columns) for front in steps) <= 3 * 4 + 2
    matrix = dense(sparse.columns, bordered, p + 2)
    right = torch.randn(len(matrix), generator=generator).double()
    scale = torch.ones(p + 2, dtype=torch.float64)
    found = FrontalJacobian(sparse, steps, bordered).model(right, scale).step(1e-6)
    expected = DenseJacobian(matrix).model(right, scale).step(1e-6)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_what_steps_can_change_is_not_damped():
    generator = torch.Generator().manual_seed(0)
    sparse, values = staircase(6, 3, 3, False, generator)
    small = tuple(1e-6 * some for some in values)
    matrix = dense(sparse.columns, small, len(sparse.order))
    right = 1e6 * matrix @ torch.ones(len(sparse.order), dtype=torch.float64)
    model = FrontalJacobian(sparse, fronts(sparse.columns, sparse.order), small).model(
        right, torch.ones(len(sparse.order), dtype=torch.float64)
    )
    assert model.projection_norm() == pytest.approx(float(right.norm()), rel=1e-9)
