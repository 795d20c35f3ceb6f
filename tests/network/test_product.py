"""Products of one-coordinate functions reproduce what they can."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.jets.jet import coordinates
from pikan.network.base import place
from pikan.network.product import FullProduct, LowRank

LOWER, UPPER = (0.0, -1.0, 2.0), (1.0, 1.0, 5.0)
INTERVAL = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)


def bases():
    return [
        Chebyshev(INTERVAL, 3),
        BSpline(even_knots(INTERVAL, 2), 3),
        Legendre(INTERVAL, 2),
    ]


def polynomial(points):
    x, y, z = points.unbind(1)
    return torch.stack([x**3 * y**3 * z**2 - 2 * x * y**2, 1 + z**2 - x * y], dim=1)


def test_a_full_product_fits_polynomials_of_its_degrees_exactly(generator):
    low, high = torch.tensor([LOWER, UPPER], dtype=torch.float64)
    points = low + (high - low) * torch.rand(400, 3, generator=generator, dtype=torch.float64)
    network = FullProduct(bases(), 2, LOWER, UPPER)
    features = network.features(place(points)).values[0]
    with torch.no_grad():
        solution = torch.linalg.lstsq(features, polynomial(points)).solution
        network.coefficients.copy_(solution)
    fresh = low + (high - low) * torch.rand(100, 3, generator=generator, dtype=torch.float64)
    # Rounding of 1e-16 times the condition of the random points' design matrix.
    torch.testing.assert_close(network(fresh), polynomial(fresh), rtol=0, atol=1e-10)


def test_only_the_partials_asked_for_are_made(generator):
    points = torch.rand(5, 3, generator=generator, dtype=torch.float64)
    network = FullProduct(bases(), 1, LOWER, UPPER)
    closed = ((0, 0, 0), (0, 0, 1), (0, 0, 2))
    some = network.features(coordinates(points, (closed[0], closed[2])))
    everything = network.features(coordinates(points, closed))
    assert torch.equal(some.values[1], everything.values[2])


def test_a_low_rank_network_is_a_sum_of_products(generator):
    network = LowRank(bases(), 2, 1, LOWER, UPPER)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    points = torch.rand(7, 3, generator=generator, dtype=torch.float64)
    scaled = (points - network.center) / network.scale
    expected = torch.zeros(7, 1, dtype=torch.float64)
    for r in range(2):
        term = network.coefficients[r]
        for axis, basis in enumerate(network.axes()):
            values = basis.derivatives(scaled[:, axis : axis + 1], 0)[0, :, 0]
            term = term * (values @ network.weights[axis][:, r : r + 1])
        expected = expected + term
    torch.testing.assert_close(network(points), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("reach", [1.0, 1.2])
def test_values_alone_are_those_of_the_jet_inside_and_beyond(reach, generator):
    ends = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    network = FullProduct([Chebyshev(ends, 9), Chebyshev(ends, 4)], 2, [0.0, -1.0], [3.0, 5.0])
    other = torch.randn(network.coefficients.shape, generator=generator, dtype=torch.float64)
    unit = reach * (2.0 * torch.rand(40, 2, generator=generator, dtype=torch.float64) - 1.0)
    points = network.center + network.scale * unit
    with torch.no_grad():
        found = network.values_of(other, points, 0.0)
        expected = network.jet_of(other, place(points)).values[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)
    assert network.values_of(other, points[:0], 0.0).shape == (0, 2)
