"""One layer of a Kolmogorov-Arnold network."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import pad

from pikan.bases.basis import Basis
from pikan.bases.bspline import BSpline
from pikan.bases.compose import family, functions
from pikan.bases.coordinates import functions_of_coordinates
from pikan.bases.piecewise import Pieces, pieces
from pikan.bases.sum import sums
from pikan.jets.jet import Jet
from pikan.linalg.dense import least_squares
from pikan.network.activation import Activation
from pikan.network.base import weighted_sum
from pikan.network.symbolic_edges import SymbolicEdge, SymbolicEdges

# Of cells times sums: where there are more, powers, most of them zero, are too many to add up.
_FEW = 30


@final
class Edges(nn.Module):
    """The fixed functions that a layer's edges are weighted sums of: a basis, and a base function.

    Each of `nodes` incoming nodes has `size` functions, the base function last. `base` is None
    for edges made of the basis alone.

    Source: Liu et al. 2024, arXiv 2404.19756, Eq. (2.10). Its two weights of an edge, one of them
    redundant, are here one weight for each function.
    """

    def __init__(self, basis: Basis, base: Activation | None) -> None:
        super().__init__()
        self.basis = basis
        self.base = base
        self.nodes = basis.nodes
        self.size = basis.size + (base is not None)

    def derivatives(self, x: Float[Tensor, "n in"], order: int) -> Float[Tensor, " k n in b"]:
        """The functions of every node and their derivatives up to `order`."""
        derivatives = self.basis.derivatives(x, order)
        if self.base is None:
            return derivatives
        return torch.cat([derivatives, self.base(x, order).unsqueeze(-1)], dim=-1)

    def evaluate(self, x: Float[Tensor, "in n"], order: int) -> Float[Tensor, " k in b n"]:
        """The same for x without a gradient, the points last."""
        return family(self.basis, *self._others())(x.contiguous(), self.basis.knots, order)

    def pieces(self, count: int) -> Pieces | None:
        """What the functions are made of, where so many sums are quicker from that; else None."""
        if not isinstance(self.basis, BSpline) or count * (self.basis.knots.shape[1] - 1) > _FEW:
            return None
        return pieces(self.basis, *self._others())

    def forward(self, inputs: Jet) -> Jet:
        """The jets [a n in*b] of all functions, those of one node side by side."""
        return Jet(inputs.indices, functions(self.basis, inputs, *self._others()).flatten(-2))

    def weighted_sum(self, inputs: Jet, weight: Float[Tensor, "_ out"]) -> Jet:
        """The jets [a n out] of weighted sums of all functions, without keeping the functions."""
        return sums(self.basis, inputs, weight, *self._others())

    def of_coordinates(self, inputs: Jet, scale: Float[Tensor, " in"]) -> Jet:
        """The jets of all functions, of coordinates that have been divided by a scale."""
        return functions_of_coordinates(self.basis, inputs, scale, *self._others())

    def coefficients(self, function: Callable[[Tensor], Tensor]) -> Float[Tensor, "in b"]:
        """The weights of one edge of every node that make it this function on its grid."""
        knots = self.basis.knots
        lower, upper = knots[:, 0], knots[:, -1]
        shares = torch.linspace(0, 1, 8 * self.basis.size + 1).to(knots).unsqueeze(1)
        points = lower + shares * (upper - lower)
        values = self.basis.derivatives(points, 0)[0].transpose(0, 1)
        wanted = function(points).mT.unsqueeze(2)
        found = least_squares(values, wanted, torch.finfo(values.dtype).eps).squeeze(2)
        return pad(found, (0, self.size - self.basis.size))

    def out_of_grid(self, x: Float[Tensor, "n in"]) -> Bool[Tensor, " n"]:
        """Where some node's value is beyond the grid of its basis."""
        return self.basis.outside(x).any(dim=-1)

    def _others(self) -> tuple[Activation, ...]:
        return () if self.base is None else (self.base,)


class LayerActivations(NamedTuple):
    """One layer at n points: what enters, the functions of it, what each edge makes of them."""

    nodes: Float[Tensor, "n in"]
    functions: Float[Tensor, " n in b"]
    edges: Float[Tensor, " n in out"]
    sums: Float[Tensor, "n out"]


@final
class Layer(nn.Module):
    """Edges from nodes to sums: weighted functions, some cut, some a formula in their place.

    `weight` [nodes*size, out] has those of one node side by side. A cut edge is the zero function,
    and one that holds a formula is that; the weights of both stay, and count for nothing.
    """

    mask: Bool[Tensor, "in out"]

    def __init__(
        self,
        edges: Edges,
        weight: Float[Tensor, "_ out"],
        mask: Bool[Tensor, "in out"] | None = None,
        formulas: Sequence[SymbolicEdge] = (),
    ) -> None:
        """With every edge live if `mask` is None."""
        super().__init__()
        self.edges = edges
        self.weight = nn.Parameter(weight.detach().clone())
        shape = edges.nodes, weight.shape[1]
        every = torch.ones(shape, dtype=torch.bool, device=weight.device)
        self.register_buffer("mask", every if mask is None else mask)
        self.symbolic = SymbolicEdges(formulas, weight)
        self.plain = self.is_plain()
        self.register_load_state_dict_post_hook(_note_plain)

    def forward(self, nodes: Jet) -> Jet:
        """The jets [a n out] of the sums over all edges that end in a node."""
        return self._with_formulas(self.edges.weighted_sum(nodes, self.learned_weight()), nodes)

    def sums_of(self, functions: Jet, nodes: Jet) -> Jet:
        """The same where the functions [a n in*b] of the nodes are known."""
        return self._with_formulas(weighted_sum(functions, self.learned_weight()), nodes)

    def activations(self, nodes: Float[Tensor, "n in"]) -> LayerActivations:
        """The layer in detail at some points; differentiable in these and in all parameters."""
        functions = self.edges.derivatives(nodes, 0)[0]
        by_node = self.learned_weight().unflatten(0, (self.edges.nodes, -1))
        on_edges = torch.einsum("nib,ibo->nio", functions, by_node)
        if len(self.symbolic):
            places = self.symbolic.places
            flat = places[:, 0] * on_edges.shape[2] + places[:, 1]
            given = self.symbolic.jet(Jet(((0,),), nodes.unsqueeze(0)))[0]
            on_edges = on_edges.flatten(1).index_add(1, flat, given).view_as(on_edges)
        return LayerActivations(nodes, functions, on_edges, on_edges.sum(dim=1))

    def replace(
        self,
        *,
        edges: Edges | None = None,
        weight: Float[Tensor, "_ out"] | None = None,
        mask: Bool[Tensor, "in out"] | None = None,
        formulas: Sequence[SymbolicEdge] | None = None,
    ) -> "Layer":
        """The layer with some parts replaced; None keeps a part, and a frozen weight stays so."""
        made = Layer(
            self.edges if edges is None else edges,
            self.weight if weight is None else weight,
            self.mask if mask is None else mask,
            self.symbolic.all() if formulas is None else formulas,
        )
        made.weight.requires_grad_(self.weight.requires_grad)
        return made

    def learned_mask(self) -> Bool[Tensor, "in out"]:
        """Which edges are live and hold no formula."""
        return self.mask & ~self.symbolic.mask(self.mask)

    def learned_weight(self) -> Float[Tensor, "_ out"]:
        """The weights, zero on edges that are cut or hold a formula."""
        if self.plain:
            return self.weight
        by_node = self.weight.unflatten(0, (self.edges.nodes, -1))
        return (by_node * self.learned_mask().unsqueeze(1)).flatten(0, 1)

    def _with_formulas(self, sums: Jet, nodes: Jet) -> Jet:
        if not len(self.symbolic):
            return sums
        return Jet(sums.indices, self.symbolic.add(sums.values, nodes))

    def is_plain(self) -> bool:
        """Whether every edge is learned; `plain` is what it was when the layer was made."""
        return bool(self.mask.all()) and not len(self.symbolic)


def _note_plain(module: nn.Module, _: object) -> None:
    """Whether every edge is learned, which a state that has been loaded may change."""
    assert isinstance(module, Layer)
    module.plain = module.is_plain()
