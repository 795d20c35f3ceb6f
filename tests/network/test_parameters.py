"""The parameters as one vector."""

import torch

from pikan.network.base import FeatureNetwork
from pikan.network.parameters import last_layer, parameter_dict, parameter_vector, with_parameters


def test_the_vector_can_be_taken_apart_and_put_together(network):
    theta = parameter_vector(network)
    pieces = parameter_dict(network, theta)
    for name, parameter in network.named_parameters():
        assert torch.equal(pieces[name], parameter)
    assert torch.equal(torch.cat([piece.flatten() for piece in pieces.values()]), theta)


def test_the_network_is_linear_in_its_last_layer(network, points):
    theta = parameter_vector(network)
    ends = last_layer(network)
    assert ends.stop == len(theta)
    if isinstance(network, FeatureNetwork):
        assert torch.equal(theta[ends], network.last_weight().detach().flatten())
    tripled = theta.clone()
    tripled[ends] *= 3
    torch.testing.assert_close(
        with_parameters(network, tripled)(points), 3 * network(points), rtol=1e-12, atol=1e-13
    )


def test_replacing_leaves_the_network_as_it_was(network, points):
    before = network(points)
    theta = parameter_vector(network)
    twin = with_parameters(network, theta)
    theta.zero_()
    assert torch.equal(network(points), before)
    torch.testing.assert_close(twin(points), before, rtol=1e-13, atol=1e-14)
