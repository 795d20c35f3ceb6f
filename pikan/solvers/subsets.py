"""All subsets of regressors, ordered by an information criterion."""

from collections.abc import Iterator
from itertools import combinations
from math import comb, inf, log
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import solve_triangle, triangular_factor


class Subset(NamedTuple):
    """Some of the regressors, by their places, and the criterion that they come to."""

    places: tuple[int, ...]
    criterion: float


class Regression(NamedTuple):
    """The coefficients of some regressors, their covariance for unit noise, and χ²."""

    coefficients: Float[Tensor, " k"]
    covariance: Float[Tensor, "k k"]
    squares: float


def best_subsets(
    regressors: Float[Tensor, "r k"],
    left: Float[Tensor, " r"],
    largest: int,
    values: int,
    kept: int,
) -> tuple[Subset, ...]:
    """The subsets of least χ²/φ + k log n + 2 log C(K, k), best first, at most `kept` of each size.

    Rows have unit noise; φ is χ² of all regressors over its degrees of freedom, where that is above
    one. `values` is the number n of measured values. The last term is the prior of the extended
    criterion: so many subsets have k regressors.

    Source: Chen and Chen 2008, doi 10.1093/biomet/asn034, equation (2.3).
    """
    count = regressors.shape[1]
    factor = triangular_factor(torch.cat([regressors, left[:, None]], dim=1))
    inside, target = factor[:, :count], factor[:, count]
    freedom = max(len(left) - count, 1)
    spread = max(1.0, float(target[count:].square().sum()) / freedom)
    found: list[Subset] = []
    for size in range(1, min(largest, count) + 1):
        places = list(combinations(range(count), size))
        squares = torch.cat(list(_squares(inside, target, places)))
        order = squares.argsort()[:kept].tolist()
        more = penalty(size, count, values)
        found += [Subset(places[k], float(squares[k]) / spread + more) for k in order]
    return tuple(sorted(found, key=lambda one: one.criterion))


def penalty(size: int, count: int, values: int) -> float:
    """What the criterion adds to χ² for so many regressors out of `count`."""
    return size * log(values) + 2.0 * log(comb(count, size))


def _squares(
    inside: Float[Tensor, "q k"], target: Float[Tensor, " q"], places: list[tuple[int, ...]]
) -> Iterator[Float[Tensor, " s"]]:
    """χ² of each subset, in batches, by QR: normal equations would lose what exact data tell."""
    for start in range(0, len(places), 4096):
        chosen = torch.tensor(places[start : start + 4096])
        columns = inside[:, chosen].movedim(1, 0)
        beside = target[:, None].expand(len(chosen), -1, 1)
        corner = triangular_factor(torch.cat([columns, beside], dim=2))[:, -1, -1]
        yield corner.square()


def regression(
    regressors: Float[Tensor, "r k"], left: Float[Tensor, " r"], places: tuple[int, ...]
) -> Regression:
    """Least squares on some of the regressors, whose rows have unit noise."""
    chosen = regressors[:, list(places)]
    count = len(places)
    factor = triangular_factor(torch.cat([chosen, left[:, None]], dim=1))
    triangle, target = factor[:count, :count], factor[:count, count]
    if not bool(triangle.diagonal().all()):
        infinite = torch.full_like(triangle, inf)
        return Regression(torch.full_like(target, inf), infinite, inf)
    inverse = solve_triangle(triangle, torch.eye(count).to(triangle))
    squares = float(factor[count:, count].square().sum())
    return Regression(solve_triangle(triangle, target), inverse @ inverse.mT, squares)
