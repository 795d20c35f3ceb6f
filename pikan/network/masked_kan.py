"""A KAN with an edge mask, symbolic edges and a choice of inputs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pikan.jets.jet import Jet
from pikan.network.base import place, to_unit_box, weighted_sum
from pikan.network.kan import KANNetwork, Width, node_count, product_nodes, sum_count
from pikan.network.symbolic_edges import SymbolicEdges


@final
class MaskedKAN(nn.Module):
    """A KAN, and for each of its edges whether it is live, and whether it holds a formula.

    A cut edge is the zero function, and one that holds a formula is that; the weights of both
    stay, and count for nothing. `inputs` says which coordinates enter the KAN, of all those that
    are given. Product nodes may come last, too. The values are the last nodes, scaled by `scaling`.
    """

    inputs: Int[Tensor, " in"]
    scaling: "Scaling"

    def __init__(
        self,
        kan: KANNetwork,
        live: Sequence[Bool[Tensor, "_ _"]],
        columns: Int[Tensor, " in"],
        formulas: Sequence[SymbolicEdges] | None = None,
        scaling: "Scaling | None" = None,
    ) -> None:
        super().__init__()
        self.kan = kan
        ones = kan.center.new_ones(node_count(kan.widths[-1]))
        self.scaling = Scaling(ones, ones - 1) if scaling is None else scaling
        self.register_buffer("inputs", columns)
        self.switches = nn.ModuleList(_EdgeMask(each) for each in live)
        none = [SymbolicEdges([], kan.center) for _ in live]
        self.symbols = nn.ModuleList(none if formulas is None else formulas)

    def widths(self) -> tuple[Width, ...]:
        """The nodes of every layer, the coordinates that enter first."""
        return self.kan.widths

    def masks(self) -> tuple[Bool[Tensor, "_ _"], ...]:
        """Which edges are live, from the nodes of a layer to the sums of the next."""
        return tuple(switch.mask for switch in self.switches if isinstance(switch, _EdgeMask))

    def formulas(self) -> tuple[SymbolicEdges, ...]:
        """The formulas of every layer of edges."""
        return tuple(each for each in self.symbols if isinstance(each, SymbolicEdges))

    def learned_masks(self) -> tuple[Bool[Tensor, "_ _"], ...]:
        """Which edges are live and hold no formula."""
        pairs = zip(self.masks(), self.formulas(), strict=True)
        return tuple(live & ~formulas.mask(live) for live, formulas in pairs)

    def weights(self) -> tuple[nn.Parameter, ...]:
        """The weights of all layers [in*b, out], those that count for nothing among them."""
        return weights_of(self.kan)

    def trainable(self) -> tuple[Tensor, ...]:
        """All that training changes: the weights of all layers, then their formulas' numbers."""
        return (*self.weights(), *(formulas.numbers for formulas in self.formulas()))

    def jet(self, inputs: Jet) -> Jet:
        """The values [a n m] and those partial derivatives of them that `inputs` names."""
        chosen = Jet(inputs.indices, inputs.values[..., self.inputs])
        nodes = to_unit_box(chosen, self.kan.center, self.kan.scale)
        first = weighted_sum(
            self.kan.first(chosen), apply_mask(self.weights()[0], self.learned_masks()[0])
        )
        nodes = self.nodes_from(self._with_formulas(first, nodes, 0), 0)
        for layer in range(1, len(self.widths()) - 1):
            nodes = self.nodes_from(self.sums_from(nodes, layer), layer)
        return self.scaling.jet(nodes)

    def sums_from(self, nodes: Jet, layer: int) -> Jet:
        """What a layer of edges sums up of the nodes that enter it."""
        weight = apply_mask(self.weights()[layer], self.learned_masks()[layer])
        return self._with_formulas(
            self.kan.edges()[layer].weighted_sum(nodes, weight), nodes, layer
        )

    def forward(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        """The values at the points."""
        return self.jet(place(points)).values[0]

    def nodes_from(self, sums: Jet, layer: int) -> Jet:
        """The nodes that a layer of edges leads to; only hidden ones are squashed."""
        last = layer == len(self.widths()) - 2
        width = self.widths()[layer + 1]
        return product_nodes(sums, width) if last else self.kan.hidden_nodes(sums, width)

    def _with_formulas(self, sums: Jet, nodes: Jet, layer: int) -> Jet:
        formulas = self.formulas()[layer]
        return Jet(sums.indices, formulas.add(sums.values, nodes, formulas.numbers))


@final
class _EdgeMask(nn.Module):
    """Which edges of a layer are live."""

    mask: Bool[Tensor, "in out"]

    def __init__(self, mask: Bool[Tensor, "in out"]) -> None:
        super().__init__()
        self.register_buffer("mask", mask)


@final
class Scaling(nn.Module):
    """What turns the last nodes of a network into its values: factor * node + offset, each its own.

    A fit takes both from the labels, so that all that it trains is of size one.
    """

    factor: Float[Tensor, " m"]
    offset: Float[Tensor, " m"]

    def __init__(self, factor: Float[Tensor, " m"], offset: Float[Tensor, " m"]) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("offset", offset)

    def forward(self, nodes: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        """The values of these nodes."""
        return nodes * self.factor + self.offset

    def jet(self, nodes: Jet) -> Jet:
        """The values and partial derivatives of these nodes."""
        scaled = nodes.values * self.factor
        return Jet(nodes.indices, torch.cat([scaled[:1] + self.offset, scaled[1:]]))

    def nodes(self, values: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        """The nodes that have these values."""
        return (values - self.offset) / self.factor


class LayerActivations(NamedTuple):
    """One layer at n points: what enters, the functions of it, what each edge makes of them."""

    nodes: Float[Tensor, "n in"]
    functions: Float[Tensor, " n in b"]
    edges: Float[Tensor, " n in out"]
    sums: Float[Tensor, "n out"]


def layer_activations(
    wired: MaskedKAN, points: Float[Tensor, "n d"], trained: Sequence[Float[Tensor, "_ _"]]
) -> tuple[LayerActivations, ...]:
    """Every layer in detail, first to last; differentiable in the points and all that is trained.

    `trained` is what `MaskedKAN.trainable` says, or other numbers in its place.
    """
    kan, made, count = wired.kan, list[LayerActivations](), len(wired.masks())
    nodes = to_unit_box(place(points[:, wired.inputs]), kan.center, kan.scale)
    layers = zip(
        kan.edges(),
        trained[:count],
        trained[count:],
        wired.learned_masks(),
        wired.formulas(),
        strict=True,
    )
    for layer, (edges, weight, numbers, learned, formulas) in enumerate(layers):
        entering = nodes.values[0]
        functions = edges.derivatives(entering, 0)[0]
        by_node = apply_mask(weight, learned).unflatten(0, (edges.nodes, -1))
        on_edges = torch.einsum("nib,ibo->nio", functions, by_node)
        if len(formulas):
            flat = formulas.places[:, 0] * on_edges.shape[2] + formulas.places[:, 1]
            given = formulas.jet(nodes, numbers)[0]
            on_edges = on_edges.flatten(1).index_add(1, flat, given).view_as(on_edges)
        sums = on_edges.sum(dim=1)
        made.append(LayerActivations(entering, functions, on_edges, sums))
        nodes = wired.nodes_from(Jet(nodes.indices, sums.unsqueeze(0)), layer)
    return tuple(made)


def weights_of(kan: KANNetwork) -> tuple[nn.Parameter, ...]:
    """The weights of all layers, first to last."""
    return (*(layer.weight for layer in kan.layers()), kan.coefficients)


def apply_mask(
    weight: Float[Tensor, "_ out"], live: Bool[Tensor, "in out"]
) -> Float[Tensor, "_ out"]:
    """The weights of a layer, zero on its cut edges."""
    return (weight.unflatten(0, (len(live), -1)) * live.unsqueeze(1)).flatten(0, 1)


def without_mask(kan: KANNetwork) -> MaskedKAN:
    """The KAN with every edge live and every coordinate in use."""
    device = kan.center.device
    shapes = [(node_count(one), sum_count(two)) for one, two in pairwise(kan.widths)]
    live = [torch.ones(shape, dtype=torch.bool, device=device) for shape in shapes]
    return MaskedKAN(kan, live, torch.arange(len(kan.center), device=device))
