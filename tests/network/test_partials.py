"""Partial derivatives by jets and by nested autograd: the same for random networks."""

import pytest
import torch
from torch.func import functional_call, jacfwd, jacrev, vmap

from pikan.bases.basis import Basis
from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.network import nested_autograd, partials
from pikan.network.activation import silu, tanh
from pikan.network.kan import KANNetwork

# torch 2.13 warns of its own use of torch.jit the first time that it works in forward mode.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
)

KINDS = {
    "spline": lambda interval: BSpline(even_knots(interval, 4), 5),
    "chebyshev": lambda interval: Chebyshev(interval, 6),
    "legendre": lambda interval: Legendre(interval, 6),
}
WANTED = {
    1: [(1,), (2,), (3,), (4,)],
    2: [(4, 0), (0, 4), (2, 2), (3, 1), (1, 1), (0, 0)],
    3: [(1, 1, 2), (2, 0, 0), (0, 3, 1), (1, 1, 1)],
}


def kan(kind, widths, squash=None, seed=0):
    """A random network whose layers are of one kind of basis."""
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases: list[Basis] = [KINDS[kind](interval.repeat(nodes, 1)) for nodes in widths[:-1]]
    lower, upper = [0.0] * widths[0], [float(axis + 1) for axis in range(widths[0])]
    network = KANNetwork(widths, bases, lower, upper, silu, squash)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            draw = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.copy_(0.2 * draw)
    return network


def points(dimension, count=7):
    generator = torch.Generator().manual_seed(1)
    share = torch.rand(count, dimension, generator=generator, dtype=torch.float64)
    return share * torch.arange(1, dimension + 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", WANTED)
def test_jets_and_nested_autograd_agree_up_to_fourth_order(kind, dimension):
    for widths, squash in ([dimension, 3, 8, 2], tanh), ([dimension, 4, 1], None):
        network = kan(kind, widths, squash)
        at, wanted = points(dimension), WANTED[dimension]
        ours = partials.partials(network, at, wanted)
        theirs = nested_autograd.partials(network, at, wanted)
        assert set(ours) == set(theirs) == set(wanted)
        for index in wanted:
            # Fourth derivatives add many terms; each rounds relative to the largest value.
            bound = 1e-11 * max(1.0, float(theirs[index].detach().abs().max()))
            torch.testing.assert_close(ours[index], theirs[index], rtol=0, atol=bound)


@pytest.mark.parametrize("kind", KINDS)
def test_parameter_gradients_of_both_agree(kind):
    network, at, wanted = kan(kind, [2, 3, 1]), points(2), [(2, 0), (0, 2)]
    parameters = list(network.parameters())
    gradients = [
        torch.autograd.grad(
            sum(way.partials(network, at, wanted).values()).square().sum(), parameters
        )
        for way in (partials, nested_autograd)
    ]
    for ours, theirs in zip(*gradients, strict=True):
        bound = 1e-12 * float(theirs.detach().abs().max())
        torch.testing.assert_close(ours, theirs, rtol=0, atol=bound)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_of_residuals_agree_in_all_ways(kind):
    network, at = kan(kind, [2, 3, 1]), points(2)
    theta = {name: value.detach() for name, value in network.named_parameters()}

    class Residual(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, at):
            u = partials.partials(self.network, at, [(0, 0), (2, 0), (0, 1)])
            return (u[0, 1] - u[2, 0] + u[0, 0] ** 2)[:, 0]

    module = Residual()
    named = {f"network.{name}": value for name, value in theta.items()}

    def residual(named, at):
        return functional_call(module, named, (at,))

    expected = jacrev(residual)(named, at)
    by_row = vmap(jacrev(lambda named, row: residual(named, row[None])[0]), (None, 0))(named, at)
    forward = jacfwd(residual)(named, at)
    for name, matrix in expected.items():
        bound = 1e-12 * float(matrix.abs().max())
        torch.testing.assert_close(by_row[name], matrix, rtol=0, atol=bound)
        torch.testing.assert_close(forward[name], matrix, rtol=0, atol=bound)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_agrees_with_double(kind):
    network, at = kan(kind, [2, 3, 1], tanh), points(2)
    double = partials.partials(network, at, [(2, 0)])[2, 0]
    single = partials.partials(network.to(torch.float32), at.float(), [(2, 0)])[2, 0]
    assert single.dtype == torch.float32
    torch.testing.assert_close(
        single.double(), double, rtol=1e-3, atol=1e-3 * float(double.detach().abs().max())
    )


def test_nested_autograd_differentiates_any_module_and_knows_zeros():
    class Square(torch.nn.Module):
        def forward(self, at):
            return torch.stack([at[:, 0] ** 2, torch.ones_like(at[:, 0])], dim=1)

    u = nested_autograd.partials(Square(), points(2), [(2, 0), (1, 1), (3, 0)])
    assert u[2, 0].tolist() == [[2.0, 0.0]] * 7
    assert not u[1, 1].any()
    assert not u[3, 0].any()


def test_what_depends_on_parameters_alone_has_a_slope_of_zero():
    line = torch.nn.Linear(2, 3).double()
    u = nested_autograd.partials(line, points(2), [(0, 1), (1, 1), (0, 2)])
    torch.testing.assert_close(u[0, 1], line.weight[:, 1].expand(7, 3), rtol=0, atol=0)
    assert u[1, 1].tolist() == u[0, 2].tolist() == [[0.0] * 3] * 7
