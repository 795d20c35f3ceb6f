"""How a learning rate changes over a stage: a factor for each fraction of it that is done."""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]

# Both are customary values: a rate that ends at a hundredth of its start, and a twentieth of the
# stage to warm up in.
LAST = 0.01
WARM = 0.05


def constant(done: float) -> float:
    """One throughout.

    >>> constant(0.3)
    1.0
    """
    return done**0


def cosine(done: float) -> float:
    """Half a period of a cosine, from one to zero.

    Source: Loshchilov and Hutter 2017, arXiv 1608.03983, equation (5), without restarts.

    >>> cosine(0.0), cosine(1.0)
    (1.0, 0.0)
    """
    return 0.5 * (1.0 + math.cos(math.pi * done))


def exponential(done: float) -> float:
    """A constant relative decay, from one to a hundredth.

    >>> exponential(0.5)
    0.1
    """
    return LAST**done


def warmup_cosine(done: float) -> float:
    """A straight rise to one over the first twentieth, then `cosine` over the rest.

    >>> warmup_cosine(0.025), warmup_cosine(0.05), warmup_cosine(1.0)
    (0.5, 1.0, 0.0)
    """
    return done / WARM if done < WARM else cosine((done - WARM) / (1.0 - WARM))
