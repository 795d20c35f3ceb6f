"""Edges that are cut count for nothing, and all others as in the KAN."""

import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.jets.jet import coordinates
from pikan.network.activation import silu
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork
from pikan.network.masked_kan import MaskedKAN, apply_mask, layer_activations, without_mask

POINTS = torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def kan() -> KANNetwork:
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [
        BSpline(even_knots(interval.repeat(2, 1), 4), 3),
        Chebyshev(interval.repeat(3, 1), 5),
    ]
    network = KANNetwork([2, (2, 1), 2], bases, [-1.0, -1.0], [1.0, 1.0], base=silu)
    return glorot(network, torch.Generator().manual_seed(1))


def half_cut() -> MaskedKAN:
    generator = torch.Generator().manual_seed(2)
    whole = without_mask(kan())
    live = [torch.rand(each.shape, generator=generator) < 0.5 for each in whole.masks()]
    return MaskedKAN(whole.kan, live, whole.inputs)


def test_with_all_edges_live_it_is_the_kan():
    network = kan()
    inputs = coordinates(POINTS, ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)))
    torch.testing.assert_close(without_mask(network).jet(inputs).values, network.jet(inputs).values)


def test_cut_edges_are_as_if_their_weights_were_zero():
    wired = half_cut()
    silent = kan()
    with torch.no_grad():
        for own, live in zip(
            (silent.hidden[0].weight, silent.coefficients), wired.masks(), strict=True
        ):
            own.copy_(apply_mask(own, live))
    torch.testing.assert_close(wired(POINTS), silent(POINTS))


def test_cut_edges_learn_nothing():
    wired = half_cut()
    wired(POINTS).square().sum().backward()
    for weight, live in zip(wired.weights(), wired.masks(), strict=True):
        by_edge = weight.grad.unflatten(0, (len(live), -1)).abs().sum(dim=1)
        assert torch.equal(by_edge > 0, live & (by_edge > 0))
        assert bool((by_edge[~live] == 0).all())


def test_the_last_layer_in_detail_is_what_comes_out():
    wired = half_cut()
    layers = layer_activations(wired, POINTS, wired.trainable())
    torch.testing.assert_close(layers[-1].sums, wired(POINTS))
    for layer in layers:
        torch.testing.assert_close(layer.edges.sum(dim=1), layer.sums)


def test_columns_that_are_left_out_do_not_count():
    whole = without_mask(kan())
    swapped = MaskedKAN(whole.kan, whole.masks(), torch.tensor([2, 0]))
    three = torch.cat([POINTS, POINTS[:, :1] + 1], dim=1)
    torch.testing.assert_close(swapped(three), whole(three[:, [2, 0]]))
    moved = three + torch.tensor([0.0, 5.0, 0.0])
    assert torch.equal(swapped(moved), swapped(three))


def test_the_state_says_which_edges_are_live():
    wired, again = half_cut(), without_mask(kan())
    again.load_state_dict(wired.state_dict())
    assert torch.equal(again(POINTS), wired(POINTS))
