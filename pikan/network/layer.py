"""One layer of a Kolmogorov-Arnold network."""

from collections.abc import Callable
from typing import final

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


@final
class Layer(nn.Module):
    """Edges and their weights [nodes*size, out], those of one node side by side."""

    def __init__(self, edges: Edges, weight: Float[Tensor, "_ out"]) -> None:
        super().__init__()
        self.edges = edges
        self.weight = nn.Parameter(weight)

    def forward(self, inputs: Jet) -> Jet:
        """The jets [a n out] of the sums over all edges that end in a node."""
        return self.edges.weighted_sum(inputs, self.weight)
