"""R of rows in pieces: the same by fronts as of all columns at once."""

import pytest
import torch

from pikan.linalg.frontal import fronts
from pikan.linalg.row_pieces import RowPiece, factorize


def banded(seed: int, size: int = 40, border: int = 2) -> list[RowPiece]:
    """Rows on four neighboring columns and all of the last, and a piece of every column alone."""
    generator = torch.Generator().manual_seed(seed)
    inner = size - border
    first = torch.arange(inner - 3).repeat_interleave(3)
    last = torch.arange(inner, size).expand(len(first), -1)
    columns = torch.cat([first[:, None] + torch.arange(4), last], dim=1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    every = torch.arange(size)[:, None]
    return [
        RowPiece(drawn(len(columns)), drawn(*columns.shape), columns),
        RowPiece(drawn(size), 1e-3 + drawn(size, 1).abs(), every),
    ]


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_fronts_leave_the_solution_and_the_information_of_dense_rows(damping):
    pieces, size = banded(3), 40
    order = torch.arange(size)
    steps = fronts([one.columns for one in pieces], order, 5)
    dense = factorize(pieces, size, None, damping)
    front = factorize(pieces, size, steps, damping)
    torch.testing.assert_close(front.solution(), dense.solution(), rtol=1e-10, atol=1e-12)
    right = torch.randn(size, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    one, other = dense.transposed_solve(right), front.transposed_solve(right)
    torch.testing.assert_close(other.mT @ other, one.mT @ one, rtol=1e-10, atol=1e-12)


def test_the_solution_has_a_residual_at_right_angles_to_all_columns():
    pieces, size = banded(7), 40
    matrix = torch.cat([one.dense(size) for one in pieces])
    residual = torch.cat([one.residual for one in pieces])
    found = factorize(pieces, size, None).solution()
    assert float((matrix.mT @ (residual - matrix @ found)).abs().max()) < 1e-11


def test_a_row_over_its_standard_deviation_counts_as_much_less():
    (one, _) = banded(1)
    deviations = torch.full_like(one.residual, 4.0)
    torch.testing.assert_close(one.weigh(deviations).dense(40), one.dense(40) / 4.0)
    torch.testing.assert_close(one.weigh(deviations).residual, one.residual / 4.0)
