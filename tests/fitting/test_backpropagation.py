import pytest
import torch

import pikan
from pikan.fitting.backpropagation import (
    evaluate_network,
    gradient,
    jacobian,
    lengths,
    precompute_layer,
    sensitivity,
)
from pikan.fitting.loss import last_nodes
from pikan.network.activation import tanh
from pikan.network.masked_kan import layer_activations


@pytest.fixture(params=["sums", "polynomials", "all"])
def wired(request, points):
    """Networks of sums alone, and one with products, cut edges, a formula and a squash."""
    if request.param == "sums":
        return pikan.KAN([2, 3, 2]).wired
    if request.param == "polynomials":
        return pikan.KAN([2, 3, 2], basis="legendre").wired
    model = pikan.KAN([2, [2, 1], 3, [1, 1]]).prune_edge(0.1, x=points)
    made = model.fix_symbolic(1, 0, 1, "sin", x=points).fix_symbolic(0, 1, 0, "x^2", x=points).wired
    made.kan.squash = tanh
    return made


@pytest.fixture
def points():
    return torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def plain(wired, points):
    """The Jacobian by autograd, and the values."""
    trained = tuple(each for each in wired.trainable() if each.numel())

    def values(*new):
        given = iter(new)
        every = [next(given) if each.numel() else each for each in wired.trainable()]
        return last_nodes(wired, layer_activations(wired, points, every))

    rows = torch.autograd.functional.jacobian(values, trained)
    return torch.cat([each.flatten(2) for each in rows], dim=2), values(*trained).detach()


def test_values_and_jacobian_are_those_of_autograd(wired, points, plain):
    way = evaluate_network(precompute_layer(wired, points), wired.trainable())
    torch.testing.assert_close(way.values, plain[1])
    torch.testing.assert_close(jacobian(way), plain[0])


def test_the_gradient_of_a_function_is_that_of_autograd(wired, points, plain):
    way = evaluate_network(precompute_layer(wired, points), wired.trainable())
    torch.testing.assert_close(
        gradient(way, way.values), torch.einsum("nm,nmp->p", plain[1], plain[0])
    )


def test_lengths_are_those_of_the_columns(wired, points, plain):
    way = evaluate_network(precompute_layer(wired, points), wired.trainable())
    expected = plain[0].flatten(0, 1).norm(dim=0) / len(points) ** 0.5
    torch.testing.assert_close(lengths(way, 1e-3), expected.clamp_min(1e-3 * float(expected.max())))


def test_sensitivity_is_the_length_of_the_gradient_by_the_sums(wired, points):
    found = sensitivity(evaluate_network(precompute_layer(wired, points), wired.trainable()))
    layers = layer_activations(
        wired, points, [each.detach().requires_grad_() for each in wired.trainable()]
    )
    sums, values = [layer.sums for layer in layers], last_nodes(wired, layers)
    slopes = [
        torch.autograd.grad(each.sum(), sums, retain_graph=True) for each in values.unbind(dim=1)
    ]
    for layer, expected in zip(found, zip(*slopes, strict=True), strict=True):
        torch.testing.assert_close(layer, torch.stack(expected).norm(dim=0))
