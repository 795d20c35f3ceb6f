"""Test functions of the weak form: bumps with compact support, and their derivatives."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

# (1 - s²)^8 on [-1, 1]: the trapezoidal rule on 16 points is good to eight digits.
_POWER = 8
# Neighboring bumps overlap by this many of them.
_OVERLAP = 3.2
# So many grid points a bump needs on each side.
LEAST_HALF = 8


class BumpFunctions(NamedTuple):
    """Products of bumps on a grid: tables [k n] along each axis by order of the derivative.

    A table has the weights of the trapezoidal rule, which is exact to high order for bumps.
    """

    tables: tuple[Mapping[int, Float[Tensor, "k n"]], ...]

    @property
    def number(self) -> int:
        """The number of test functions."""
        return int(np.prod([len(one[0]) for one in self.tables]))

    def integrals(self, orders: Sequence[int], values: Float[Tensor, "*n"]) -> Float[Tensor, " r"]:
        """The integral of each test function times a derivative of values, by parts."""
        for axis, (table, order) in enumerate(zip(self.tables, orders, strict=True)):
            values = (values.movedim(axis, -1) @ table[order].mT).movedim(-1, axis)
        return (-1) ** sum(orders) * values.flatten()

    def rows(self, orders: Sequence[int]) -> Float[Tensor, "r g"]:
        """The matrix of `integrals` on the flattened values."""
        chosen = [table[order] for table, order in zip(self.tables, orders, strict=True)]
        return (-1) ** sum(orders) * reduce(torch.kron, chosen)


def bump_functions(
    axes: Sequence[Float[Tensor, " _"]],
    shares: Sequence[float],
    orders: Sequence[int],
    least: int,
    most: int,
) -> BumpFunctions:
    """Bumps whose half width along each axis is a share of its length.

    `orders` are the highest derivatives along the axes. There are at least so many bumps, if there
    is room for them, and at most so many.
    """
    halves = [max(LEAST_HALF, int(s * len(axis))) for axis, s in zip(axes, shares, strict=True)]
    counts = [
        min(len(axis), max(4, int(_OVERLAP * len(axis) / (2 * half)) + 1))
        for axis, half in zip(axes, halves, strict=True)
    ]
    total = float(np.prod(counts))
    factor = (min(max(total, float(least)), float(most)) / total) ** (1.0 / len(counts))
    room = [len(axis) - 2 * half + 1 for axis, half in zip(axes, halves, strict=True)]
    counts = [
        max(2, min(int(factor * count + 0.999), most_here))
        for count, most_here in zip(counts, room, strict=True)
    ]
    made = zip(axes, halves, counts, orders, strict=True)
    return BumpFunctions(tuple(_bumps(*one) for one in made))


def _bumps(
    axis: Float[Tensor, " n"], half: int, count: int, order: int
) -> Mapping[int, Float[Tensor, "k n"]]:
    step = float(axis[1] - axis[0])
    width = half * step
    first, last = float(axis[0]) + width, float(axis[-1]) - width
    centers = torch.linspace(first, last, count).to(axis)
    places = ((axis - centers[:, None]) / width).numpy()
    bump = np.polynomial.Polynomial([1.0, 0.0, -1.0]) ** _POWER
    inside = np.abs(places) < 1.0
    return {
        k: torch.from_numpy(
            np.where(inside, bump.deriv(k)(places) if k else bump(places), 0.0) * step / width**k
        )
        for k in range(order + 1)
    }
