import pytest
import torch

import pikan
from pikan.kan.attribution import edge_measures, spread


def layers(model, x):
    with torch.no_grad():
        return model.network.activations(x)


@pytest.fixture
def x():
    return torch.rand(50, 2, generator=torch.Generator().manual_seed(0))


def test_a_single_layer_scores_by_the_spread_of_each_edge(x):
    model = pikan.KAN([2, 2])
    (layer,), scores = layers(model, x), model.attribute(x=x)
    shares = layer.edges.std(dim=0) / (layer.sums.std(dim=0) + 1e-4)
    torch.testing.assert_close(scores.edges[0], shares / 2)
    torch.testing.assert_close(scores.nodes[0], shares.mean(dim=1))


def test_both_factors_of_a_product_get_its_score(x):
    scores = pikan.KAN([2, [1, 1], 1]).attribute(x=x)
    assert torch.equal(scores.sums[0], scores.nodes[1][[0, 1, 1]])


def test_a_node_scores_what_its_edges_do(x):
    scores = pikan.KAN([2, 3, 1]).attribute(x=x)
    for nodes, edges in zip(scores.nodes, scores.edges, strict=False):
        torch.testing.assert_close(nodes, edges.sum(dim=1))


def test_what_an_input_is_worth_to_one_node(x):
    model = pikan.KAN([2, 3, 1])
    whole, one = model.attribute(x=x), model.attribute(1, 2, x)
    torch.testing.assert_close(one.nodes[0], whole.edges[0][:, 2])


def test_the_measures_of_an_edge_are_those_of_pykan(x):
    model = pikan.KAN([2, 3, 1])
    here = layers(model, x)
    spreads = here[0].edges.std(dim=0)
    torch.testing.assert_close(edge_measures("forward_u", here, model.network.widths)[0], spreads)
    ratio = spreads / (x.std(dim=0) + 0.1).unsqueeze(1)
    torch.testing.assert_close(edge_measures("forward_n", here, model.network.widths)[0], ratio)


def test_a_spread_of_nothing_has_a_gradient():
    values = torch.zeros(4, 2, requires_grad=True)
    spread(values).sum().backward()
    assert bool((values.grad == 0).all())
