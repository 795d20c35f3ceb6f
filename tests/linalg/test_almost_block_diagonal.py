"""Condensed systems against the whole matrix."""

import torch

from pikan.linalg.almost_block_diagonal import Blocks, BorderRow, condense

CELLS, SHARED, INNER = 5, 2, 4


def drawn(*size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*size, dtype=torch.float64, generator=generator) - 0.5


def blocks(scale=1.0):
    width = SHARED + INNER
    border = (
        BorderRow((0,), drawn(1, width, seed=1)),
        # A row that holds both ends, as where a solution is periodic.
        BorderRow((0, CELLS - 1), scale * drawn(2, width, seed=2)),
    )
    return Blocks(
        scale * drawn(CELLS, INNER, SHARED, seed=3),
        scale * drawn(CELLS, INNER, INNER, seed=4),
        drawn(CELLS, SHARED, SHARED, seed=5),
        drawn(CELLS, SHARED, INNER, seed=6),
        border,
    )


def whole(made):
    """The same system as one matrix: rows of cells, of edges between them, of the border."""
    width = SHARED + INNER
    matrix = torch.zeros(CELLS * width, CELLS * width, dtype=torch.float64)
    for cell in range(CELLS):
        rows = slice(cell * INNER, (cell + 1) * INNER)
        own = cell * width
        matrix[rows, own : own + SHARED] = made.left[cell]
        matrix[rows, own + SHARED : own + width] = made.inner[cell]
        if cell + 1 < CELLS:
            rows = slice(CELLS * INNER + cell * SHARED, CELLS * INNER + (cell + 1) * SHARED)
            matrix[rows, own : own + SHARED] = -made.across[cell]
            matrix[rows, own + SHARED : own + width] = -made.out[cell]
            matrix[rows, own + width : own + width + SHARED] = torch.eye(SHARED)
    for number, (cells, parts) in enumerate(made.border):
        for cell, part in zip(cells, parts, strict=True):
            matrix[CELLS * width - SHARED + number, cell * width : (cell + 1) * width] += part
    return matrix


def solved(made, right):
    rows, gaps, border = right.split([CELLS * INNER, (CELLS - 1) * SHARED, SHARED])
    found = condense(made).solve(rows.view(CELLS, -1), gaps.view(CELLS - 1, -1), border)
    return torch.cat([found.left, found.inner], dim=1).flatten()


def test_a_condensed_system_has_the_solution_of_the_whole_one():
    made, right = blocks(), drawn(CELLS * (SHARED + INNER), seed=7)
    expected = torch.linalg.solve(whole(made), right)
    torch.testing.assert_close(solved(made, right), expected, rtol=1e-10, atol=1e-10)


def test_the_scale_of_rows_is_no_matter():
    made, right = blocks(scale=1e12), drawn(CELLS * (SHARED + INNER), seed=7)
    expected = torch.linalg.solve(whole(made), right)
    torch.testing.assert_close(solved(made, right), expected, rtol=1e-9, atol=1e-9)


def test_cells_that_share_nothing_are_solved_alone():
    inner, right = drawn(CELLS, INNER, INNER), drawn(CELLS, INNER, seed=1)
    empty = torch.zeros(CELLS, 0, 0, dtype=torch.float64)
    made = Blocks(drawn(CELLS, INNER, 0), inner, empty, drawn(CELLS, 0, INNER), ())
    found = condense(made).solve(right, right[1:, :0], right[:0, 0])
    torch.testing.assert_close(found.inner, torch.linalg.solve(inner, right))


def test_a_singular_system_has_no_finite_solution():
    made = blocks()
    same = made._replace(border=(made.border[0], made.border[0]))
    found = condense(same).solve(drawn(CELLS, INNER), drawn(CELLS - 1, SHARED), drawn(SHARED))
    assert not found.left.isfinite().all() or found.left.abs().max() > 1e10
