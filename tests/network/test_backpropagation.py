"""Derivatives by hand are those of autograd."""

import pytest
import torch
from torch.func import functional_call, jacrev

import pikan
from pikan.jets.jet import Jet, closure, coordinates
from pikan.network.activation import tanh
from pikan.network.backpropagation import (
    column_lengths,
    each_node,
    evaluate,
    fixed_part,
    gradient,
    jacobian,
    sensitivity,
)
from pikan.network.base import place
from pikan.network.kan import KANNetwork, product_nodes
from pikan.network.parameters import parameter_dict, parameter_vector


@pytest.fixture(params=["sums", "polynomials", "all", "frozen"])
def kan(request, points):
    """Networks of sums alone, and one with products, cut edges, formulas and a squash."""
    if request.param == "sums":
        return unscaled(pikan.KAN([2, 3, 2], dtype=torch.float64).network)
    if request.param == "polynomials":
        return unscaled(pikan.KAN([2, 3, 2], basis="legendre", dtype=torch.float64).network)
    model = pikan.KAN([2, [2, 1], 3, [1, 1]], dtype=torch.float64).prune_edge(0.1, x=points)
    model = model.fix_symbolic(1, 0, 1, "sin", x=points).fix_symbolic(0, 1, 0, "x^2", x=points)
    model.network.squash = tanh
    model.network.layers()[1].weight.requires_grad_(request.param == "all")
    return unscaled(model.network)


def unscaled(network):
    network.scaling = None
    return network


@pytest.fixture
def points():
    return torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def by_autograd(network, inputs):
    """What comes out [a n m] and its derivatives [a n m p], by autograd."""
    theta = parameter_vector(network)

    class Values(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self):
            return self.network.jet(inputs).values

    def values(theta):
        named = parameter_dict(network, theta)
        return functional_call(Values(), {f"network.{k}": v for k, v in named.items()}, ())

    return values(theta).detach(), jacrev(values)(theta)


def evaluated(network, inputs):
    return evaluate(fixed_part(network, network.first(inputs)), parameter_vector(network))


def test_values_and_jacobian_are_those_of_autograd(kan, points):
    values, rows = by_autograd(kan, place(points))
    way = evaluated(kan, place(points))
    torch.testing.assert_close(way.last.values, values)
    torch.testing.assert_close(jacobian(way, each_node(way)), rows[0])


def test_the_gradient_of_a_function_is_that_of_autograd(kan, points):
    values, rows = by_autograd(kan, place(points))
    way = evaluated(kan, place(points))
    torch.testing.assert_close(gradient(way, values), torch.einsum("anm,anmp->p", values, rows))


def test_lengths_are_those_of_the_columns(kan, points):
    _, rows = by_autograd(kan, place(points))
    expected = rows.flatten(0, 2).norm(dim=0) / len(points) ** 0.5
    found = column_lengths(evaluated(kan, place(points)), 1e-3)
    torch.testing.assert_close(found, expected.clamp_min(1e-3 * float(expected.max())))


def test_sensitivity_is_the_length_of_the_gradient_by_the_sums(kan, points):
    layers = kan.activations(points)
    last = Jet(((0,),), layers[-1].sums.unsqueeze(0))
    values = product_nodes(last, kan.widths[-1]).values[0]
    sums = [layer.sums for layer in layers]
    slopes = [
        torch.autograd.grad(each.sum(), sums, retain_graph=True) for each in values.unbind(dim=1)
    ]
    found = sensitivity(evaluated(kan, place(points)))
    for layer, expected in zip(found, zip(*slopes, strict=True), strict=True):
        torch.testing.assert_close(layer, torch.stack(expected).norm(dim=0))


@pytest.mark.parametrize("wanted", [[(2, 0), (0, 1)], [(1, 1)], [(3, 1)]])
def test_partial_derivatives_change_with_parameters_as_autograd_says(network, points, wanted):
    if not isinstance(network, KANNetwork):
        return
    inputs = coordinates(points, closure(wanted))
    values, rows = by_autograd(network, inputs)
    way = evaluated(network, inputs)
    torch.testing.assert_close(way.last.values, values)
    toward = torch.randn(2, *values.shape, generator=torch.Generator().manual_seed(0)).to(values)
    expected = torch.einsum("kanm,anmp->nkp", toward, rows)
    torch.testing.assert_close(jacobian(way, toward.permute(0, 3, 1, 2)), expected)
    summed = torch.einsum("anm,anmp->p", toward[0], rows)
    torch.testing.assert_close(gradient(way, toward[0]), summed)


def test_formulas_are_not_passed_over_in_partial_derivatives(points):
    model = pikan.KAN([2, 1], dtype=torch.float64).fix_symbolic(0, 0, 0, "sin", x=points)
    first = model.network.first(coordinates(points, closure([(1, 0)])))
    with pytest.raises(ValueError, match="knows no formulas"):
        fixed_part(model.network, first)
