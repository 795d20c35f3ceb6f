"""Skeletons of networks, from trees to all edges."""

import itertools

import torch

from pikan.symbolic.topologies import random_topologies, sparse_networks


def test_every_skeleton_leads_from_every_coordinate_to_the_output():
    widths = [3, 3, 2, 2, 1]
    live = [torch.ones(pair, dtype=torch.bool) for pair in itertools.pairwise(widths)]
    masks = random_topologies(live, torch.Generator().manual_seed(0))
    ways = torch.eye(3, dtype=torch.float64).expand(len(masks[0]), 3, 3)
    for mask in masks:
        ways = ways @ mask.amax(dim=2)
    assert bool((ways > 0).all())
    counts = sum(mask.amax(dim=2).sum(dim=(1, 2)) for mask in masks)
    # From trees to all of 9 + 6 + 4 + 2 edges.
    assert float(counts.min()) <= 7
    assert float(counts.max()) == 21


def test_of_sparse_networks_the_best_of_each_number_of_edges_is_kept():
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(200, 2, generator=generator, dtype=torch.float64) - 1
    y = 1 / (1 + (1.1 + 0.9 * x).prod(dim=1))
    live = [torch.ones(pair, dtype=torch.bool) for pair in ((2, 2), (2, 1), (1, 1))]
    found = sparse_networks(live, x, (y - y.mean()) / y.std(), generator)
    edges = [float(each.batch.edges()) for each in found]
    assert sorted(edges) == sorted(set(edges))
    assert min(float(each.left) for each in found) < 1e-5
