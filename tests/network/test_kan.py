"""Kolmogorov-Arnold networks against plain twins, edge by edge."""

import numpy as np
import torch
from numpy.polynomial.chebyshev import chebder, chebval

from pikan.bases.chebyshev import Chebyshev
from pikan.network.activation import silu, tanh
from pikan.network.kan import KANNetwork
from pikan.network.parameters import parameter_vector, with_parameters

DEGREE = 3


def chebyshev(nodes: int) -> Chebyshev:
    return Chebyshev(torch.tensor([[-1.0, 1.0]] * nodes, dtype=torch.float64), DEGREE)


def filled(network: KANNetwork) -> KANNetwork:
    theta = parameter_vector(network)
    drawn = torch.randn(theta.shape, generator=torch.Generator().manual_seed(3))
    return with_parameters(network, 0.3 * drawn.to(theta))


def edge(x, weight, source, target):
    """One edge's function: a Chebyshev sum with its tangents, then the base function."""
    size = DEGREE + 2
    own = weight[source * size : (source + 1) * size, target]
    nearest = x.clip(-1, 1)
    series = chebval(nearest, own[:-1]) + (x - nearest) * chebval(nearest, chebder(own[:-1]))
    return series + own[-1] * x / (1 + np.exp(-x))


def plain_layer(x, weight):
    nodes = x.shape[1]
    return np.stack(
        [sum(edge(x[:, i], weight, i, j) for i in range(nodes)) for j in range(weight.shape[1])],
        axis=1,
    )


def test_nodes_sum_the_functions_on_their_edges(points):
    lower, upper = (-1.0, 0.25), (2.0, 0.75)
    network = filled(KANNetwork([2, 3, 2], [chebyshev(2), chebyshev(3)], lower, upper, base=silu))
    layer, last = network.layers()
    scaled = 2 * (points.numpy() - lower) / np.subtract(upper, lower) - 1
    hidden = plain_layer(scaled, layer.weight.detach().numpy())
    expected = plain_layer(hidden, last.weight.detach().numpy())
    np.testing.assert_allclose(network(points).detach().numpy(), expected, rtol=1e-12, atol=1e-13)


def test_product_nodes_multiply_two_sums_each(points):
    lower, upper = (-1.0, 0.25), (2.0, 0.75)
    bases = [chebyshev(2), chebyshev(3)]
    network = filled(KANNetwork([2, (1, 2), 1], bases, lower, upper, base=silu, squash=tanh))
    layer, last = network.layers()
    scaled = 2 * (points.numpy() - lower) / np.subtract(upper, lower) - 1
    sums = plain_layer(scaled, layer.weight.detach().numpy())
    nodes = np.stack([sums[:, 0], sums[:, 1] * sums[:, 2], sums[:, 3] * sums[:, 4]], axis=1)
    expected = plain_layer(np.tanh(nodes), last.weight.detach().numpy())
    np.testing.assert_allclose(network(points).detach().numpy(), expected, rtol=1e-12, atol=1e-13)
