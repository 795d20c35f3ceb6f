"""What two levels of a climb say of the error of the higher one."""

import torch

from pikan.solving.level import distance
from pikan.solving.misfit import Misfit
from pikan.solving.rung import Rung
from pikan.solving.tails import tail

# Residuals of this part of their terms are those of a solution that is nearly resolved.
_MISFIT = 1e-5


def remaining(lower: Rung, rung: Rung, misfit: Misfit) -> float:
    """The relative L2 error of `rung`, as far as it shows without knowing the solution.

    What `lower` misses is the difference between the two. `rung` misses as much less as its last
    coefficients are smaller, but no less than its own highest orders add, than it leaves of its
    equations, and than rounding, ε times the degree, or its square in systems: an unknown that
    is known by its derivatives alone, as a pressure is, is as far off as these, which are larger
    by up to the square of the degree (Markov). Where every degree has risen and equations and
    conditions hold, the difference bounds it; where one has not, what that one misses is in neither
    level, and what contradicts itself is in both.
    """
    difference = distance(lower.values, rung.values)
    before, after = (max(tail(decay) for decay in one.decay) for one in (lower, rung))
    share = min(after / before, 1.0) if before > 0.0 else 1.0
    eps = torch.finfo(rung.values.dtype).eps
    size = max(len(decay) for decay in rung.decay)
    rounding = eps * (size if rung.values.shape[1] == 1 else size**2)
    own = max(rung.truncation, misfit.relative, rounding)
    error = max(share * difference, own)
    pairs = zip(lower.decay, rung.decay, strict=True)
    risen = all(len(low) < len(high) for low, high in pairs)
    bounded = risen and misfit.relative <= _MISFIT
    return max(min(error, difference) if bounded else error, eps)
