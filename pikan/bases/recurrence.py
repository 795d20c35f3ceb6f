"""Polynomials by a three-term recurrence on an interval, with derivatives of any order."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.autograd import is_traced


def three_term_recurrence(
    x: Float[Tensor, "in n"],
    interval: Float[Tensor, "in 2"],
    steps: Sequence[tuple[float, float, float]],
    order: int,
    spare: int = 0,
) -> Float[Tensor, "k in b n"]:
    """p_0 = 1, p_(j+1) = (a z + b) p_j - c p_(j-1), with derivatives in x of order 0 to `order`.

    `steps` holds (a, b, c) for j = 0, 1, ... and z runs from -1 to 1 over the interval, its slope
    s. Differentiated k times: p_(j+1)^(k) = (a z + b) p_j^(k) + a k s p_j^(k-1) - c p_(j-1)^(k).
    Places for spare functions come last.
    """
    slope = 2 / (interval[:, 1:] - interval[:, :1])
    z = (x - interval.mean(dim=1, keepdim=True)) * slope
    slopes = slope * torch.arange(1, order + 1).to(x).reshape(-1, 1, 1)
    if is_traced():
        return _functions_without_writes(z, slopes, steps, spare)
    values = x.new_empty(order + 1, x.shape[0], len(steps) + 1 + spare, x.shape[1])
    values[:, :, :2] = 0
    values[0, :, 0] = 1
    # All views at once: with few points, taking one costs as much as a step of the recurrence.
    functions, lower, higher = (part.unbind(2) for part in (values, values[:-1], values[1:]))
    for j, (a, b, c) in enumerate(steps):
        following = functions[j + 1]
        if j > 0:
            torch.mul(functions[j - 1], -c, out=following)
        following.addcmul_(functions[j], z, value=a)
        if b != 0:
            following.add_(functions[j], alpha=b)
        if order > 0:
            higher[j + 1].addcmul_(lower[j], slopes, value=a)
    return values


def _functions_without_writes(
    z: Float[Tensor, "in n"],
    slopes: Float[Tensor, " k in 1"],
    steps: Sequence[tuple[float, float, float]],
    spare: int,
) -> Float[Tensor, "_ in b n"]:
    """The same in operations without writes into a part of an array.

    What records them for elsewhere turns every write into a copy of the whole array.
    """
    before = z.new_zeros(len(slopes) + 1, *z.shape)
    function = torch.cat([torch.ones_like(z)[None], before[1:]])
    nothing, functions = before[:1], [function]
    for a, b, c in steps:
        following = (a * z + b) * function - c * before
        if len(slopes) > 0:
            following = following + a * torch.cat([nothing, function[:-1] * slopes])
        before, function = function, following
        functions.append(function)
    functions += [torch.zeros_like(function)] * spare
    return torch.stack(functions, dim=2)
