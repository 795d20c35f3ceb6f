"""Skeletons of networks, from trees to all edges."""

import itertools

import torch

from pikan.model.skeletons import skeletons


def test_every_skeleton_leads_from_every_coordinate_to_the_output():
    widths = [3, 3, 2, 2, 1]
    live = [torch.ones(pair, dtype=torch.bool) for pair in itertools.pairwise(widths)]
    masks = skeletons(live, torch.Generator().manual_seed(0))
    ways = torch.eye(3, dtype=torch.float64).expand(len(masks[0]), 3, 3)
    for mask in masks:
        ways = ways @ mask.amax(dim=2)
    assert bool((ways > 0).all())
    counts = sum(mask.amax(dim=2).sum(dim=(1, 2)) for mask in masks)
    # From trees to all of 9 + 6 + 4 + 2 edges.
    assert float(counts.min()) <= 7
    assert float(counts.max()) == 21
