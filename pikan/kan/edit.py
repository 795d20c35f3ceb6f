"""Edits of a network: fewer or more nodes, edges and layers, nothing changed in place."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from pikan.bases.basis import Basis
from pikan.fitting.arguments import ModelError
from pikan.fitting.factory import outputs
from pikan.network.initialization import noise
from pikan.network.kan import KANNetwork, Width, node_count, sum_count
from pikan.network.layer import Edges
from pikan.network.masked_kan import LayerActivations, MaskedKAN, weights_of
from pikan.network.symbolic_edges import SymbolicEdge, SymbolicEdges

Nodes = Int[Tensor, " _"]
"""The numbers of some nodes, in increasing order."""


def select_nodes(
    wired: MaskedKAN, kept: Sequence[Nodes], layers: Sequence[LayerActivations]
) -> MaskedKAN:
    """The network with these nodes of every layer alone, the outputs among them.

    What the others gave on the average of the points stays, see `mask_edges`.
    """
    widths = wired.widths()
    alive = [torch.zeros_like(each) for each in wired.masks()]
    for each, nodes in zip(alive, kept, strict=False):
        each[nodes] = True
    wired = mask_edges(wired, alive, layers)
    smaller = [_selected_width(width, nodes) for width, nodes in zip(widths, kept, strict=True)]
    sums = [_selected_sums(width, nodes) for width, nodes in zip(widths, kept, strict=True)]
    bases = [
        select(edges.basis, nodes) for edges, nodes in zip(wired.kan.edges(), kept, strict=False)
    ]
    kan = _like(wired.kan, smaller, bases)
    parts = zip(wired.kan.edges(), wired.weights(), kept, sums[1:], strict=False)
    weights = [
        weight.detach().unflatten(0, (edges.nodes, -1))[nodes][:, :, into].flatten(0, 1)
        for edges, weight, nodes, into in parts
    ]
    live = [
        each[nodes][:, into]
        for each, nodes, into in zip(wired.masks(), kept, sums[1:], strict=False)
    ]
    symbols = [
        _reindex(each, nodes, into)
        for each, nodes, into in zip(wired.formulas(), kept, sums[1:], strict=False)
    ]
    return MaskedKAN(
        with_weights(kan, weights), live, wired.inputs[kept[0]], symbols, wired.scaling
    )


def mask_edges(
    wired: MaskedKAN, live: Sequence[Bool[Tensor, "_ _"]], layers: Sequence[LayerActivations]
) -> MaskedKAN:
    """The network with those edges alone that are live here and were before.

    What an edge that is cut gave on the average of the points stays, as part of another edge
    into the same sum where one is left.
    """
    both, columns = [old & new for old, new in zip(wired.masks(), live, strict=True)], wired.inputs
    weights, symbols = list[Tensor](), list[SymbolicEdges]()
    layered = zip(wired.kan.edges(), wired.weights(), wired.formulas(), strict=True)
    parts = zip(layered, wired.masks(), both, layers, strict=True)
    for (edges, weight, formulas), before, after, layer in parts:
        lost = (layer.edges.mean(dim=0) * (before & ~after)).sum(dim=0)
        learned = after & ~formulas.mask(after)
        weights.append(_with_constants(edges, weight.detach(), learned, lost))
        only = lost * ~learned.any(dim=0)
        symbols.append(_keep_live(formulas, after, only.tolist()))
    kan = with_weights(deepcopy(wired.kan), weights)
    return MaskedKAN(kan, both, columns.clone(), symbols, wired.scaling)


def widen(wired: MaskedKAN, layer: int, added: int, products: bool, seed: int) -> MaskedKAN:
    """More nodes in a hidden layer; what comes out is the same, as nothing comes out of them yet.

    New sums stand after the sums, new products after the products.
    """
    widths = list(wired.widths())
    if not 0 < layer < len(widths) - 1:
        raise ModelError(
            f"expand_width: layer_id: got {layer}, needs a hidden layer from 1 to {len(widths) - 2}"
        )
    before = _pair(widths[layer])
    after = (before[0], before[1] + added) if products else (before[0] + added, before[1])
    widths[layer] = after if after[1] else after[0]
    bases = [edges.basis for edges in wired.kan.edges()]
    old_nodes = torch.cat([torch.arange(before[0]), torch.arange(before[1]) + after[0]])
    # The knots of new nodes are those of the first one: they know nothing of their own yet.
    source = torch.zeros(sum(after), dtype=torch.long)
    source[old_nodes] = torch.arange(sum(before))
    bases[layer] = select(bases[layer], source.to(wired.inputs.device))
    kan = noise(_like(wired.kan, widths, bases), torch.Generator().manual_seed(seed))
    old_sums = torch.cat([torch.arange(before[0]), torch.arange(2 * before[1]) + after[0]])
    weights = [weight.detach() for weight in wired.weights()]
    drawn = [weight.detach().clone() for weight in weights_of(kan)]
    incoming, outgoing = drawn[layer - 1], torch.zeros_like(drawn[layer])
    incoming[:, old_sums] = weights[layer - 1]
    size = len(outgoing) // sum(after)
    outgoing.unflatten(0, (-1, size))[old_nodes] = weights[layer].unflatten(0, (-1, size))
    weights[layer - 1 : layer + 1] = [incoming, outgoing]
    live = list(wired.masks())
    above, below = live[layer - 1].new_ones(len(live[layer - 1]), sum_count(after)), live[layer]
    above[:, old_sums] = live[layer - 1]
    wide = below.new_ones(sum(after), below.shape[1])
    wide[old_nodes] = below
    live[layer - 1 : layer + 1] = [above, wide]
    symbols = list(wired.formulas())
    symbols[layer - 1] = _renumber(symbols[layer - 1], range(len(above)), old_sums.tolist())
    symbols[layer] = _renumber(symbols[layer], old_nodes.tolist(), range(below.shape[1]))
    return MaskedKAN(with_weights(kan, weights), live, wired.inputs.clone(), symbols, wired.scaling)


def deepen(wired: MaskedKAN, values: Float[Tensor, "n m"]) -> MaskedKAN:
    """One layer more, of edges from each output to itself that pass on what they get.

    `values` are what comes out so far, for the grid of the new layer.
    """
    count, values = outputs(wired.widths()), wired.scaling.nodes(values)
    last = wired.kan.last.basis
    basis = select(last, torch.zeros(count, dtype=torch.long, device=values.device))
    basis = basis.adapt(values)
    bases = [*(edges.basis for edges in wired.kan.edges()), basis]
    kan = _like(wired.kan, [*wired.widths(), count], bases)
    alone = torch.eye(count, dtype=torch.bool, device=values.device)
    same = Edges(basis, kan.last.base).coefficients(torch.clone)
    identity = same.unsqueeze(2) * alone.unsqueeze(1)
    weights = [*(weight.detach() for weight in wired.weights()), identity.flatten(0, 1)]
    symbols = [*wired.formulas(), SymbolicEdges([], kan.center)]
    live = [*wired.masks(), alone]
    return MaskedKAN(with_weights(kan, weights), live, wired.inputs.clone(), symbols, wired.scaling)


def select(basis: Basis, nodes: Nodes) -> Basis:
    """The same kind of functions for these nodes alone, in this order, some perhaps twice."""
    part = deepcopy(basis)
    part.knots = basis.knots[nodes]
    part.nodes = len(nodes)
    return part


def with_weights(kan: KANNetwork, weights: Sequence[Float[Tensor, "_ _"]]) -> KANNetwork:
    """The network with these weights of its layers."""
    copied = deepcopy(kan)
    with torch.no_grad():
        for old, new in zip(weights_of(copied), weights, strict=True):
            old.copy_(new)
    return copied


def _reindex(formulas: SymbolicEdges, nodes: Nodes, sums: Nodes) -> SymbolicEdges:
    """Those formulas from these nodes to these sums, which are then all that there are."""
    old_nodes, old_sums = nodes.tolist(), sums.tolist()
    kept = [
        each._replace(i=old_nodes.index(each.i), j=old_sums.index(each.j))
        for each in formulas.all()
        if each.i in old_nodes and each.j in old_sums
    ]
    return SymbolicEdges(kept, formulas.numbers.detach())


def _renumber(formulas: SymbolicEdges, nodes: Sequence[int], sums: Sequence[int]) -> SymbolicEdges:
    """The formulas where their nodes and sums have got these numbers."""
    moved = [each._replace(i=nodes[each.i], j=sums[each.j]) for each in formulas.all()]
    return SymbolicEdges(moved, formulas.numbers.detach())


def _keep_live(
    formulas: SymbolicEdges, live: Bool[Tensor, "in out"], constants: Sequence[float]
) -> SymbolicEdges:
    """Those formulas on live edges, with a constant more on the first of each sum."""
    left, missing = list[SymbolicEdge](), list(constants)
    for each in formulas.all():
        if bool(live[each.i, each.j]):
            a, b, c, d = each.numbers
            left.append(each._replace(numbers=(a, b, c, d + missing[each.j])))
            missing[each.j] = 0.0
    return SymbolicEdges(left, formulas.numbers.detach())


def _like(kan: KANNetwork, widths: Sequence[Width], bases: Sequence[Basis]) -> KANNetwork:
    """A network of zeros with the base function, the precision and the place of another."""
    size = node_count(widths[0])
    made = KANNetwork(widths, bases, [-1.0] * size, [1.0] * size, base=kan.last.base)
    return made.to(kan.center)


def _pair(width: Width) -> tuple[int, int]:
    return (width, 0) if isinstance(width, int) else width


def _selected_width(width: Width, nodes: Nodes) -> Width:
    if isinstance(width, int):
        return len(nodes)
    sums = int((nodes < width[0]).sum())
    return (sums, len(nodes) - sums) if len(nodes) > sums else sums


def _selected_sums(width: Width, nodes: Nodes) -> Nodes:
    """The sums that are these nodes, or that they multiply."""
    if isinstance(width, int):
        return nodes
    plain, products = nodes[nodes < width[0]], nodes[nodes >= width[0]] - width[0]
    factors = width[0] + 2 * products.unsqueeze(1) + torch.arange(2, device=nodes.device)
    return torch.cat([plain, factors.flatten()])


def _with_constants(
    edges: Edges,
    weight: Float[Tensor, "_ out"],
    live: Bool[Tensor, "in out"],
    constants: Float[Tensor, " out"],
) -> Float[Tensor, "_ out"]:
    """The weights with a constant more in each sum, on its first live edge if it has one."""
    ones = edges.coefficients(torch.ones_like)
    # argmax finds the first of the largest, and the first node where none is live.
    first = one_hot(live.long().argmax(dim=0), edges.nodes).mT.to(weight)
    chosen = (first * live).unsqueeze(1) * ones.unsqueeze(2)
    return weight + (chosen * constants).flatten(0, 1)
