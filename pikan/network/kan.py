"""The Kolmogorov-Arnold network of any width and depth, with sum and product nodes."""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.bases.basis import Basis
from pikan.bases.compose import apply
from pikan.jets.jet import Jet, multiply
from pikan.network.activation import Activation
from pikan.network.base import FeatureNetwork, place, to_unit_box
from pikan.network.layer import Edges, Layer, LayerActivations
from pikan.network.width import Width, sum_count


class FirstFunctions(NamedTuple):
    """What follows from coordinates alone: the nodes of the first layer, and their functions."""

    nodes: Jet
    functions: Jet


@final
class KANNetwork(FeatureNetwork):
    """Layers of one-coordinate functions, summed in their nodes; product nodes multiply two sums.

    `widths` starts with the number of coordinates and ends with the number of unknowns; there is
    a basis for every layer. With a `squash` (tanh) hidden values stay in (-1, 1), the grid that
    the bases start with; without one (None) a start has to see to that. Each layer has a mask of
    live edges, all at first, and edges that hold a formula, none at first: see `with_layers`.
    `inputs` are the coordinates that enter, by number. The values are the last nodes, scaled by
    `scaling`, or as they are where that is None.

    Source: Liu et al. 2024, arXiv 2404.19756, Eqs. (2.5) to (2.7); product nodes: Liu et al. 2024,
    arXiv 2408.10205, Section 2.
    """

    scaling: "Scaling | None"

    def __init__(
        self,
        widths: Sequence[Width],
        bases: Sequence[Basis],
        lower: Sequence[float],
        upper: Sequence[float],
        base: Activation | None = None,
        squash: Activation | None = None,
    ) -> None:
        super().__init__(lower, upper)
        self.widths = tuple(widths)
        self.inputs = tuple(range(len(lower)))
        self.squash = squash
        self.scaling = None
        made = zip((Edges(basis, base) for basis in bases), widths[1:], strict=True)
        self.edge_layers = nn.ModuleList(
            Layer(edges, self.center.new_zeros(edges.nodes * edges.size, sum_count(after)))
            for edges, after in made
        )

    def layers(self) -> tuple[Layer, ...]:
        """The layers of edges, first to last."""
        return tuple(layer for layer in self.edge_layers if isinstance(layer, Layer))

    def last_weight(self) -> nn.Parameter:
        """The weights of the last layer, of which the network is linear."""
        return self.layers()[-1].weight

    def first(self, inputs: Jet) -> FirstFunctions:
        """What no parameter has any influence on: nodes and functions of the first layer."""
        nodes, edges = self.entering(inputs), self.layers()[0].edges
        # Others than coordinates have partial derivatives of their own.
        if len(self.inputs) == len(self.center) == len(inputs.indices[0]):
            return FirstFunctions(nodes, edges.of_coordinates(nodes, self.scale))
        return FirstFunctions(nodes, edges(nodes))

    def after(self, first: FirstFunctions) -> Jet:
        """The unknowns from what `first` has found."""
        return self.outputs(self._nodes(first)[-1])

    def nodes(self, inputs: Jet) -> tuple[Jet, ...]:
        """What enters each layer: the scaled coordinates, then the values of hidden nodes."""
        return self._nodes(self.first(inputs))[:-1]

    def features(self, inputs: Jet) -> Jet:
        """The functions on the last layer's edges; ValueError where they are not all there is."""
        last = self.layers()[-1]
        if not last.plain or self.scaling is not None or not isinstance(self.widths[-1], int):
            raise ValueError(
                "the last layer has cut edges, formulas, products or a scaling, so that the "
                "network is no weighted sum of features"
            )
        features: Jet = last.edges(self.nodes(inputs)[-1])
        return features

    def jet(self, inputs: Jet) -> Jet:
        """The last nodes, scaled."""
        return self.after(self.first(inputs))

    def activations(self, points: Float[Tensor, "n d"]) -> tuple[LayerActivations, ...]:
        """Every layer in detail, first to last; differentiable in points and parameters."""
        made, nodes = list[LayerActivations](), self.entering(place(points))
        for number, layer in enumerate(self.layers()):
            made.append(layer.activations(nodes.values[0]))
            nodes = self.next_nodes(Jet(nodes.indices, made[-1].sums.unsqueeze(0)), number)
        return tuple(made)

    def next_nodes(self, sums: Jet, layer: int) -> Jet:
        """The nodes that the sums of a layer make; only hidden ones are squashed."""
        combined = product_nodes(sums, self.widths[layer + 1])
        if self.squash is None or layer == len(self.widths) - 2:
            return combined
        return apply(self.squash, combined)

    def outputs(self, nodes: Jet) -> Jet:
        """The unknowns from the last nodes."""
        return nodes if self.scaling is None else self.scaling.jet(nodes)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where a coordinate or a hidden value is beyond the grid that it enters."""
        pairs = zip(self.layers(), self.nodes(place(points)), strict=True)
        beyond = [layer.edges.out_of_grid(nodes.values[0]) for layer, nodes in pairs]
        return torch.stack(beyond).any(dim=0)

    def entering(self, inputs: Jet) -> Jet:
        """The scaled coordinates, those that enter."""
        scaled = to_unit_box(inputs, self.center, self.scale)
        if self.inputs == tuple(range(len(self.center))):
            return scaled
        return Jet(scaled.indices, scaled.values.mT[:, list(self.inputs)].mT)

    def _nodes(self, first: FirstFunctions) -> tuple[Jet, ...]:
        """The nodes of every layer and, unscaled, the last ones."""
        made = [first.nodes]
        for number, layer in enumerate(self.layers()):
            nodes = made[-1]
            sums: Jet = layer(nodes) if number else layer.sums_of(first.functions, nodes)
            made.append(self.next_nodes(sums, number))
        return tuple(made)


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


def with_layers(
    network: KANNetwork,
    layers: Sequence[Layer],
    widths: Sequence[Width] | None = None,
    inputs: Sequence[int] | None = None,
) -> KANNetwork:
    """The network with other layers; None keeps the widths or the inputs as they are."""
    changed = deepcopy(network)
    changed.edge_layers = nn.ModuleList(map(deepcopy, layers))
    changed.widths = changed.widths if widths is None else tuple(widths)
    changed.inputs = changed.inputs if inputs is None else tuple(inputs)
    return changed


def product_nodes(sums: Jet, width: Width) -> Jet:
    """The nodes of a layer: the plain sums, then the products of neighbors among the others."""
    if isinstance(width, int):
        return sums
    plain, rest = sums.values[..., : width[0]], sums.values[..., width[0] :]
    left, right = Jet(sums.indices, rest[..., 0::2]), Jet(sums.indices, rest[..., 1::2])
    products = multiply(left, right).values
    return Jet(sums.indices, torch.cat([plain.mT, products.mT], dim=1).mT)
