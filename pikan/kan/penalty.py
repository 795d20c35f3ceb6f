"""Sparsity penalty on the edges of a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.kan.attribution import edge_measures
from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations

MEASURES = {
    "edge_forward_spline_n": "forward_n",
    "edge_forward_sum": "forward_n",
    "edge_forward_spline_u": "forward_u",
    "edge_backward": "backward",
}
"""The measures of an edge by pykan's names for them in `fit`."""

# Sizes of edges below this count by their squares: at a kink, where edges end up, L-BFGS stops.
_SOFT = 0.03


@final
@dataclass(frozen=True)
class Penalty:
    """`strength` times the sum of four terms, each with its own weight."""

    strength: float = 0.0
    l1: float = 1.0
    entropy: float = 2.0
    coef: float = 0.0
    coefdiff: float = 0.0
    measure: str = "forward_n"


def penalty(
    rules: Penalty, network: KANNetwork, passages: Sequence[LayerActivations]
) -> Float[Tensor, ""]:
    """The terms without `strength`: sizes and entropy of edges, sizes and steps of coefficients.

    The size of an edge is 0 for the zero function. Entropy is lowest where each node has one edge
    in and one out.

    Source: Liu et al. 2024, arXiv 2404.19756, Section 2.5.1, Eqs. (2.17) to (2.20); entropy by
    rows and by columns, with one added to their sums, as in pykan 0.2.8.
    """
    # With a rounded corner at zero: s²/(2ε) near it, s - ε far from it.
    measures = edge_measures(rules.measure, passages, network.widths)
    sizes = [(size.square() + _SOFT**2).sqrt() - _SOFT for size in measures]
    total = network.center.new_zeros(())
    for size in sizes:
        total = total + rules.l1 * size.sum() + rules.entropy * (_entropy(size) + _entropy(size.mT))
    if rules.coef or rules.coefdiff:
        for layer in network.layers():
            edges = layer.edges
            by_node = layer.weight.unflatten(0, (edges.nodes, -1))[:, : edges.basis.size]
            wanted = by_node.mT[layer.learned_mask()]
            total = total + rules.coef * wanted.abs().mean(dim=-1).sum()
            total = total + rules.coefdiff * wanted.diff(dim=-1).abs().mean(dim=-1).sum()
    return total


def _entropy(sizes: Float[Tensor, "_ _"]) -> Float[Tensor, ""]:
    """The mean entropy [bit] of each column's sizes."""
    shares = sizes / (sizes.sum(dim=0, keepdim=True) + 1)
    return -(shares * torch.log2(shares + 1e-4)).sum(dim=0).mean()
