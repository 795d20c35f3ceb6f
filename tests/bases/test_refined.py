"""What a refined basis keeps of the one before: interval, functions, numbers, and its word."""

import pytest
import torch

from pikan.bases.knots import even_knots
from pikan.bases.rbf import RBF
from tests.bases.conftest import INTERVAL, spline


def test_a_basis_refined_by_nothing_is_the_same(basis, x):
    again = basis.refine()
    assert (again.size, again.degree, again.numbers) == (basis.size, basis.degree, basis.numbers)
    torch.testing.assert_close(
        again.derivatives(x, 2), basis.derivatives(x, 2), rtol=1e-13, atol=1e-12
    )


def test_a_higher_degree_on_the_same_interval_has_as_many_functions_more(basis):
    refined = basis.refine(degree=basis.degree + 3)
    assert refined.degree == basis.degree + 3
    assert torch.equal(refined.knots[:, [0, -1]], basis.knots[:, [0, -1]])
    assert refined.size == refined.knots.shape[1] - 1 + refined.degree


def test_the_degree_stays_where_only_the_grid_is_refined():
    for basis in (spline(3), RBF(even_knots(INTERVAL, 6), 3)):
        refined = basis.refine(grid=11)
        assert (refined.degree, refined.size) == (3, 14)
        assert torch.equal(refined.knots[:, [0, -1]], basis.knots[:, [0, -1]])


def test_gaussians_stay_evenly_spaced():
    widths = RBF(even_knots(INTERVAL, 6), 3).refine(grid=9, degree=5).knots.diff(dim=1)
    expected = (INTERVAL[:, 1:] - INTERVAL[:, :1]).expand(3, 9) / 9
    torch.testing.assert_close(widths, expected)


@pytest.mark.parametrize("make", [spline, lambda degree: RBF(even_knots(INTERVAL, 6), degree)])
def test_cells_refuse_to_become_fewer(make):
    assert make(3).refine(grid=6).size == 9
    with pytest.raises(ValueError, match="grid: got 5, a refined basis needs at least 6 as before"):
        make(3).refine(grid=5)
    with pytest.raises(ValueError, match="degree: got 2, a refined basis needs at least 3"):
        make(3).refine(degree=2)


def test_an_adapted_basis_keeps_degree_and_numbers(basis):
    adapted = basis.adapt(torch.linspace(-1, 1, 30, dtype=torch.float64)[:, None].repeat(1, 3))
    assert (adapted.degree, adapted.numbers) == (basis.degree, basis.numbers)
    assert adapted.knots.shape == basis.knots.shape
    torch.testing.assert_close(
        adapted.knots[:, [0, -1]], torch.tensor([[-1.0, 1.0]] * 3, dtype=torch.float64)
    )
