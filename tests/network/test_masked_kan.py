"""Edges that are cut count for nothing, and all others as in the KAN."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.jets.jet import coordinates
from pikan.network.activation import silu
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.nested_autograd import partials as by_autograd

POINTS = torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def whole() -> KANNetwork:
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [
        BSpline(even_knots(interval.repeat(2, 1), 4), 3),
        Chebyshev(interval.repeat(3, 1), 5),
    ]
    network = KANNetwork([2, (2, 1), 2], bases, [-1.0, -1.0], [1.0, 1.0], base=silu)
    return glorot(network, torch.Generator().manual_seed(1))


def half_cut() -> KANNetwork:
    generator = torch.Generator().manual_seed(2)
    network = whole()
    layers = [
        layer.replace(mask=torch.rand(layer.mask.shape, generator=generator) < 0.5)
        for layer in network.layers()
    ]
    return with_layers(network, layers)


def test_cut_edges_are_as_if_their_weights_were_zero():
    cut, network = half_cut(), whole()
    silent = with_layers(
        network, [layer.replace(weight=layer.learned_weight()) for layer in cut.layers()]
    )
    with torch.no_grad():
        for layer, other in zip(silent.layers(), cut.layers(), strict=True):
            layer.mask.fill_(True)
            layer.plain = True
            assert not torch.equal(other.weight, layer.weight)
    torch.testing.assert_close(cut(POINTS), silent(POINTS))


def test_cut_edges_learn_nothing():
    cut = half_cut()
    cut(POINTS).square().sum().backward()
    for layer in cut.layers():
        by_edge = layer.weight.grad.unflatten(0, (len(layer.mask), -1)).abs().sum(dim=1)
        assert torch.equal(by_edge > 0, layer.mask & (by_edge > 0))
        assert bool((by_edge[~layer.mask] == 0).all())


def test_the_last_layer_in_detail_is_what_comes_out():
    cut = half_cut()
    layers = cut.activations(POINTS)
    torch.testing.assert_close(layers[-1].sums, cut(POINTS))
    for layer in layers:
        torch.testing.assert_close(layer.edges.sum(dim=1), layer.sums)


def test_coordinates_that_do_not_enter_do_not_count():
    network = whole()
    wide = KANNetwork(
        network.widths,
        [layer.edges.basis for layer in network.layers()],
        [-1.0] * 3,
        [1.0] * 3,
        base=silu,
    )
    chosen = with_layers(wide, network.layers(), inputs=[2, 0])
    three = torch.cat([POINTS, POINTS[:, :1] + 1], dim=1)
    torch.testing.assert_close(chosen(three), network(three[:, [2, 0]]))
    moved = three + torch.tensor([0.0, 5.0, 0.0])
    assert torch.equal(chosen(moved), chosen(three))
    indices = ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1), (2, 0, 0))
    expected = by_autograd(chosen, three, set(indices))
    for index, row in zip(indices, chosen.jet(coordinates(three, indices)).values, strict=True):
        torch.testing.assert_close(row, expected[index])


def test_the_state_says_which_edges_are_live():
    cut, again = half_cut(), whole()
    again.load_state_dict(cut.state_dict())
    assert torch.equal(again(POINTS), cut(POINTS))


def test_a_network_with_cut_edges_has_no_features():
    with pytest.raises(ValueError, match="no weighted sum of features"):
        half_cut().features(coordinates(POINTS, ((0, 0),)))
