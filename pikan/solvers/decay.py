"""Coefficient decay of a tensor-product expansion, and the degrees that follow."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

# Odd and even solutions leave every other coefficient empty: the last three always show the tail.
_TAIL = 3
# A tail this much shorter than another may be noise of the other.
_NOISE = 0.03
# A level looks no further ahead than this: what is not resolved bends the decay.
_STEP = 1e-5
# Beside another unknown, one that is this much smaller is zero.
_ROUNDING = 1e-11


def coefficient_decay(
    coefficients: Float[Tensor, "q m"], sizes: tuple[int, ...], axis: int
) -> Float[Tensor, " b"]:
    """The largest coefficient of each order along an axis, relative to each unknown's largest.

    Those of an unknown that is zero but for rounding are relative to the largest of all.
    """
    whole = coefficients.detach().abs().view(*sizes, -1)
    largest = whole.amax(dim=tuple(range(len(sizes))), keepdim=True)
    every = largest.max()
    scale = torch.where(largest > _ROUNDING * every, largest, every)
    relative = whole / torch.where(scale > 0, scale, torch.ones_like(scale))
    others = tuple(k for k in range(relative.ndim) if k != axis)
    return relative.amax(dim=others) if others else relative


def tail_size(decay: Float[Tensor, " b"]) -> float:
    """The size of the last coefficients: how much of the solution the degree leaves out."""
    return float(decay[-_TAIL:].max())


def next_degree(decay: Float[Tensor, " b"], tolerance: float) -> int:
    """The degree at which the coefficients, decaying as they do, fall below the tolerance.

    The decay is taken as geometric between the middle and the end. A degree at most doubles,
    and where no decay is to be seen yet it grows by half.
    """
    degree = len(decay) - 1
    end = tail_size(decay)
    if end <= tolerance:
        return degree
    middle = float(decay[degree // 2 :].max())
    rate = math.log(max(middle, end) / end) / max(degree - degree // 2 - 1, 1)
    if rate < 0.05:
        return degree + max(3, degree // 2)
    missing = math.ceil(math.log(end / tolerance) / rate)
    return degree + min(max(3, missing), max(3, degree))


def next_degrees(decays: Sequence[Float[Tensor, " _"]], tolerance: float) -> tuple[int, ...]:
    """The degrees along all axes; first those rise whose tails are about the longest.

    What is not resolved along one axis makes noise along the others, and their degrees would
    rise for nothing.
    """
    longest = max(tail_size(decay) for decay in decays)
    return tuple(
        next_degree(decay, max(tolerance, _STEP * longest))
        if tail_size(decay) >= _NOISE * longest
        else len(decay) - 1
        for decay in decays
    )
