"""Points drawn where the residual is large."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


def density(residual: Float[Tensor, " n"], k: float = 1.0, c: float = 1.0) -> Float[Tensor, " n"]:
    """The probability of each candidate, p ∝ |r|^k / mean(|r|^k) + c.

    k > 0 sharpens it towards large residuals, c > 0 evens it out; k = 0 or c → ∞ is uniform.
    Where the residual vanishes everywhere, so does its part.

    Source: Wu, Zhu, Tan, Kartha, Lu 2023, doi 10.1016/j.cma.2022.115671, equation (2), RAD.

    >>> density(torch.tensor([1.0, 3.0]), k=1.0, c=0.0).tolist()
    [0.25, 0.75]
    """
    sizes = residual.abs()
    largest = sizes.max()
    # Relative to the largest, no power of a residual can overflow.
    powers = (sizes / torch.where(largest > 0.0, largest, torch.ones_like(largest))) ** k
    mean = powers.mean()
    shares = powers / torch.where(mean > 0.0, mean, torch.ones_like(mean)) + c
    return shares / shares.sum()


class WeightedPoints(NamedTuple):
    """Points, and how much the square at each counts in a mean over where they were drawn from."""

    points: Float[Tensor, "n d"]
    weights: Float[Tensor, " n"]


def resample(
    candidates: Float[Tensor, "n d"],
    residual: Float[Tensor, " n"],
    count: int,
    generator: torch.Generator,
    k: float = 1.0,
    c: float = 1.0,
) -> WeightedPoints:
    """`count` different candidates, or all, drawn one by one by the `density` of their residual.

    The mean of weight · f over the points drawn has the mean of f over the candidates as its
    expectation: with p the density, each candidate waits an exponential time of rate p, the
    `count` earliest are drawn, and given the time τ at which the next one would follow, each of
    them had the chance 1 - exp(-p τ). With c = 0, at least `count` candidates must have a
    residual.

    Source: Cohen and Kaplan 2007, doi 10.1145/1281100.1281133, rank conditioning.
    """
    probabilities = density(residual, k, c).to(generator.device)
    unit = torch.empty_like(probabilities).exponential_(generator=generator)
    times, order = (unit / probabilities).sort()
    drawn = order[:count]
    following = times[count] if count < len(times) else times.new_tensor(torch.inf)
    chances = -torch.expm1(-probabilities[drawn] * following)
    weights = len(drawn) / (len(candidates) * chances)
    return WeightedPoints(candidates[drawn.to(candidates.device)], weights.to(residual))
