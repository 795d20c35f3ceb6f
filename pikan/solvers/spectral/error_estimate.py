"""A-posteriori error estimate of a level, from it and those before."""

from collections.abc import Sequence
from math import log, prod

import torch

from pikan.residuals.relative_residual import RelativeResidual
from pikan.solvers.decay import tail_size
from pikan.solvers.level import distance
from pikan.solvers.spectral.level import Level

# Residuals of this part of their terms are those of a solution that is nearly resolved.
_MISFIT = 1e-5
# Levels with so many times fewer functions along an axis are different, and tell of a rate.
_FEWER, _FAR = 1.15, 1.35
# As many rates are compared. Levels that approach the last one no faster than by the lower of these
# powers of the degree may go anywhere, and faster than by the upper one they may do so by chance;
# where coefficients fall like powers the error is known to this factor.
_RATES, _SLOWEST, _FASTEST, _CAUTION = 3, 0.5, 2.0, 2.0


def error_estimate(lower: Level, level: Level, relative_residual: RelativeResidual) -> float:
    """The relative L2 error of `level`, as far as it shows without knowing the solution.

    What `lower` misses is the difference between the two. `level` misses as much less as its last
    coefficients are smaller, but no less than its own highest orders add, than it leaves of its
    equations, and than rounding, ε times the degree, or its square in systems: an unknown that
    is known by its derivatives alone, as a pressure is, is as far off as these, which are larger
    by up to the square of the degree (Markov). Where every degree has risen and equations and
    conditions hold, the difference bounds it; where one has not, what that one misses is in neither
    level, and what contradicts itself is in both. Where they do not hold, as beside a kink, the
    coefficients fall like powers, and all that follow add about as much as the last ones.
    """
    difference = distance(lower.values, level.values)
    before, after = (max(tail_size(decay) for decay in one.decay) for one in (lower, level))
    share = min(after / before, 1.0) if before > 0.0 else 1.0
    eps = torch.finfo(level.values.dtype).eps
    size = max(len(decay) for decay in level.decay)
    rounding = eps * (size if level.values.shape[1] == 1 else size**2)
    own = max(level.truncation, relative_residual.relative, rounding)
    resolved = relative_residual.relative <= _MISFIT
    error = max(share * difference, own) * (1.0 if resolved else _CAUTION)
    pairs = zip(lower.decay, level.decay, strict=True)
    risen = all(len(low) < len(high) for low, high in pairs)
    return max(min(error, difference) if risen and resolved else error, eps)


def extrapolated_error(levels: Sequence[Level], negligible: float) -> float | None:
    """The relative L2 error of the last level where those before approach it algebraically.

    For error = C degree^-rate, as where a solution has a kink; of some rates the slowest. Axes
    along which the last coefficients are `negligible` do not count. None where levels are too few,
    or do not come nearer to the last one.

    Source: Roache 1997, doi 10.1146/annurev.fluid.29.1.123, on Richardson's extrapolation.
    """
    last = levels[-1]
    tails = [tail_size(decay) for decay in last.decay]
    least = min(negligible, 0.5 * max(tails))
    counting = [axis for axis, size in enumerate(tails) if size >= least]

    def size(level: Level) -> float:
        return prod(len(level.decay[axis]) for axis in counting) ** (1.0 / len(counting))

    def coarser(than: Level, factor: float) -> list[Level]:
        return [
            one
            for one in levels
            if size(one) * factor <= size(than)
            and all(len(one.decay[axis]) < len(than.decay[axis]) for axis in counting)
        ]

    near = coarser(last, _FEWER)
    far = coarser(near[-1], _FAR)[-_RATES:] if near else []
    difference = distance(near[-1].values, last.values) if near else 0.0
    if not far or difference == 0.0:
        return None
    rates = [
        log(distance(one.values, last.values) / difference) / log(size(near[-1]) / size(one))
        for one in far
    ]
    if not min(rates) > _SLOWEST:
        return None
    share = (size(near[-1]) / size(last)) ** min(*rates, _FASTEST)
    return max(_CAUTION * difference * share / (1.0 - share), last.truncation)
