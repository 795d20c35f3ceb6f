"""Coefficients moved between bases: the same function, or the nearest one."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.change_of_basis import transfer
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.fourier import Fourier
from pikan.bases.hermite import Hermite
from pikan.bases.jacobi import Jacobi
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.bases.rbf import RBF

INTERVAL = torch.tensor([[-1.0, 1.0], [-2.0, 0.5]], dtype=torch.float64)
UNEVEN = torch.tensor([[-1.0, -0.9, 0.2, 1.0], [-2.0, 0.0, 0.25, 0.5]], dtype=torch.float64)
SPLINE = BSpline(UNEVEN, 3)
LARGER = {
    "more cells": (SPLINE, SPLINE.refine(grid=7)),
    "twice the cells": (SPLINE, SPLINE.refine(grid=6)),
    "a higher degree": (SPLINE, SPLINE.refine(degree=5)),
    "more cells of a higher degree, twice": (
        SPLINE.refine(degree=4),
        SPLINE.refine(degree=4).refine(degree=5, grid=20),
    ),
    "a higher degree of Chebyshev": (Chebyshev(INTERVAL, 6), Chebyshev(INTERVAL, 24)),
    "Legendre to Chebyshev": (Legendre(INTERVAL, 6), Chebyshev(INTERVAL, 6)),
    "another interval": (Legendre(INTERVAL, 6), Legendre(INTERVAL * 0.75, 6)),
    "polynomials to splines": (Chebyshev(INTERVAL, 4), BSpline(even_knots(INTERVAL, 5), 4)),
    "a higher degree of Jacobi": (Jacobi(INTERVAL, 6, 1.0, 0.0), Jacobi(INTERVAL, 20, 1.0, 0.0)),
    "a higher degree of Hermite": (Hermite(INTERVAL, 6), Hermite(INTERVAL, 12)),
    "more harmonics": (Fourier(INTERVAL, 6), Fourier(INTERVAL, 40)),
    "the same harmonics on a series of twice the interval": (
        Fourier(INTERVAL, 4),
        Fourier(INTERVAL, 8, 2.0),
    ),
    "steps to finer steps": (BSpline(UNEVEN, 0), BSpline(UNEVEN, 0).refine(grid=9)),
}


def values(basis, coefficients, x):
    return torch.einsum("nib,ibo->nio", basis.derivatives(x, 0)[0], coefficients)


def points(knots, count=200):
    share = torch.rand(count, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return knots[:, 0] + share * (knots[:, -1] - knots[:, 0])


@pytest.mark.parametrize("case", LARGER)
def test_a_larger_space_keeps_the_function(case):
    old, new = LARGER[case]
    coefficients = torch.randn(
        2, old.size, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    x = points(new.knots)
    after = values(new, transfer(old, new) @ coefficients, x)
    # Least squares of full rank: rounding times the condition of the new functions.
    torch.testing.assert_close(after, values(old, coefficients, x), rtol=1e-12, atol=1e-12)


def test_a_smaller_space_gets_the_nearest_function():
    old, new = Legendre(INTERVAL, 8), Legendre(INTERVAL, 5)
    expected = torch.eye(6, 9, dtype=torch.float64).expand(2, 6, 9)
    # Legendre polynomials are orthogonal: the best approximation cuts the higher ones off.
    torch.testing.assert_close(transfer(old, new), expected, rtol=0, atol=1e-14)


def test_back_and_forth_through_a_larger_space_changes_nothing():
    old, new = LARGER["a higher degree"]
    there_and_back = transfer(new, old) @ transfer(old, new)
    one = torch.eye(old.size, dtype=torch.float64).expand_as(there_and_back)
    torch.testing.assert_close(there_and_back, one, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("degree", "near"), [(3, 4e-3), (5, 2e-4), (7, 1e-5)])
def test_narrower_gaussians_come_nearer_the_higher_their_degree(degree, near):
    old = RBF(even_knots(INTERVAL, 5), degree)
    new = old.refine(grid=9)
    generator = torch.Generator().manual_seed(1)
    coefficients = torch.randn(2, old.size, 3, dtype=torch.float64, generator=generator)
    x = points(new.knots)
    before = values(old, coefficients, x)
    after = values(new, transfer(old, new) @ coefficients, x)
    assert (after - before).abs().max() < near * before.abs().max()
