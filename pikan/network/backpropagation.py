"""Backpropagation by hand: what a KAN gives, and its derivatives by the parameters.

By the chain rule layer by layer, for partial derivatives as for values; of values alone several
times as quick as autograd on small networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.piecewise import Pieces
from pikan.jets.jet import ChainRule, Jet, bell, chain_rule
from pikan.jets.kernels import composition, toward_inner, transposed_product
from pikan.network.kan import FirstFunctions, KANNetwork, product_nodes
from pikan.network.layer import Layer
from pikan.network.parameters import parameter_slices

Toward = Float[Tensor, "k _ a n"]
"""The gradients of k numbers at each point with respect to jets there, the points last."""


class FixedLayer(NamedTuple):
    """What is the same in a layer under all weights, and the names of its parameters.

    `counting` is 1 on edges that are learned and 0 on others; `pieces` are what functions are made
    of where sums are quicker from that, else None.
    """

    layer: Layer
    pieces: Pieces | None
    counting: Float[Tensor, "in 1 out"]
    weight: str
    numbers: str


@final
@dataclass(frozen=True)
class FixedPart:
    """What is the same under all θ at some points: all of the first layer but its sums.

    `parameters` says where in θ each parameter is, by name.
    """

    network: KANNetwork
    parameters: Mapping[str, slice]
    layers: tuple[FixedLayer, ...]
    rule: ChainRule
    nodes: Float[Tensor, " a in n"]
    functions: Float[Tensor, "in b a n"]


class LayerEvaluation(NamedTuple):
    """One layer at n points: its weights, what enters, the functions of it, and their sums.

    `rows` are those of the pieces, or where there are none the functions' jets. `derivatives` are
    what these are made of, from the values on, None in the first layer, where nobody asks for them.
    `by_numbers` are the formulas' with respect to their `numbers`, None where there are none.
    """

    weight: Float[Tensor, "in b out"]
    numbers: Float[Tensor, "_ 4"]
    nodes: Float[Tensor, " a in n"]
    rows: Float[Tensor, "in q a n"]
    derivatives: Float[Tensor, "k in q n"] | None
    by_numbers: Float[Tensor, "_ 4 n"] | None
    sums: Float[Tensor, "out a n"]


class NetworkEvaluation(NamedTuple):
    """All layers under some θ, and the last nodes, before they are scaled."""

    fixed: FixedPart
    layers: tuple[LayerEvaluation, ...]
    last: Jet


def fixed_part(network: KANNetwork, first: FirstFunctions) -> FixedPart:
    """The points on their way into a network, on the grid that it has now."""
    values_alone = len(first.nodes.indices) == 1
    if not values_alone and any(len(layer.symbolic) for layer in network.layers()):
        raise ValueError("backpropagation of partial derivatives knows no formulas on edges")
    layers = list[FixedLayer]()
    with torch.no_grad():
        for number, layer in enumerate(network.layers()):
            few = layer.edges.pieces(layer.weight.shape[1]) if number and values_alone else None
            counting = layer.learned_mask().unsqueeze(1).to(layer.weight)
            name = f"edge_layers.{number}."
            names = f"{name}weight", f"{name}symbolic.numbers"
            layers.append(FixedLayer(layer, few, counting, *names))
        functions = first.functions.values.permute(2, 0, 1).contiguous()
    by_node = functions.unflatten(0, (network.layers()[0].edges.nodes, -1))
    rule, nodes = chain_rule(first.nodes.indices), first.nodes.values.mT
    return FixedPart(network, parameter_slices(network), tuple(layers), rule, nodes, by_node)


@torch.no_grad()
def evaluate(fixed: FixedPart, theta: Float[Tensor, " p"]) -> NetworkEvaluation:
    """The way through all layers, under parameters in the order of `parameter_vector`."""
    theta, order = theta.detach(), len(fixed.rule.starts) - 1
    layers, last = list[LayerEvaluation](), _jet(fixed, fixed.nodes.transpose(0, 1))
    for number, (layer, pieces, counting, weight_name, numbers_name) in enumerate(fixed.layers):
        edges, symbolic, nodes = layer.edges, layer.symbolic, last.values.mT
        place = fixed.parameters.get(weight_name)
        weight = layer.weight.detach() if place is None else theta[place]
        weight = weight.view(edges.nodes, -1, counting.shape[2]) * counting
        place = fixed.parameters.get(numbers_name)
        numbers = symbolic.numbers.detach() if place is None else theta[place].view(-1, 4)
        derivatives, on_rows = None, weight
        if not number:
            rows = fixed.functions
        elif pieces is not None:
            powers = pieces.rows(nodes[0])
            derivatives, rows = powers.expand(2, -1, -1, -1), powers.unsqueeze(2)
            on_rows = pieces.values @ weight
        else:
            derivatives = edges.evaluate(nodes[0], order + 1)
            rows = composition(derivatives[:-1], bell(fixed.rule, nodes))
        sums = on_rows.flatten(0, 1).mT @ rows.flatten(2).flatten(0, 1)
        by_numbers = None
        if len(symbolic):
            given, by_numbers = symbolic.evaluate(nodes[0].mT, numbers)
            sums = sums.index_add(0, symbolic.places[:, 1], given.mT)
            by_numbers = by_numbers.movedim(0, 2)
        sums = sums.unflatten(1, rows.shape[2:])
        made = LayerEvaluation(weight, numbers, nodes, rows, derivatives, by_numbers, sums)
        layers.append(made)
        last = fixed.network.next_nodes(_jet(fixed, sums), number)
    return NetworkEvaluation(fixed, tuple(layers), last)


def gradient(evaluation: NetworkEvaluation, toward: Float[Tensor, "a n m"]) -> Float[Tensor, " p"]:
    """The gradient of a function of the last nodes, from its gradient with respect to these."""
    found = dict[str, Tensor]()
    slopes = _toward_sums(evaluation, toward.permute(2, 0, 1).unsqueeze(0))
    for fixed, layer, (slope,) in zip(
        evaluation.fixed.layers, evaluation.layers, slopes, strict=True
    ):
        total = layer.rows.flatten(2) @ slope.flatten(1).mT
        found[fixed.weight] = (_of_functions(fixed, total) * fixed.counting).flatten()
        if layer.by_numbers is not None:
            on_sums = slope[fixed.layer.symbolic.places[:, 1]]
            found[fixed.numbers] = torch.linalg.vecdot(layer.by_numbers, on_sums).flatten()
    return torch.cat([found[name] for name in evaluation.fixed.parameters])


def jacobian(evaluation: NetworkEvaluation, toward: Toward) -> Float[Tensor, "n k p"]:
    """The derivatives of k numbers at each point, from those with respect to the last nodes.

    In memory the points come last.
    """
    found = dict[str, Tensor]()
    slopes = _toward_sums(evaluation, toward)
    for fixed, layer, slope in zip(evaluation.fixed.layers, evaluation.layers, slopes, strict=True):
        rows = _of_functions(fixed, layer.rows.flatten(2)).unflatten(2, layer.rows.shape[2:])
        first, *others = zip(
            rows.unsqueeze(2).unbind(3), slope[:, None, None].unbind(4), strict=True
        )
        on_edges = first[0] * first[1]
        for row, by_partial in others:
            on_edges.addcmul_(row, by_partial)
        if not fixed.layer.plain:
            on_edges *= fixed.counting.unsqueeze(3)
        found[fixed.weight] = on_edges.flatten(1, 3)
        if layer.by_numbers is not None:
            on_sums = slope[:, fixed.layer.symbolic.places[:, 1]]
            found[fixed.numbers] = (layer.by_numbers * on_sums).flatten(1, 2)
    columns = [found[name] for name in evaluation.fixed.parameters]
    return torch.cat(columns, dim=1).permute(2, 0, 1)


def column_lengths(evaluation: NetworkEvaluation, shortest: float) -> Float[Tensor, " p"]:
    """The lengths of the columns of the values' Jacobian over √n, none much below the longest.

    Their squares are a diagonal first guess of the Hessian of a mean square. `shortest` is the
    least of them in parts of the longest.
    """
    found = dict[str, Tensor]()
    slopes = _toward_sums(evaluation, each_node(evaluation))
    for fixed, layer, slope in zip(evaluation.fixed.layers, evaluation.layers, slopes, strict=True):
        squares = slope.square().sum(dim=0)
        functions = _of_functions(fixed, layer.rows.flatten(2)).square()
        total = functions @ squares.flatten(1).mT
        found[fixed.weight] = (total * fixed.counting).flatten()
        if layer.by_numbers is not None:
            on_sums = squares[fixed.layer.symbolic.places[:, 1]]
            square = layer.by_numbers.square()
            found[fixed.numbers] = torch.linalg.vecdot(square, on_sums).flatten()
    total = torch.cat([found[name] for name in evaluation.fixed.parameters])
    sizes = (total / evaluation.last.values.shape[1]).sqrt()
    longest = float(sizes.max())
    if not 0.0 < longest < inf:
        return torch.ones_like(sizes)
    return sizes.clamp_min(shortest * longest)


def sensitivity(evaluation: NetworkEvaluation) -> tuple[Float[Tensor, "n _"], ...]:
    """For each layer how far the last nodes move at each point as one of its sums does."""
    slopes = _toward_sums(evaluation, each_node(evaluation))
    return tuple(slope[:, :, 0].square().sum(dim=0).sqrt().mT for slope in slopes)


def each_node(evaluation: NetworkEvaluation) -> Toward:
    """For each last node its gradient with respect to the last nodes, where these are values."""
    _, count, outputs = evaluation.last.values.shape
    every = torch.eye(outputs).to(evaluation.last.values)
    return every[:, :, None, None].expand(-1, -1, 1, count)


def _of_functions(fixed: FixedLayer, sums: Float[Tensor, "in q _"]) -> Float[Tensor, "in b _"]:
    """From sums over rows to the same over functions."""
    return sums if fixed.pieces is None else fixed.pieces.values.mT @ sums


def _toward_sums(evaluation: NetworkEvaluation, toward: Toward) -> list[Toward]:
    """The gradients of some numbers with respect to the sums of each layer, first to last."""
    found, fixed = list[Toward](), evaluation.fixed
    for number, layer in reversed(list(enumerate(evaluation.layers))):
        toward = _through_nodes(fixed, number, layer.sums, toward)
        found.insert(0, toward)
        if layer.derivatives is not None:
            toward = _through_edges(fixed, number, layer, toward)
    return found


def _through_edges(fixed: FixedPart, number: int, layer: LayerEvaluation, toward: Toward) -> Toward:
    """From the sums of a layer to the nodes that enter it."""
    assert layer.derivatives is not None
    pieces, weight = fixed.layers[number].pieces, layer.weight
    on_rows = weight if pieces is None else pieces.slopes @ weight
    narrow = on_rows.shape[2] < on_rows.shape[1]
    if len(fixed.rule.indices) > 1:
        polynomials = bell(fixed.rule, layer.nodes)
        known = weight.mT @ layer.derivatives if narrow else layer.derivatives
        made = list[Tensor]()
        for each in toward:
            on = each.unsqueeze(0)
            if not narrow:
                on = (weight.flatten(0, 1) @ each.flatten(1)).view(
                    *weight.shape[:2], *each.shape[1:]
                )
            made.append(toward_inner(on, known, layer.nodes, polynomials, fixed.rule))
        return torch.stack(made).transpose(1, 2)
    slopes, on_sums = layer.derivatives[1], toward[:, :, 0]
    if narrow:
        before = torch.linalg.vecdot(on_rows.mT @ slopes, on_sums.unsqueeze(1), dim=2)
    else:
        before = (on_rows.flatten(0, 1) @ on_sums).unflatten(1, on_rows.shape[:2])
        before = torch.linalg.vecdot(before, slopes, dim=2)
    if layer.by_numbers is not None:
        starts, ends = fixed.layers[number].layer.symbolic.places.unbind(dim=1)
        # c f' is the slope with respect to b, and a c f' that with respect to what enters.
        by_entering = layer.numbers[:, :1] * layer.by_numbers[:, 1]
        before = before.index_add(1, starts, by_entering * on_sums[:, ends])
    return before.unsqueeze(2)


def _through_nodes(
    fixed: FixedPart, number: int, sums: Float[Tensor, "out a n"], toward: Toward
) -> Toward:
    """From the nodes that a layer of edges leads to, to the sums that they are made of."""
    width, squash, rule = fixed.network.widths[number + 1], fixed.network.squash, fixed.rule
    if squash is not None and number < len(fixed.layers) - 1:
        combined = product_nodes(_jet(fixed, sums), width).values.mT
        known = squash(combined[0], len(rule.starts)).unsqueeze(2)
        polynomials = bell(rule, combined)
        through = [toward_inner(w.unsqueeze(1), known, combined, polynomials, rule) for w in toward]
        toward = torch.stack(through).transpose(1, 2)
    if isinstance(width, int):
        return toward
    plain, products = toward[:, : width[0]], toward[:, width[0] :].unsqueeze(2)
    left, right = (sums[width[0] + each :: 2].unsqueeze(1) for each in (0, 1))
    factors = [
        torch.stack([transposed_product(other, one, rule.indices) for other in (right, left)])
        for one in products
    ]
    # From [k 2 a w n] to neighbors among the sums.
    together = torch.stack(factors).permute(0, 3, 1, 2, 4).flatten(1, 2)
    return torch.cat([plain, together], dim=1)


def _jet(fixed: FixedPart, nodes: Float[Tensor, "_ a n"]) -> Jet:
    return Jet(fixed.rule.indices, nodes.permute(1, 2, 0))
