"""Pruning: a network without the nodes, inputs and edges that matter little."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pikan.kan.arguments import ModelError, number
from pikan.kan.attribution import attribution
from pikan.kan.edit import mask_edges, select_nodes
from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations
from pikan.network.width import node_count


def prune_nodes(
    network: KANNetwork,
    layers: Sequence[LayerActivations],
    threshold: float,
    named: Sequence[Sequence[int]] | None,
) -> KANNetwork:
    """The network without the hidden nodes that score no more than this, or that are not named."""
    number("prune_node", "threshold", threshold)
    counts = [node_count(width) for width in network.widths]
    if named is None:
        scores = attribution(layers, network.widths).nodes[1:-1]
        hidden = [torch.nonzero(score > threshold)[:, 0] for score in scores]
    else:
        hidden = _named_nodes("prune_node", named, counts[1:-1])
    for layer, nodes in enumerate(hidden, start=1):
        if len(nodes) == 0:
            raise ModelError(
                f"prune_node: no node of layer {layer} scores above {threshold}; lower that"
            )
    kept = [torch.arange(counts[0]), *hidden, torch.arange(counts[-1])]
    return _subnetwork(network, layers, kept)


def prune_edges(
    network: KANNetwork, layers: Sequence[LayerActivations], threshold: float
) -> KANNetwork:
    """The network without the edges that score no more than this."""
    number("prune_edge", "threshold", threshold)
    live = [score > threshold for score in attribution(layers, network.widths).edges]
    if not all(bool(each.any()) for each in live):
        raise ModelError(
            f"prune_edge: a layer has no edge that scores above {threshold}; lower that"
        )
    return mask_edges(network, live, layers)


def prune_inputs(
    network: KANNetwork,
    layers: Sequence[LayerActivations],
    threshold: float,
    named: Sequence[int] | None,
) -> KANNetwork:
    """The network without the inputs that score no more than this, or that are not named."""
    number("prune_input", "threshold", threshold)
    counts = [node_count(width) for width in network.widths]
    if named is None:
        scores = attribution(layers, network.widths).nodes[0]
        kept = torch.nonzero(scores > threshold)[:, 0]
    else:
        (kept,) = _named_nodes("prune_input", [named], counts[:1])
    if len(kept) == 0:
        raise ModelError(f"prune_input: no input scores above {threshold}; lower the threshold")
    return _subnetwork(network, layers, [kept, *map(torch.arange, counts[1:])])


def _subnetwork(
    network: KANNetwork, layers: Sequence[LayerActivations], kept: Sequence[Tensor]
) -> KANNetwork:
    return select_nodes(network, [each.to(network.center.device) for each in kept], layers)


def _named_nodes(call: str, given: Sequence[Sequence[int]], counts: Sequence[int]) -> list[Tensor]:
    """The nodes named of each layer, in increasing order; ModelError where there are none such."""
    if len(given) != len(counts):
        raise ModelError(f"{call}: got nodes of {len(given)} layers, needs {len(counts)}")
    for nodes, count in zip(given, counts, strict=True):
        if len(nodes) == 0 or not all(0 <= node < count for node in nodes):
            raise ModelError(f"{call}: got {list(nodes)}, needs some of 0 to {count - 1}")
    return [torch.tensor(sorted(set(nodes))) for nodes in given]
