"""Truncated Taylor arithmetic: partial derivatives carried along in closed form.

A jet holds a function's value and some of its partial derivatives at n points, each named by a
multi-index (u_xxt is (2, 1) for coordinates x, t) and stored as it is, not divided by factorials.
Its indices are downward closed: with (2, 1) come (2, 0), (1, 1) and all below, which is what the
product rule and the chain rule need.

Values are addressed [a n w] and lie in memory with the points last, so that every operation runs
along contiguous points whatever the number of nodes or basis functions.
"""

from collections.abc import Iterable
from itertools import product
from math import comb, prod
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

MultiIndex = tuple[int, ...]


class Jet(NamedTuple):
    """Values of w functions of d coordinates and their partial derivatives, by multi-index."""

    indices: tuple[MultiIndex, ...]
    values: Float[Tensor, "a n w"]


def closure(wanted: Iterable[MultiIndex]) -> tuple[MultiIndex, ...]:
    """The multi-indices wanted and all below them, by total order, then lexicographically.

    >>> closure([(2, 0), (0, 1)])
    ((0, 0), (0, 1), (1, 0), (2, 0))
    """
    below = {index for top in wanted for index in product(*(range(order + 1) for order in top))}
    return tuple(sorted(below, key=lambda index: (sum(index), index)))


def highest_order(indices: Iterable[MultiIndex]) -> int:
    """The largest total order among multi-indices.

    >>> highest_order([(0, 0), (2, 1)])
    3
    """
    return max(sum(index) for index in indices)


def coordinates(points: Float[Tensor, "n d"], indices: tuple[MultiIndex, ...]) -> Jet:
    """The jet of the coordinates themselves: their values, first derivatives one and zero."""
    values = points.mT
    nothing = torch.zeros_like(values)
    rows: list[Float[Tensor, "d n"]] = []
    for index in indices:
        if sum(index) == 0:
            rows.append(values)
        elif sum(index) == 1:
            unit = torch.tensor(index, dtype=points.dtype, device=points.device)
            rows.append(nothing + unit.unsqueeze(-1))
        else:
            rows.append(nothing)
    return Jet(indices, torch.stack(rows).mT)


def multiply(left: Jet, right: Jet) -> Jet:
    """The jet of a product, by the rule of Leibniz; both have the same indices.

    (f g)_α = sum over β <= α of binomial(α, β) f_β g_(α-β).
    """
    f, g = by_index(left), by_index(right)
    rows = [
        sum(
            (
                binomial(index, lower) * f[lower] * g[minus(index, lower)]
                for lower in left.indices[1:]
                if below(lower, index)
            ),
            start=f[left.indices[0]] * g[index],
        )
        for index in left.indices
    ]
    return Jet(left.indices, torch.stack([row.mT for row in rows]).mT)


def compose(derivatives: Float[Tensor, "k n w b"], inner: Jet) -> Float[Tensor, "a n w b"]:
    """The jets of b functions of each inner node, from their derivatives at the inner values.

    The chain rule of Faà di Bruno, f(g)_α = sum over k of f^(k)(g) B_(α,k), with `bell` giving B.
    """
    value, *slopes = derivatives.unbind()
    rows = [value, *torch.zeros_like(value).expand(len(inner.indices) - 1, *value.shape)]
    for slope, factors in zip(slopes, bell(chain_rule(inner.indices), inner.values), strict=False):
        for row, factor in enumerate(factors, start=len(rows) - len(factors)):
            rows[row] = rows[row] + slope * factor.unsqueeze(-1)
    return torch.stack(rows)


class BellTerm(NamedTuple):
    """What the indices at two places contribute to the Bell polynomials of the one at `row`."""

    row: int
    weight: int
    block: int
    rest: int


class ChainRule(NamedTuple):
    """How derivatives of f(g) follow from those of f and g: what a set of indices says of that.

    `starts` has for k = 0, 1, ... the place of the first index of total order k.
    """

    indices: tuple[MultiIndex, ...]
    starts: tuple[int, ...]
    terms: tuple[BellTerm, ...]


def chain_rule(indices: tuple[MultiIndex, ...]) -> ChainRule:
    """The rule for these indices: B_(α,k) is the sum of its terms' weight g_block B_(rest,k-1).

    Set partitions of α by the block that holds one chosen element e of α: B_(α,k) = sum over
    e <= β <= α of binomial(α-e, β-e) g_β B_(α-β,k-1).

    Source: Constantine and Savits 1996, doi 10.1090/S0002-9947-96-01501-2, equation (2.1).

    >>> chain_rule(((0,), (1,), (2,)))[1:]
    ((0, 1, 2), (BellTerm(row=2, weight=1, block=1, rest=1),))
    """
    orders = [sum(index) for index in indices]
    starts = tuple(orders.index(k) for k in range(orders[-1] + 1))
    terms: list[BellTerm] = []
    for row, index in enumerate(indices):
        # Of order one there is nothing to part.
        chosen = index
        if orders[row] > 1:
            first = next(axis for axis, order in enumerate(index) if order)
            chosen = tuple(int(axis == first) for axis in range(len(index)))
        for block, part in enumerate(indices[:row]):
            if orders[block] > 0 and below(chosen, part) and below(part, index):
                weight = binomial(minus(index, chosen), minus(part, chosen))
                terms.append(BellTerm(row, weight, block, indices.index(minus(index, part))))
    return ChainRule(indices, starts, tuple(terms))


def bell(rule: ChainRule, values: Float[Tensor, " a *_"]) -> tuple[Float[Tensor, " _ *_"], ...]:
    """For k = 1, 2, ... the partial Bell polynomials B_(α,k) of a jet, for all α of order >= k.

    They are the factors of f^(k) in f(g)_α: the sum over the set partitions of α into k blocks of
    the product of g over the blocks, which is none where the order of α is less than k.
    """
    if len(rule.starts) == 1:
        return ()
    g, polynomials = values.unbind(), [values[1:]]
    for start, lower in zip(rule.starts[2:], rule.starts[1:], strict=False):
        before = polynomials[-1].unbind()
        rows: dict[int, Float[Tensor, "*_"]] = {}
        for row, weight, block, rest in rule.terms:
            if row >= start and rest >= lower:
                term = g[block] * before[rest - lower]
                term = term if weight == 1 else weight * term
                rows[row] = rows[row] + term if row in rows else term
        polynomials.append(torch.stack([rows[row] for row in sorted(rows)]))
    return tuple(polynomials)


def binomial(index: MultiIndex, lower: MultiIndex) -> int:
    """The product of the binomial coefficients of two multi-indices.

    >>> binomial((2, 1), (1, 1))
    2
    """
    return prod(comb(n, k) for n, k in zip(index, lower, strict=True))


def below(lower: MultiIndex, index: MultiIndex) -> bool:
    """Whether a multi-index is at most another in every coordinate."""
    return all(low <= high for low, high in zip(lower, index, strict=True))


def by_index(jet: Jet) -> dict[MultiIndex, Float[Tensor, "n w"]]:
    """The partial derivatives of a jet, each by its multi-index."""
    return dict(zip(jet.indices, jet.values.unbind(), strict=True))


def minus(index: MultiIndex, lower: MultiIndex) -> MultiIndex:
    """The difference of two multi-indices."""
    return tuple(high - low for high, low in zip(index, lower, strict=True))
