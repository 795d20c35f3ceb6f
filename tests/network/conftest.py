"""A small random network of every kind, on a box that is neither centered nor square."""

from collections.abc import Callable

import pytest
import torch

from pikan.bases.basis import Basis
from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.elements import elements
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.network.activation import silu, tanh
from pikan.network.base import Network
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.parametric import ParametricProduct, PolynomialFunctions
from pikan.network.product import FullProduct, LowRank
from pikan.network.time_slabs import TimeSlabs

LOWER, UPPER = (-1.0, 0.25), (2.0, 0.75)


def interval(nodes: int) -> torch.Tensor:
    return torch.tensor([[-1.0, 1.0]], dtype=torch.float64).repeat(nodes, 1)


def spline(nodes: int, degree: int = 5, grid: int = 4) -> Basis:
    return BSpline(even_knots(interval(nodes), grid), degree)


def chebyshev(nodes: int, degree: int = 5) -> Basis:
    return Chebyshev(interval(nodes), degree)


def legendre(nodes: int, degree: int = 4) -> Basis:
    return Legendre(interval(nodes), degree)


def spline_kan() -> Network:
    return KANNetwork([2, 3, 3, 1], [spline(2), spline(3), spline(3)], LOWER, UPPER, base=silu)


def mixed_kan() -> Network:
    bases = [chebyshev(2), legendre(3), spline(4)]
    return KANNetwork([2, 3, 4, 2], bases, LOWER, UPPER, squash=tanh)


def product_node_kan() -> Network:
    bases = [legendre(2), chebyshev(3), chebyshev(2)]
    return KANNetwork([2, (1, 2), (0, 2), 1], bases, LOWER, UPPER, base=silu, squash=tanh)


def full_product() -> Network:
    return FullProduct([chebyshev(1), spline(1)], 2, LOWER, UPPER)


def low_rank() -> Network:
    return LowRank([legendre(1), spline(1)], 3, 2, LOWER, UPPER)


def mlp() -> Network:
    return MLP([2, 5, 4, 2], LOWER, UPPER)


def windows() -> Network:
    early = KANNetwork([2, 3, 2], [spline(2), chebyshev(3)], (-1.0, 0.25), (2.0, 0.5), squash=tanh)
    late = MLP([2, 5, 2], (-1.0, 0.5), (2.0, 0.75))
    return TimeSlabs([0.25, 0.5, 0.75], [early, late], axis=1)


def parametric() -> Network:
    functions = PolynomialFunctions(1, 3, 2)
    functions.degrees.copy_(torch.tensor([[0], [1], [2]]))
    functions.lower.fill_(LOWER[1])
    functions.upper.fill_(UPPER[1])
    functions.logarithmic.fill_(1.0)
    fields = FullProduct([spline(1)], 2 * 2, LOWER[:1], UPPER[:1])
    return ParametricProduct(fields, functions, 2)


def characteristic() -> Network:
    edges = torch.tensor([-1.0, 0.2, 1.0], dtype=torch.float64)
    product = FullProduct(
        [elements(edges, 4, 0), elements(edges, 3, 0)], 2, (-1.8, -1.0), (2.0, 2.8)
    )
    return CharacteristicNetwork(product, 1.5, LOWER, UPPER, 1)


BUILDERS: tuple[Callable[[], Network], ...] = (
    spline_kan,
    mixed_kan,
    product_node_kan,
    full_product,
    low_rank,
    mlp,
    windows,
    parametric,
    characteristic,
)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(params=BUILDERS, ids=lambda build: build.__name__)
def network(request: pytest.FixtureRequest, generator: torch.Generator) -> Network:
    """A network of each kind with all parameters random, N(0, 0.3²)."""
    empty = request.param()
    theta = parameter_vector(empty)
    return with_parameters(
        empty, 0.3 * torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
    )


@pytest.fixture
def points(generator: torch.Generator) -> torch.Tensor:
    """Points of the box of all these networks."""
    unit = torch.rand(11, 2, generator=generator, dtype=torch.float64)
    low, high = torch.tensor([LOWER, UPPER], dtype=torch.float64)
    return low + unit * (high - low)
