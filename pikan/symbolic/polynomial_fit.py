"""Polynomials of total degree through scattered values, with their error at values held out."""

from itertools import combinations_with_replacement
from math import comb, inf
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.linalg.dense import least_squares
from pikan.symbolic.batched_kan import chebyshev

# The share of the points that coefficients follow from where the others are held out, the most
# coefficients for each of these points, and degrees that are tried.
_SHARE, _MOST, _HIGHEST = 0.75, 0.55, 24


class PolynomialFit(NamedTuple):
    """A polynomial of total degree in coordinates scaled to [-1, 1].

    `orders` has a row for each product of Chebyshev polynomials; `error` is the root of the mean
    square that is left of values held out, relative to their spread.
    """

    low: Float[Tensor, " d"]
    high: Float[Tensor, " d"]
    orders: Int[Tensor, "b d"]
    coefficients: Float[Tensor, " b"]
    error: float

    def values(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The polynomial at points."""
        return _products(self.scale(x), self.orders) @ self.coefficients

    def gradient(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Its derivatives with respect to the coordinates as they are."""
        z, parts = self.scale(x), list[Tensor]()
        for axis in range(z.shape[1]):
            matrix = _products(z, self.orders, axis)
            parts.append(matrix @ self.coefficients * 2 / (self.high[axis] - self.low[axis]))
        return torch.stack(parts, dim=1)

    def scale(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The coordinates from -1 to 1."""
        return (2 * x - self.low - self.high) / (self.high - self.low)


def fit_polynomial(
    x: Float[Tensor, "n d"], y: Float[Tensor, " n"], highest: int = _HIGHEST
) -> PolynomialFit:
    """The polynomial of the total degree, `highest` at most, that predicts held-out values best."""
    low, high = x.amin(dim=0), x.amax(dim=0)
    z = (2 * x - low - high) / (high - low)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0)).to(x.device)
    used, held = order[: int(_SHARE * len(x))], order[int(_SHARE * len(x)) :]
    spread, best, least, degree = float(y.std()), 1, inf, 1
    eps = torch.finfo(x.dtype).eps
    while degree <= highest and comb(degree + x.shape[1], degree) <= _MOST * len(used):
        matrix = _products(z, _total_degree(x.shape[1], degree).to(x.device))
        found = least_squares(matrix[used], y[used].unsqueeze(1), eps)
        error = float((matrix[held] @ found - y[held].unsqueeze(1)).square().mean().sqrt()) / spread
        if error < least:
            best, least = degree, error
        elif degree > best + 6:
            break
        degree += 1 if degree < 8 else 2
    orders = _total_degree(x.shape[1], best).to(x.device)
    found = least_squares(_products(z, orders), y.unsqueeze(1), eps)
    return PolynomialFit(low, high, orders, found[:, 0], least)


def _total_degree(dimension: int, degree: int) -> Int[Tensor, "b d"]:
    """The orders of all products up to a total degree."""
    chosen = combinations_with_replacement(range(dimension + 1), degree)
    return torch.tensor([[each.count(axis) for axis in range(dimension)] for each in chosen])


def _products(
    z: Float[Tensor, "n d"], orders: Int[Tensor, "b d"], slope: int = -1
) -> Float[Tensor, "n b"]:
    """Products of Chebyshev polynomials, differentiated along one axis."""
    highest = max(int(orders.max()), 1)
    values, slopes = chebyshev(z, highest)
    first = torch.ones_like(z).unsqueeze(-1)
    with_constant = torch.cat([first, values], dim=-1)
    differentiated = torch.cat([torch.zeros_like(first), slopes], dim=-1)
    product = torch.ones_like(z[:, :1])
    for axis in range(z.shape[1]):
        table = differentiated if axis == slope else with_constant
        product = product * table[:, axis, orders[:, axis]]
    return product
