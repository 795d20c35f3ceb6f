"""What is made of fixed points once, against the network asked as a whole."""

import torch

from pikan.jets.jet import closure, coordinates
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.precompute import complete, precompute


def test_prepared_points_serve_all_parameters(network, points):
    inputs = coordinates(points, closure([(2, 1)]))
    begun = precompute(network, inputs)
    for factor in (1.0, 0.5):
        other = with_parameters(network, factor * parameter_vector(network))
        expected = other.jet(inputs).values
        torch.testing.assert_close(complete(other, begun).values, expected, rtol=1e-14, atol=1e-14)
