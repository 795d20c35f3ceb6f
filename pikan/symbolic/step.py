"""The step nearest to a function known at points."""

from math import ceil, floor

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.symbolic.library import Numbers

# Denominators of the place of a step that are tried before the middle of the gap is taken.
_DENOMINATORS = range(1, 1001)


def best_step(
    x: Float[Tensor, " n"], y: Float[Tensor, " n"], weight: Float[Tensor, " n"]
) -> Numbers | None:
    """The numbers of the step of least weighed squares, None where all x are equal.

    Points cannot tell its place within the gap between two of them: it is the simplest fraction.
    """
    order = x.argsort()
    x, y, weight = x[order], y[order], weight[order]
    share, moment = weight.cumsum(0), (weight * y).cumsum(0)
    left, right = moment[:-1] / share[:-1], (moment[-1] - moment[:-1]) / (share[-1] - share[:-1])
    between = share[:-1] * (share[-1] - share[:-1]) * (right - left).square()
    between = torch.where((x[1:] > x[:-1]) & between.isfinite(), between, -1.0)
    if not len(between) or bool(between.max() < 0):
        return None
    k = int(between.argmax())
    level, height = float(left[k]), float(right[k] - left[k])
    return Numbers(1.0, -simplest_between(float(x[k]), float(x[k + 1])), height, level)


def simplest_between(lower: float, upper: float) -> float:
    """The fraction of least denominator from `lower` to below `upper`, else their middle.

    >>> simplest_between(0.298, 0.301)
    0.3
    """
    for bottom in _DENOMINATORS:
        top = ceil(lower * bottom)
        if top < upper * bottom:
            return (
                0 if lower <= 0 < upper else top if lower > 0 else floor(upper * bottom)
            ) / bottom
    return (lower + upper) / 2
