"""The Kolmogorov-Arnold network of any width and depth, with sum and product nodes."""

from collections.abc import Sequence
from typing import TypeAlias, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.bases.basis import Basis
from pikan.bases.compose import apply
from pikan.jets.jet import Jet, multiply
from pikan.network.activation import Activation
from pikan.network.base import FeatureNetwork, place, to_unit_box, weighted_sum
from pikan.network.layer import Edges, Layer

Width: TypeAlias = int | tuple[int, int]
"""The nodes of a layer: sums alone, or (sums, products of two)."""


@final
class KANNetwork(FeatureNetwork):
    """Layers of one-coordinate functions, summed in their nodes; product nodes multiply two sums.

    `widths` starts with the number of coordinates and ends with the number of unknowns; there is
    a basis for every layer. With a `squash` (tanh) hidden values stay in (-1, 1), the grid that
    the bases start with; without one (None) a start has to see to that.

    Source: Liu et al. 2024, arXiv 2404.19756, Eqs. (2.5) to (2.7); product nodes: Liu et al. 2024,
    arXiv 2408.10205, Section 2.
    """

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
        self.squash = squash
        *hidden, last = (Edges(basis, base) for basis in bases)
        *counts, unknowns = (sum_count(width) for width in widths[1:])
        self.hidden = nn.ModuleList(
            Layer(edges, self.center.new_zeros(edges.nodes * edges.size, count))
            for edges, count in zip(hidden, counts, strict=True)
        )
        self.last = last
        self.coefficients = nn.Parameter(self.center.new_zeros(last.nodes * last.size, unknowns))

    def layers(self) -> tuple[Layer, ...]:
        """The hidden layers, first to last."""
        return tuple(layer for layer in self.hidden if isinstance(layer, Layer))

    def edges(self) -> tuple[Edges, ...]:
        """The edges of all layers, first to last."""
        return (*(layer.edges for layer in self.layers()), self.last)

    def nodes(self, inputs: Jet) -> tuple[Jet, ...]:
        """What enters each layer: the scaled coordinates, then the values of hidden nodes."""
        return (to_unit_box(inputs, self.center, self.scale), *self._hidden(self.first(inputs)))

    def first(self, inputs: Jet) -> Jet:
        """The functions on the first layer's edges, on which no parameter has any influence."""
        scaled = to_unit_box(inputs, self.center, self.scale)
        return self.edges()[0].of_coordinates(scaled, self.scale)

    def after(self, first: Jet) -> Jet:
        """The unknowns from the functions on the first layer's edges."""
        hidden = self._hidden(first)
        if not hidden:
            return weighted_sum(first, self.coefficients)
        return self.last.weighted_sum(hidden[-1], self.coefficients)

    def features(self, inputs: Jet) -> Jet:
        """The functions on the last layer's edges."""
        features: Jet = self.last(self.nodes(inputs)[-1])
        return features

    def jet(self, inputs: Jet) -> Jet:
        """The sums over the last layer's edges."""
        return self.after(self.first(inputs))

    def hidden_nodes(self, sums: Jet, width: Width) -> Jet:
        """The nodes that the sums of a hidden layer of this width make."""
        combined = product_nodes(sums, width)
        return combined if self.squash is None else apply(self.squash, combined)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where a coordinate or a hidden value is beyond the grid that it enters."""
        entering = self.nodes(place(points))
        pairs = zip(self.edges(), entering, strict=True)
        return torch.stack([edges.out_of_grid(jet.values[0]) for edges, jet in pairs]).any(dim=0)

    def _hidden(self, first: Jet) -> tuple[Jet, ...]:
        """The hidden nodes, layer by layer."""
        nodes: list[Jet] = []
        for layer, width in zip(self.layers(), self.widths[1:-1], strict=True):
            sums = layer(nodes[-1]) if nodes else weighted_sum(first, layer.weight)
            nodes.append(self.hidden_nodes(sums, width))
        return tuple(nodes)


def sum_count(width: Width) -> int:
    """The sums that a layer computes: every product node multiplies two of them.

    >>> sum_count((3, 2))
    7
    """
    return width if isinstance(width, int) else width[0] + 2 * width[1]


def node_count(width: Width) -> int:
    """The nodes that the next layer sees.

    >>> node_count((3, 2))
    5
    """
    return width if isinstance(width, int) else sum(width)


def product_nodes(sums: Jet, width: Width) -> Jet:
    """The nodes of a layer: the plain sums, then the products of neighbors among the others."""
    if isinstance(width, int):
        return sums
    plain, rest = sums.values[..., : width[0]], sums.values[..., width[0] :]
    left, right = Jet(sums.indices, rest[..., 0::2]), Jet(sums.indices, rest[..., 1::2])
    products = multiply(left, right).values
    return Jet(sums.indices, torch.cat([plain.mT, products.mT], dim=1).mT)
