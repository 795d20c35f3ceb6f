"""Edits of a network: fewer or more nodes, edges and layers, nothing changed in place."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from pikan.bases.basis import Basis
from pikan.kan.arguments import ModelError
from pikan.network.initialization import noise
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.layer import Edges, Layer, LayerActivations
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.network.width import Width, node_count, sum_count

Nodes = Int[Tensor, " _"]
"""The numbers of some nodes, in increasing order."""


def select_nodes(
    network: KANNetwork, kept: Sequence[Nodes], activations: Sequence[LayerActivations]
) -> KANNetwork:
    """The network with these nodes of every layer alone, the outputs among them.

    What the others gave on the average of the points stays, see `mask_edges`.
    """
    alive = [torch.zeros_like(layer.mask) for layer in network.layers()]
    for each, nodes in zip(alive, kept, strict=False):
        each[nodes] = True
    cut, layers = mask_edges(network, alive, activations), list[Layer]()
    for layer, nodes, into, width in zip(
        cut.layers(), kept, kept[1:], network.widths[1:], strict=False
    ):
        sums = into
        if not isinstance(width, int):
            # The sums that are these nodes, or that they multiply.
            plain, products = into[into < width[0]], into[into >= width[0]] - width[0]
            factors = width[0] + 2 * products.unsqueeze(1) + torch.arange(2, device=into.device)
            sums = torch.cat([plain, factors.flatten()])
        edges = Edges(select(layer.edges.basis, nodes), layer.edges.base)
        weight = layer.weight.unflatten(0, (layer.edges.nodes, -1))[nodes][:, :, sums]
        old_nodes, old_sums = nodes.tolist(), sums.tolist()
        formulas = [
            each._replace(i=old_nodes.index(each.i), j=old_sums.index(each.j))
            for each in layer.symbolic.all()
            if each.i in old_nodes and each.j in old_sums
        ]
        mask = layer.mask[nodes][:, sums]
        layers.append(
            layer.replace(edges=edges, weight=weight.flatten(0, 1), mask=mask, formulas=formulas)
        )
    widths = list[Width]()
    for width, nodes in zip(network.widths, kept, strict=True):
        plain = len(nodes) if isinstance(width, int) else int((nodes < width[0]).sum())
        widths.append((plain, len(nodes) - plain) if len(nodes) > plain else plain)
    return with_layers(cut, layers, widths, [network.inputs[k] for k in kept[0].tolist()])


def mask_edges(
    network: KANNetwork,
    live: Sequence[Bool[Tensor, "_ _"]],
    activations: Sequence[LayerActivations],
) -> KANNetwork:
    """The network with those edges alone that are live here and were before.

    What an edge that is cut gave on the average of the points stays, as part of another edge
    into the same sum where one is left.
    """
    layers = list[Layer]()
    for layer, wanted, at in zip(network.layers(), live, activations, strict=True):
        after = layer.mask & wanted
        lost = (at.edges.mean(dim=0) * (layer.mask & ~after)).sum(dim=0)
        learned = after & ~layer.symbolic.mask(after)
        only = lost * ~learned.any(dim=0)
        # A constant more in each sum, on its first live edge if it has one.
        weight = layer.weight.detach()
        ones = layer.edges.coefficients(torch.ones_like)
        # argmax finds the first of the largest, and the first node where none is live.
        edge = one_hot(learned.long().argmax(dim=0), layer.edges.nodes).mT.to(weight)
        chosen = (edge * learned).unsqueeze(1) * ones.unsqueeze(2)
        layers.append(
            layer.replace(
                weight=weight + (chosen * lost).flatten(0, 1),
                mask=after,
                formulas=_keep_live(layer.symbolic.all(), after, only.tolist()),
            )
        )
    return with_layers(network, layers)


def widen(network: KANNetwork, layer: int, added: int, products: bool, seed: int) -> KANNetwork:
    """More nodes in a hidden layer; what comes out is the same, as nothing comes out of them yet.

    New sums stand after the sums, new products after the products.
    """
    widths = list(network.widths)
    if not 0 < layer < len(widths) - 1:
        raise ModelError(
            f"expand_width: layer_id: got {layer}, needs a hidden layer from 1 to {len(widths) - 2}"
        )
    width = widths[layer]
    before = (width, 0) if isinstance(width, int) else width
    after = (before[0], before[1] + added) if products else (before[0] + added, before[1])
    widths[layer] = after if after[1] else after[0]
    old_nodes = torch.cat([torch.arange(before[0]), torch.arange(before[1]) + after[0]])
    old_sums = torch.cat([torch.arange(before[0]), torch.arange(2 * before[1]) + after[0]])
    # The knots of new nodes are those of the first one: they know nothing of their own yet.
    source = torch.zeros(sum(after), dtype=torch.long)
    source[old_nodes] = torch.arange(sum(before))
    layers = list(network.layers())
    above, below = layers[layer - 1], layers[layer]
    edges = Edges(select(below.edges.basis, source.to(below.weight.device)), below.edges.base)
    empty = above.weight.new_zeros(len(above.weight), sum_count(after))
    lower = Layer(edges, below.weight.new_zeros(edges.nodes * edges.size, below.weight.shape[1]))
    upper = Layer(above.edges, empty)
    drawn = noise(
        with_layers(network, [upper, lower], widths[layer - 1 : layer + 2]),
        torch.Generator().manual_seed(seed),
    )
    incoming = drawn.layers()[0].weight.detach().clone()
    incoming[:, old_sums] = above.weight.detach()
    outgoing = torch.zeros_like(lower.weight)
    by_node = below.weight.detach().unflatten(0, (-1, edges.size))
    outgoing.unflatten(0, (-1, edges.size))[old_nodes] = by_node
    wide, deep = upper.mask.clone(), lower.mask.clone()
    wide[:, old_sums], deep[old_nodes] = above.mask, below.mask
    moved = old_sums.tolist(), old_nodes.tolist()
    layers[layer - 1] = above.replace(
        weight=incoming,
        mask=wide,
        formulas=[each._replace(j=moved[0][each.j]) for each in above.symbolic.all()],
    )
    layers[layer] = below.replace(
        edges=edges,
        weight=outgoing,
        mask=deep,
        formulas=[each._replace(i=moved[1][each.i]) for each in below.symbolic.all()],
    )
    return with_layers(network, layers, widths)


def deepen(network: KANNetwork, values: Float[Tensor, "n m"]) -> KANNetwork:
    """One layer more, of edges from each output to itself that pass on what they get.

    `values` are what comes out so far, for the grid of the new layer.
    """
    count, last = node_count(network.widths[-1]), network.layers()[-1].edges
    nodes = values if network.scaling is None else network.scaling.nodes(values)
    basis = select(last.basis, torch.zeros(count, dtype=torch.long, device=values.device))
    edges = Edges(basis.adapt(nodes), last.base)
    alone = torch.eye(count, dtype=torch.bool, device=values.device)
    identity = edges.coefficients(torch.clone).unsqueeze(2) * alone.unsqueeze(1)
    layer = Layer(edges, identity.flatten(0, 1), alone)
    return with_layers(network, [*network.layers(), layer], [*network.widths, count])


def select(basis: Basis, nodes: Nodes) -> Basis:
    """The same kind of functions for these nodes alone, in this order, some perhaps twice."""
    part = deepcopy(basis)
    part.knots = basis.knots[nodes]
    part.nodes = len(nodes)
    return part


def _keep_live(
    formulas: Sequence[SymbolicEdge], live: Bool[Tensor, "in out"], constants: Sequence[float]
) -> list[SymbolicEdge]:
    """Those formulas on live edges, with a constant more on the first of each sum."""
    left, missing = list[SymbolicEdge](), list(constants)
    for each in formulas:
        if bool(live[each.i, each.j]):
            a, b, c, d = each.numbers
            left.append(each._replace(numbers=(a, b, c, d + missing[each.j])))
            missing[each.j] = 0.0
    return left
