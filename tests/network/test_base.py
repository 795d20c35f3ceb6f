"""What holds for networks of every kind."""

from copy import deepcopy
from itertools import product

import torch
from torch.func import functional_call, grad, jacrev, vmap

from pikan.bases.chebyshev import Chebyshev
from pikan.jets.jet import closure, coordinates
from pikan.network.base import FeatureNetwork, weighted_sum
from pikan.network.kan import KANNetwork
from pikan.network.nested_autograd import partials
from pikan.network.parameters import parameter_dict, parameter_vector
from pikan.network.product import FullProduct


def test_jets_are_the_derivatives_of_the_values(network, points):
    wanted = [index for index in product(range(5), repeat=2) if sum(index) <= 4]
    jet = network.jet(coordinates(points, closure(wanted)))
    expected = partials(network, points, jet.indices)
    for index, values in zip(jet.indices, jet.values, strict=True):
        # Both sum the same few hundred terms in another order.
        rounding = 1e-11 * expected[index].abs().max().item()
        torch.testing.assert_close(values, expected[index], rtol=1e-9, atol=rounding)


def test_forward_is_the_value_of_the_jet(network, points):
    jet = network.jet(coordinates(points, closure([(1, 2)])))
    torch.testing.assert_close(network(points), jet.values[0], rtol=1e-14, atol=1e-14)


def test_coefficients_weigh_the_features(network, points):
    if isinstance(network, FeatureNetwork):
        inputs = coordinates(points, closure([(2, 0)]))
        combined = weighted_sum(network.features(inputs), network.last_weight())
        jet = network.jet(inputs)
        torch.testing.assert_close(combined.values, jet.values, rtol=1e-11, atol=1e-12)


def test_the_state_makes_a_twin(network, points):
    twin = deepcopy(network)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    twin.load_state_dict(network.state_dict(), strict=True)
    assert torch.equal(twin(points), network(points))


def test_other_parameters_can_be_passed_in(network, points):
    before = network(points)
    theta = parameter_vector(network)
    doubled = functional_call(network, parameter_dict(network, 2 * theta), (points,))
    assert not torch.allclose(doubled, before)
    own = functional_call(network, parameter_dict(network, theta), (points,))
    # The same sums, but their terms may lie otherwise in memory and be added in another order.
    torch.testing.assert_close(own, before, rtol=1e-13, atol=1e-14)


def test_row_by_row_gradients_are_the_jacobian(network, points):
    """The parameters' Jacobian of a derivative: one reverse sweep per point, or one for all."""
    indices = closure([(1, 1)])
    theta = parameter_vector(network)

    class Mixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, points):
            return self.network.jet(coordinates(points, indices)).values[-1, :, 0]

    def residual(theta, points):
        named = {f"network.{name}": piece for name, piece in parameter_dict(network, theta).items()}
        return functional_call(Mixed(), named, (points,))

    rows = vmap(grad(lambda theta, point: residual(theta, point[None])[0]), in_dims=(None, 0))
    torch.testing.assert_close(rows(theta, points), jacrev(residual)(theta, points))


def test_float32_follows_float64(network, points):
    single = deepcopy(network).to(torch.float32)
    assert single(points.float()).dtype == torch.float32
    # Rounding of 6e-8, magnified by slopes and sums of a few dozen terms.
    torch.testing.assert_close(single(points.float()).double(), network(points), rtol=0, atol=2e-5)


def test_no_point_of_the_box_is_beyond_the_first_grid():
    """Corners included, for a box whose corners rounding moves beyond [-1, 1]."""
    corners = torch.tensor([[0.1, -7.7], [0.3, 1e3], [0.1, 1e3]], dtype=torch.float64)
    network = FullProduct([chebyshev(), chebyshev()], 1, (0.1, -7.7), (0.3, 1e3))
    assert network.outside(corners) == 0


def test_the_share_of_points_beyond_the_grid_is_told():
    network = FullProduct([chebyshev()], 1, [0.0], [1.0])
    points = torch.tensor([[-0.1], [0.1], [0.5], [1.1]], dtype=torch.float64)
    assert network.outside(points) == 0.5


def test_hidden_values_beyond_their_grid_are_told():
    """A constant function of 2 in the first layer leads every point beyond [-1, 1]."""
    network = KANNetwork([1, 1, 1], [chebyshev(), chebyshev()], [0.0], [1.0])
    points = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    assert network.outside(points) == 0
    with torch.no_grad():
        network.layers()[0].weight[0] = 2
    assert network.outside(points) == 1


def chebyshev() -> Chebyshev:
    return Chebyshev(torch.tensor([[-1.0, 1.0]], dtype=torch.float64), degree=3)
