"""Fixed functions of one variable with derivatives of any order."""

from collections.abc import Callable, Mapping
from math import comb
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.architecture import FunctionName

Activation: TypeAlias = Callable[[Float[Tensor, "*n"], int], Float[Tensor, " k *n"]]
"""Values and derivatives 0 to `order` of a function, stacked in front."""


def tanh(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The hyperbolic tangent with its derivatives, from y' = 1 - y².

    >>> tanh(torch.zeros(1), order=1)[:, 0].tolist()
    [0.0, 1.0]
    """
    return torch.stack(_derivatives(torch.tanh(x), 1.0, 0.0, order))


def silu(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function x / (1 + exp(-x)) with its derivatives; the base function of a KAN.

    (x s)^(k) = x s^(k) + k s^(k-1) with the logistic function s, for which s' = s - s².

    Source: Liu et al. 2024, arXiv 2404.19756, Eq. (2.11).

    >>> silu(torch.zeros(1), order=2)[:, 0].tolist()
    [0.0, 0.5, 0.5]
    """
    logistic = _derivatives(torch.sigmoid(x), 0.0, 1.0, order)
    rows = [x * each for each in logistic]
    for k, lower in enumerate(logistic[:-1], start=1):
        rows[k] = torch.add(rows[k], lower, alpha=k)
    return torch.stack(rows)


def identity(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function x.

    >>> identity(torch.ones(1), order=2)[:, 0].tolist()
    [1.0, 1.0, 0.0]
    """
    rows = [x, torch.ones_like(x), *[torch.zeros_like(x)] * (order - 1)]
    return torch.stack(rows[: order + 1])


def _derivatives(
    y: Float[Tensor, "*n"], constant: float, linear: float, order: int
) -> list[Float[Tensor, "*n"]]:
    """A function with y' = c + l y - y² and its derivatives up to `order`.

    y'' = (l - 2 y) y', and with a = l² + 4 c, y''' = (a - 6 y') y' and y'''' = (a - 12 y') y'';
    further by Leibniz' rule.
    """
    factor = linear**2 + 4 * constant
    derivatives = [y]
    if order >= 1:
        derivatives.append((linear - y) * y + constant)
    if order >= 2:
        derivatives.append((linear - 2 * y) * derivatives[1])
    if order >= 3:
        derivatives.append((factor - 6 * derivatives[1]) * derivatives[1])
    if order >= 4:
        derivatives.append((factor - 12 * derivatives[1]) * derivatives[2])
    for k in range(4, order):
        square = [comb(k, j) * derivatives[j] * derivatives[k - j] for j in range(k + 1)]
        derivatives.append(linear * derivatives[k] - torch.stack(square).sum(dim=0))
    return derivatives


ACTIVATIONS: Mapping[FunctionName, Activation] = {"identity": identity, "silu": silu, "tanh": tanh}
"""The functions by the names that files have for them."""
