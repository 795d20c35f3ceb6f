"""B-splines against SciPy, and the identities that make them splines."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline as SciPySpline

from pikan.bases.bspline import BSpline
from pikan.bases.knots import even_knots


def increasing(seed, nodes, cells):
    widths = torch.rand(
        nodes, cells, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    return (
        torch.cat([torch.zeros(nodes, 1, dtype=torch.float64), (widths + 0.1).cumsum(1)], dim=1) - 1
    )


def scipy_splines(basis, node, x, order):
    """The slow twin, one spline at a time; beyond the interval by the tangent at its end."""
    ends = basis.knots[node].numpy()
    nearest = x.clip(ends[0], ends[-1])
    knots = np.r_[[ends[0]] * basis.degree, ends, [ends[-1]] * basis.degree]
    twins = [SciPySpline(knots, row, basis.degree) for row in np.eye(basis.size)]
    if order > basis.degree:
        return np.zeros((len(x), basis.size))
    values = np.stack([twin(nearest, nu=order) for twin in twins], axis=-1)
    away = (x - nearest)[:, None]
    if order == 0 and basis.degree:
        values += away * np.stack([twin(nearest, nu=1) for twin in twins], axis=-1)
    return values if order < 2 else np.where(away == 0, values, 0)


@given(
    seed=st.integers(0, 1000),
    cells=st.integers(1, 16),
    degree=st.integers(0, 7),
    reach=st.floats(-0.3, 0.3),
)
def test_all_derivatives_are_scipys_inside_and_beyond(seed, cells, degree, reach):
    basis = BSpline(increasing(seed, 2, cells), degree)
    share = torch.linspace(-abs(reach), 1 + abs(reach), 23, dtype=torch.float64)[1:-1, None]
    # A share that is almost nothing is beyond the end for the twin, and rounding for us.
    share = share.where((share.abs() > 1e-9) & ((share - 1).abs() > 1e-9), 0.5)
    x = basis.knots[:, 0] + share * (basis.knots[:, -1] - basis.knots[:, 0])
    ours = basis.derivatives(x, degree + 1)
    for node in range(2):
        for order in range(degree + 2):
            theirs = scipy_splines(basis, node, x[:, node].numpy(), order)
            # A derivative is a difference of larger numbers: rounding relative to the largest.
            scale = max(1.0, np.abs(theirs).max())
            np.testing.assert_allclose(ours[order, :, node], theirs, rtol=0, atol=1e-12 * scale)


@given(seed=st.integers(0, 1000), cells=st.integers(1, 16), degree=st.integers(0, 6))
def test_splines_sum_to_one_and_are_not_negative(seed, cells, degree):
    basis = BSpline(increasing(seed, 1, cells), degree)
    x = basis.knots[0, 0] + torch.linspace(0, 1, 31, dtype=torch.float64)[:, None] * (
        basis.knots[0, -1] - basis.knots[0, 0]
    )
    values = basis.derivatives(x, 1)
    torch.testing.assert_close(values[0].sum(-1), torch.ones_like(x), rtol=0, atol=1e-14)
    assert values[0].min() >= -1e-16
    bound = 1e-14 * float(values[1].abs().max().clamp(min=1))
    torch.testing.assert_close(values[1].sum(-1), torch.zeros_like(x), rtol=0, atol=bound)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_derivatives_below_the_degree_go_on_smoothly_over_knots(degree):
    basis = BSpline(increasing(3, 1, 5), degree)
    for knot in basis.knots[0, 1:-1]:
        sides = torch.stack([knot * (1 - 1e-15) - 1e-15, knot]).unsqueeze(1)
        left, right = basis.derivatives(sides, degree)[:, :, 0].unbind(dim=1)
        scale = float(right.abs().max())
        torch.testing.assert_close(left[:degree], right[:degree], rtol=0, atol=1e-12 * scale)
        assert (left[degree] - right[degree]).abs().max() > 1e-3


@pytest.mark.parametrize(("degree", "order"), [(1, 2), (2, 3), (3, 4), (4, 5)])
def test_error_falls_by_two_to_the_degree_plus_one_when_cells_double(degree, order):
    x = torch.linspace(-1, 1, 400, dtype=torch.float64)[:, None]
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    errors = []
    for cells in (16, 32):
        values = BSpline(even_knots(interval, cells), degree).derivatives(x, 0)[0, :, 0]
        wanted = torch.sin(3 * x)
        fitted = values @ torch.linalg.lstsq(values, wanted).solution
        errors.append((fitted - wanted).square().mean().sqrt().item())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


def test_the_functions_refuse_to_become_fewer(smooth_basis):
    with pytest.raises(ValueError, match="degree: got 1, a refined basis needs at least"):
        smooth_basis.refine(degree=1)


def test_float32_stays_float32_and_close():
    basis = BSpline(increasing(0, 2, 8), 3)
    x = torch.rand(50, 2, dtype=torch.float64)
    single = basis.to(torch.float32).derivatives(x.float(), 1)
    assert single.dtype == torch.float32
    exact = BSpline(increasing(0, 2, 8), 3).derivatives(x, 1)
    torch.testing.assert_close(single, exact.float(), rtol=1e-4, atol=1e-4)
