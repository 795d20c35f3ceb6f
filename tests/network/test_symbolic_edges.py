"""Edges that hold a formula are that function, in all derivatives."""

import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.jets.jet import coordinates
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork
from pikan.network.masked_kan import MaskedKAN, layer_activations, without_mask
from pikan.network.nested_autograd import partials as by_autograd
from pikan.network.symbolic_edges import SymbolicEdge, SymbolicEdges

POINTS = torch.rand(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def network() -> KANNetwork:
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [Chebyshev(interval.repeat(count, 1), 4) for count in (2, 3)]
    kan = KANNetwork([2, (2, 1), 1], bases, [0.0, -1.0], [1.0, 3.0])
    return glorot(kan, torch.Generator().manual_seed(1))


def half_symbolic() -> MaskedKAN:
    plain = without_mask(network())
    formulas = [
        [
            SymbolicEdge(0, 1, "sin", (2.0, 0.5, 1.5, 0.1), 1.0),
            SymbolicEdge(1, 3, "exp", (-0.5, 0.2, 0.7, -0.3), 1.0),
        ],
        [SymbolicEdge(2, 0, "tanh", (1.1, 0.4, 2.0, 0.2), 1.0)],
    ]
    symbols = [SymbolicEdges(each, plain.kan.center) for each in formulas]
    return MaskedKAN(plain.kan, plain.masks(), plain.inputs, symbols)


def test_an_edge_is_its_formula_and_the_others_stay():
    wired = half_symbolic()
    plain = without_mask(network())
    here = layer_activations(wired, POINTS, wired.trainable())[0]
    there = layer_activations(plain, POINTS, plain.trainable())[0]
    expected = there.edges.clone()
    expected[:, 0, 1] = 1.5 * torch.sin(2 * here.nodes[:, 0] + 0.5) + 0.1
    expected[:, 1, 3] = 0.7 * torch.exp(-0.5 * here.nodes[:, 1] + 0.2) - 0.3
    torch.testing.assert_close(here.edges, expected)
    torch.testing.assert_close(
        layer_activations(wired, POINTS, wired.trainable())[1].sums, wired(POINTS)
    )


def test_jets_go_through_formulas():
    wired = half_symbolic()
    indices = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
    jet = wired.jet(coordinates(POINTS, indices))
    expected = by_autograd(wired, POINTS, set(indices))
    for index, row in zip(indices, jet.values, strict=True):
        torch.testing.assert_close(row, expected[index])


def test_numbers_train_with_the_weights_of_other_edges():
    wired = half_symbolic()
    wired(POINTS).square().sum().backward()
    for formulas in wired.formulas():
        assert bool((formulas.numbers.grad != 0).all())
    held = wired.weights()[0].grad.unflatten(0, (2, -1))
    assert bool((held[0, :, 1] == 0).all())
    assert bool((held[0, :, 0] != 0).any())


def test_a_state_brings_its_formulas_along():
    wired, again = half_symbolic(), without_mask(network())
    again.load_state_dict(wired.state_dict())
    assert torch.equal(again(POINTS), wired(POINTS))
    back = without_mask(network())
    again.load_state_dict(back.state_dict())
    assert torch.equal(again(POINTS), back(POINTS))
    assert not any(len(each) for each in again.formulas())
