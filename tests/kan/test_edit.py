"""What changes a model gives another, and keeps what it promises."""

import pytest
import torch

import pikan


def points(count: int = 40, inputs: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.rand(count, inputs, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize("width", [[2, 3, 1], [2, [2, 2], [1, 1], 2]])
def test_finer_grids_are_the_same_function(width):
    model, x = pikan.KAN(width), points()
    finer = model.refine(12)
    assert (model.grid, finer.grid) == (5, 12)
    torch.testing.assert_close(finer(x), model(x))


def test_higher_degrees_are_the_same_function():
    model, x = pikan.KAN([2, 3, 1], k=4, basis="chebyshev"), points()
    torch.testing.assert_close(model.refine(k=9)(x), model(x))


@pytest.mark.parametrize("sums", [True, False])
def test_more_nodes_are_the_same_function_that_can_learn_more(sums):
    model, x = pikan.KAN([2, [2, 1], 3, 1]), points()
    model = model.prune_edge(0.02, x=x)
    more = model.expand_width(1, 2, sum_bool=sums)
    assert more.width == [2, [4, 1] if sums else [2, 3], 3, 1]
    torch.testing.assert_close(more(x), model(x))
    more(x).sum().backward()
    weight = more.network.layers()[1].weight
    assert int((weight.grad.unflatten(0, (5, -1)).abs().sum(dim=(1, 2)) > 0).sum()) == 5
    assert more.n_edge > model.n_edge


def test_one_layer_more_is_the_same_function():
    model, x = pikan.KAN([2, 3, 2]), points()
    model = model.update_grid_from_samples(x)
    deeper = model.expand_depth()
    assert deeper.width == [2, 3, 2, 2]
    torch.testing.assert_close(deeper(x), model(x))


def test_grids_follow_the_points():
    model = pikan.KAN([2, 1])
    x = 3 + points()
    moved = model.update_grid_from_samples(x)
    knots = moved.network.layers()[0].edges.basis.knots
    torch.testing.assert_close(knots[:, [0, -1]], torch.stack([x.amin(0), x.amax(0)], dim=1))
    assert float(model.network.layers()[0].edges.basis.knots.max()) == 1.0


def test_pruning_leaves_the_nodes_that_matter_and_hardly_changes_the_values(sparse, dataset):
    x = dataset["test_input"]
    smaller = sparse.prune()
    assert sparse.width == [2, 3, 1]
    assert sum(p.numel() for p in smaller.parameters()) < sum(
        p.numel() for p in sparse.parameters()
    )
    with torch.no_grad():
        away = (smaller(x) - sparse(x)).square().mean().sqrt() / sparse(x).std()
    assert float(away) < 0.05


def test_an_edge_that_is_cut_leaves_its_mean():
    model, x = pikan.KAN([2, 3, 1]), points(200)
    model = model.update_grid_from_samples(x)
    without = model.remove_edge(0, 0, 1)
    assert (model.n_edge, without.n_edge) == (9, 8)
    before, after = model.get_act(x)[0], without.get_act(x)[0]
    assert bool((after.edges[:, 0, 1] == 0).all())
    torch.testing.assert_close(after.sums.mean(dim=0), before.sums.mean(dim=0))
    torch.testing.assert_close(after.sums[:, [0, 2]], before.sums[:, [0, 2]])


def test_nodes_can_be_named_and_products_go_with_their_factors():
    model, x = pikan.KAN([2, [2, 2], 1]), points()
    kept = model.prune_node(active_neurons_id=[[0, 3]], x=x)
    assert kept.width == [2, [1, 1], 1]
    old, new = model.get_act(x)[0], kept.get_act(x)[0]
    torch.testing.assert_close(new.sums, old.sums[:, [0, 4, 5]])


def test_inputs_that_do_not_matter_can_be_left_out():
    model, x = pikan.KAN([3, 2, 1]), points(inputs=3)
    model = model.prune_edge(-1.0, x=x)
    for j in (0, 1):
        model = model.remove_edge(0, 1, j)
    without = model.prune_input(x=x)
    assert without.width == [2, 2, 1]
    torch.testing.assert_close(without(x), model(x))
    changed = x.clone()
    changed[:, 1] = 7.0
    assert torch.equal(without(changed), without(x))
    assert pikan.KAN([3, 2, 1]).prune_input(active_inputs=[0, 2]).width == [2, 2, 1]
