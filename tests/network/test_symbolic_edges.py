"""Edges that hold a formula are that function, in all derivatives."""

import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.jets.jet import coordinates
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.nested_autograd import partials as by_autograd
from pikan.network.symbolic_edges import SymbolicEdge

POINTS = torch.rand(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def network() -> KANNetwork:
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [Chebyshev(interval.repeat(count, 1), 4) for count in (2, 3)]
    kan = KANNetwork([2, (2, 1), 1], bases, [0.0, -1.0], [1.0, 3.0])
    return glorot(kan, torch.Generator().manual_seed(1))


def half_symbolic() -> KANNetwork:
    plain = network()
    formulas = [
        [
            SymbolicEdge(0, 1, "sin", (2.0, 0.5, 1.5, 0.1), 1.0),
            SymbolicEdge(1, 3, "exp", (-0.5, 0.2, 0.7, -0.3), 1.0),
        ],
        [SymbolicEdge(2, 0, "tanh", (1.1, 0.4, 2.0, 0.2), 1.0)],
    ]
    pairs = zip(plain.layers(), formulas, strict=True)
    return with_layers(plain, [layer.replace(formulas=each) for layer, each in pairs])


def test_an_edge_is_its_formula_and_the_others_stay():
    symbolic, plain = half_symbolic(), network()
    here, there = symbolic.activations(POINTS)[0], plain.activations(POINTS)[0]
    expected = there.edges.clone()
    expected[:, 0, 1] = 1.5 * torch.sin(2 * here.nodes[:, 0] + 0.5) + 0.1
    expected[:, 1, 3] = 0.7 * torch.exp(-0.5 * here.nodes[:, 1] + 0.2) - 0.3
    torch.testing.assert_close(here.edges, expected)
    torch.testing.assert_close(symbolic.activations(POINTS)[1].sums, symbolic(POINTS))


def test_jets_go_through_formulas():
    symbolic = half_symbolic()
    indices = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
    jet = symbolic.jet(coordinates(POINTS, indices))
    expected = by_autograd(symbolic, POINTS, set(indices))
    for index, row in zip(indices, jet.values, strict=True):
        torch.testing.assert_close(row, expected[index])


def test_numbers_train_with_the_weights_of_other_edges():
    symbolic = half_symbolic()
    symbolic(POINTS).square().sum().backward()
    for layer in symbolic.layers():
        assert bool((layer.symbolic.numbers.grad != 0).all())
    held = symbolic.layers()[0].weight.grad.unflatten(0, (2, -1))
    assert bool((held[0, :, 1] == 0).all())
    assert bool((held[0, :, 0] != 0).any())


def test_a_state_brings_its_formulas_along():
    symbolic, again = half_symbolic(), network()
    again.load_state_dict(symbolic.state_dict())
    assert torch.equal(again(POINTS), symbolic(POINTS))
    back = network()
    again.load_state_dict(back.state_dict())
    assert torch.equal(again(POINTS), back(POINTS))
    assert not any(len(layer.symbolic) for layer in again.layers())
