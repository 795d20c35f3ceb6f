"""The ridge start spans polynomials and stays inside its grids."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.jets.jet import closure, coordinates
from pikan.network.activation import silu
from pikan.network.base import place
from pikan.network.kan import KANNetwork
from pikan.network.ridge import directions, ridge


def interval(nodes: int) -> torch.Tensor:
    return torch.tensor([[-1.0, 1.0]] * nodes, dtype=torch.float64)


FIRST = {
    "spline": lambda nodes: BSpline(even_knots(interval(nodes), 6), 5),
    "chebyshev": lambda nodes: Chebyshev(interval(nodes), 9),
    "legendre": lambda nodes: Legendre(interval(nodes), 9),
}


def started(first: str, d: int, width: int, degree: int, generator: torch.Generator) -> KANNetwork:
    bases = [FIRST[first](d), Chebyshev(interval(width), degree)]
    lower, upper = [0.0] * d, [1.0 + axis for axis in range(d)]
    return ridge(KANNetwork([d, width, 1], bases, lower, upper, base=silu), generator)


def corners_and_points(network: KANNetwork, generator: torch.Generator) -> torch.Tensor:
    d = len(network.center)
    unit = 2 * torch.rand(200, d, generator=generator, dtype=torch.float64) - 1
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * d)
    return network.center + network.scale * torch.cat([unit, corners])


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("d", [2, 3, 5])
def test_hidden_values_are_straight_lines_within_the_grid(first, d, generator):
    network = started(first, d, 9, 4, generator)
    points = corners_and_points(network, generator)
    second = tuple(2 * (axis == 0) for axis in range(d))
    hidden = network.nodes(coordinates(points, closure([second])))[1].values
    # Reached in some corner, up to rounding; the slope of degree 9 magnifies that of the second
    # derivative by its norm, about 9^4.
    assert hidden[0].abs().max() <= 1 + 1e-14
    assert hidden[-1].abs().max() <= 1e-10
    assert network.outside(points) == 0


@pytest.mark.parametrize("first", FIRST)
def test_j_directions_span_bivariate_polynomials_of_degree_j_minus_1(first, generator):
    width = 6
    network = started(first, 2, width, width - 1, generator)
    points = corners_and_points(network, generator)
    features = network.features(place(points)).values[0]
    x, y = ((points - network.center) / network.scale).unbind(1)
    monomials = torch.stack(
        [x**i * y ** (total - i) for total in range(width) for i in range(total + 1)], dim=1
    )
    # The base functions are no part of the claim.
    polynomials = features.unflatten(1, (width, -1))[:, :, :-1].flatten(1)
    both = torch.cat([polynomials, monomials], dim=1)
    rank = torch.linalg.matrix_rank(polynomials, rtol=1e-10)
    assert rank == width * (width + 1) // 2
    assert torch.linalg.matrix_rank(both, rtol=1e-10) == rank


def test_directions_are_far_apart(generator):
    for d, count in ((2, 12), (3, 12), (5, 20)):
        lines = directions(d, count, generator)
        cosines = (lines.mT @ lines).abs() - torch.eye(count)
        assert cosines.max() < 0.98
