"""Many networks of polynomials are fitted at once as each would be alone."""

from itertools import pairwise

import torch

from pikan.symbolic.batched_kan import (
    _apply_step,
    _jacobian,
    _passes,
    _rescale,
    fit_batch,
    raise_degree,
    random_batch,
)

X = 2 * torch.rand(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
WIDTHS = (2, 3, 2, 1)


def batch(count=4, degree=4):
    pairs = pairwise(WIDTHS)
    masks = [torch.ones(count, before, degree, after).double() for before, after in pairs]
    masks[0][0, 1, :, 2] = 0
    return random_batch(masks, X, torch.Generator().manual_seed(1))


def values(networks):
    return _passes(networks, X)[-1].sums[..., 0]


def test_every_node_starts_from_minus_one_to_one():
    for layer in _passes(batch(), X):
        torch.testing.assert_close(layer.sums.amax(dim=1), torch.ones_like(layer.sums[:, 0]))
        torch.testing.assert_close(layer.sums.amin(dim=1), -torch.ones_like(layer.sums[:, 0]))


def test_the_jacobian_is_that_of_small_steps():
    networks = batch()
    slopes = _jacobian(networks, _passes(networks, X))
    direction = torch.randn(len(networks), slopes.shape[2], dtype=torch.float64) * 1e-6
    masks = [torch.cat([m.flatten(1), torch.ones(4, m.shape[3])], dim=1) for m in networks.masks]
    direction = direction * torch.cat(masks, dim=1)
    ahead, back = (values(_apply_step(networks, sign * direction)) for sign in (-1, 1))
    expected = (slopes @ direction.unsqueeze(2)).squeeze(2)
    torch.testing.assert_close((ahead - back) / 2, expected, rtol=1e-6, atol=1e-12)


def test_scaling_and_higher_degrees_change_no_function():
    networks = batch()
    moved = _apply_step(
        networks, torch.full_like(_jacobian(networks, _passes(networks, X))[:, 0], 0.01)
    )
    before = values(moved)
    scaled = _rescale(moved, _passes(moved, X))
    torch.testing.assert_close(values(scaled), before, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(values(raise_degree(scaled, 9)), before, rtol=1e-12, atol=1e-12)


def test_a_fit_from_many_starts_finds_a_network_and_keeps_cut_edges_cut():
    y = torch.exp(torch.sin(2 * X[:, 0]) * X[:, 1])
    found = fit_batch(batch(count=12, degree=5), X, y, 40)
    best = found.best()
    assert float(best.left) < 2e-3
    assert bool((found.batch.weights[0] * (1 - found.batch.masks[0]) == 0).all())
    torch.testing.assert_close(
        (values(best.batch)[0] - y).square().mean().sqrt(), best.left[0], rtol=1e-6, atol=1e-9
    )
