"""Attribution: the share of the outputs' spread that comes by way of each node and edge."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.kan.arguments import ModelError, whole
from pikan.network.layer import LayerActivations
from pikan.network.width import Width

# Added to a spread that is divided by, which may be zero: pykan 0.2.8's numbers.
_SLIGHT, _NARROW = 1e-4, 0.1


class Scores(NamedTuple):
    """The shares of the outputs' spread that come by way of each node, sum and edge.

    `nodes` begins with the inputs and ends with the outputs; of layer l there are `sums[l]`,
    which products of the next nodes are made of, and `edges[l][i, j]` from node i to sum j.
    """

    nodes: tuple[Float[Tensor, " _"], ...]
    sums: tuple[Float[Tensor, " _"], ...]
    edges: tuple[Float[Tensor, "_ _"], ...]


def scores(
    passages: Sequence[LayerActivations], widths: Sequence[Width], outputs: Float[Tensor, "k out"]
) -> Scores:
    """The scores with respect to weighted outputs, one row of weights each, averaged over rows.

    B_(l,j) of an output is one; from there down, an edge gets E_(l,i,j) / N_(l,j) of what its sum
    has and a node what its edges have, for E and N the standard deviations of what an edge and
    a sum give. Both factors of a product get all that it has.

    Source: Liu et al. 2024, arXiv 2408.10205, Section 4.1, Eq. (13).
    """
    nodes, sums, edges = [outputs], list[Tensor](), list[Tensor]()
    for passage, width in zip(reversed(passages), reversed(widths[1:]), strict=True):
        made = nodes[-1]
        if not isinstance(width, int):
            # A product has two sums.
            products = made[:, width[0] :].repeat_interleave(2, dim=1)
            made = torch.cat([made[:, : width[0]], products], dim=1)
        sums.append(made)
        shares = spread(passage.edges) / (spread(passage.sums) + _SLIGHT)
        edges.append(torch.einsum("io,ko->kio", shares, sums[-1]))
        nodes.append(edges[-1].sum(dim=2))
    means = [tuple(each.mean(dim=0) for each in reversed(kind)) for kind in (nodes, sums, edges)]
    return Scores(*means)


def spread(values: Float[Tensor, " n *_"]) -> Float[Tensor, "*_"]:
    """The standard deviation over the points; zero for a single one, with a gradient everywhere."""
    centered = values - values.mean(dim=0)
    square = centered.square().sum(dim=0) / max(len(values) - 1, 1)
    # The square root has no slope at zero, where cut edges are.
    still = square == 0
    return torch.where(still, 0, torch.where(still, 1, square).sqrt())


def edge_measures(
    metric: str, passages: Sequence[LayerActivations], widths: Sequence[Width]
) -> tuple[Float[Tensor, "_ _"], ...]:
    """How large each edge is, by one of pykan's measures: see `METRICS`."""
    if metric == "backward":
        size = passages[-1].sums.shape[1]
        return scores(passages, widths, _each_output(passages, widths[-1], size)).edges
    spreads = tuple(spread(passage.edges) for passage in passages)
    if metric == "forward_u":
        return spreads
    return tuple(
        out / (spread(passage.nodes) + _NARROW).unsqueeze(1)
        for out, passage in zip(spreads, passages, strict=True)
    )


METRICS = {
    "backward": "its share in what comes out",
    "forward_n": "the spread of what it gives, over that of what it gets",
    "forward_u": "the spread of what it gives",
}
"""The measures of an edge, in pykan's names."""


def attribution(
    passages: Sequence[LayerActivations],
    widths: Sequence[Width],
    layer: int | None = None,
    node: int | None = None,
) -> Scores:
    """The scores with respect to all outputs alike, or to nodes of a layer by their own scores."""
    size = passages[-1].sums.shape[1]
    full = scores(passages, widths, _each_output(passages, widths[-1], size))
    if layer is None:
        return full
    if not 0 < whole("attribute", "l", layer, 0) < len(widths):
        raise ModelError(f"attribute: l: got {layer}, needs a layer from 1 to {len(widths) - 1}")
    below = torch.diag(full.nodes[layer])
    if node is not None:
        if whole("attribute", "i", node, 0) >= len(below):
            raise ModelError(f"attribute: i: got {node}, needs a node from 0 to {len(below) - 1}")
        below = below[node : node + 1]
    return scores(passages[:layer], widths[: layer + 1], below)


def _each_output(
    passages: Sequence[LayerActivations], last: Width, sums: int
) -> Float[Tensor, "k out"]:
    count = sums if isinstance(last, int) else sum(last)
    like = passages[-1].sums
    return torch.eye(count, dtype=like.dtype, device=like.device)
