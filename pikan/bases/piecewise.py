"""Splines as piecewise polynomials: sums of them in few operations."""

from dataclasses import dataclass
from math import factorial, inf
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.bspline import BSpline
from pikan.jets.autograd import Univariate


@final
@dataclass(frozen=True)
class Pieces:
    """What splines and others are weighted sums of, and the weights, the same for all points.

    The rows are the first powers of the distance from the middle of a cell, for each cell and
    zero outside it, how far a point is above the last end and below the first, then the others and
    their slopes. Functions are `values`ᵀ rows, and their slopes `slopes`ᵀ rows.
    """

    powers: int
    others: tuple[Univariate, ...]
    lower: Float[Tensor, "in 1"]
    upper: Float[Tensor, "in 1"]
    ends: Float[Tensor, "in _ 1"]
    middles: Float[Tensor, "in c 1"]
    values: Float[Tensor, "in q b"]
    slopes: Float[Tensor, "in q b"]

    def rows(self, x: Float[Tensor, "in n"]) -> Float[Tensor, "in q n"]:
        """The rows at some points of each node."""
        rows = x.new_empty(len(x), self.values.shape[1], x.shape[1])
        wide, cells = x.unsqueeze(1), self.middles.shape[1]
        passed = wide >= self.ends
        first = self.powers * cells
        lower, *higher = rows[:, :first].unflatten(1, (self.powers, cells)).unbind(dim=1)
        lower.copy_(passed[:, :-1] != passed[:, 1:])
        distances = x.clamp(self.lower, self.upper).unsqueeze(1) - self.middles
        for power in higher:
            torch.mul(lower, distances, out=power)
            lower = power
        torch.sub(x, self.upper, out=rows[:, first]).clamp_min_(0)
        torch.sub(self.lower, x, out=rows[:, first + 1]).clamp_min_(0)
        first += 2
        for place, other in enumerate(self.others):
            rows[:, first + 2 * place : first + 2 * place + 2] = other(x, 1).transpose(0, 1)
        return rows


def pieces(basis: BSpline, *others: Univariate) -> Pieces:
    """The pieces of all splines of a basis, and others after them.

    Weights of powers are the coefficients of Taylor's formula around the middles of the cells.
    """
    knots, powers = basis.knots, basis.degree + 1
    middles = (knots[:, :-1] + knots[:, 1:]) / 2
    taylor = basis.evaluate(middles, knots, powers).unfold(0, powers, 1)
    taylor = taylor / knots.new_tensor(list(map(factorial, range(powers))))
    nodes, cells = middles.shape
    first, size = powers * cells + 2, basis.size
    weights = knots.new_zeros(2, nodes, first + 2 * len(others), size + len(others))
    weights[:, :, : first - 2, :size] = taylor.permute(0, 1, 4, 3, 2).flatten(2, 3)
    lower, upper = knots[:, :1], knots[:, -1:]
    slopes = basis.evaluate(torch.cat([upper, lower], dim=1), knots, 1)[1]
    weights[0, :, first - 2 : first, :size] = slopes.mT * knots.new_tensor([[1.0], [-1.0]])
    for place in range(len(others)):
        weights[0, :, first + 2 * place, size + place] = 1
        weights[1, :, first + 2 * place + 1, size + place] = 1
    ends = knots.clone()
    ends[:, 0], ends[:, -1] = -inf, inf
    return Pieces(powers, others, lower, upper, ends.unsqueeze(2), middles.unsqueeze(2), *weights)
