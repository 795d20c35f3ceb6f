"""Chebyshev and Legendre polynomials against NumPy and against many digits."""

import mpmath
import numpy as np
import pytest
import torch
from numpy import polynomial

from pikan.bases.chebyshev import Chebyshev, chebyshev_values
from pikan.bases.legendre import Legendre

PAIRS = [(Chebyshev, polynomial.Chebyshev), (Legendre, polynomial.Legendre)]
INTERVAL = torch.tensor([[-1.0, 1.0], [-2.0, 0.5], [3.0, 40.0]], dtype=torch.float64)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("degree", [1, 2, 7, 20])
def test_all_derivatives_are_numpys_on_any_interval(ours, theirs, degree):
    share = torch.linspace(0.0, 1.0, 31, dtype=torch.float64)[:, None]
    x = INTERVAL[:, 0] + share * (INTERVAL[:, 1] - INTERVAL[:, 0])
    values = ours(INTERVAL, degree).derivatives(x, 4)
    for node, domain in enumerate(INTERVAL.tolist()):
        for j in range(degree + 1):
            twin = theirs.basis(j, domain=domain)
            for order in range(5):
                expected = (twin.deriv(order) if order else twin)(x[:, node].numpy())
                scale = max(np.abs(expected).max(), 1e-300)
                got = values[order, :, node, j]
                # j steps, each of a few roundings, relative to the largest value.
                np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14 * (j + 1) * scale)


@pytest.mark.parametrize("kind", [Chebyshev, Legendre])
@pytest.mark.parametrize("place", [-0.999, -0.3, 0.1, 0.875])
def test_the_second_derivative_of_degree_thirty_is_right_to_rounding(kind, place):
    twin = mpmath.chebyt if kind is Chebyshev else mpmath.legendre
    with mpmath.workdps(60):
        expected = float(mpmath.diff(lambda z: twin(30, z), mpmath.mpf(place), 2))
    value = kind(INTERVAL[:1], 30).derivatives(torch.tensor([[place]], dtype=torch.float64), 2)
    # The largest value, at the ends, is 30²(30²-1)/3 or less: rounding is relative to that of the
    # neighborhood, a hundredth of it.
    assert value[2, 0, 0, 30].item() == pytest.approx(expected, rel=1e-12, abs=3e-10)


def test_chebyshev_is_the_cosine_of_multiples():
    angle = torch.linspace(0, 3, 50, dtype=torch.float64)[:, None]
    values = Chebyshev(INTERVAL[:1], 40).derivatives(torch.cos(angle), 0)[0, :, 0]
    expected = torch.cos(angle * torch.arange(41))
    # An error of one rounding in z is up to j² roundings in T_j.
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 6, 7, 8, 9, 60, 129])
def test_values_by_products_are_known_as_well_as_their_places(degree):
    generator = torch.Generator().manual_seed(0)
    z = 2.0 * torch.rand(500, generator=generator, dtype=torch.float64) - 1.0
    found = chebyshev_values(z, degree)
    assert found.shape == (degree + 1, 500)
    orders = np.arange(degree + 1)[:, None].astype(np.longdouble)
    angles = np.arccos(z.numpy().astype(np.longdouble))
    # What rounding of z does to T_n is n eps over the sine of the angle; some of them meet.
    bound = np.finfo(float).eps * (1 + 8 * orders / np.sin(angles))
    assert np.all(np.abs(found.numpy() - np.cos(orders * angles)) < bound)


def test_legendre_polynomials_are_orthogonal():
    nodes, weights = polynomial.legendre.leggauss(16)
    values = Legendre(INTERVAL[:1], 15).derivatives(torch.from_numpy(nodes)[:, None], 0)[0, :, 0]
    products = values.mT @ (torch.from_numpy(weights)[:, None] * values)
    expected = torch.diag(2 / (2 * torch.arange(16, dtype=torch.float64) + 1))
    torch.testing.assert_close(products, expected, rtol=0, atol=1e-14)


def test_high_degrees_keep_their_digits_in_single_precision():
    x = torch.linspace(-1, 1, 201, dtype=torch.float64)[:, None]
    exact = Chebyshev(INTERVAL[:1], 20).derivatives(x, 0)
    single = Chebyshev(INTERVAL[:1].float(), 20).derivatives(x.float(), 0)
    assert (single - exact).abs().max() < 3e-5


@pytest.mark.parametrize("kind", [Chebyshev, Legendre])
def test_polynomials_have_no_grid_to_refine(kind):
    with pytest.raises(ValueError, match="grid: got 4"):
        kind(INTERVAL, 3).refine(grid=4)
