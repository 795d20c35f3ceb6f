"""The gradient of the loss ½|r|², by one backward pass through an evaluated residual."""

import torch
from jaxtyping import Float
from torch import Tensor


def gradient(
    rows: Float[Tensor, " r"], theta: Float[Tensor, " p"], again: bool = False
) -> Float[Tensor, " p"]:
    """∇ ½|rows|² with respect to `theta`, on which the rows hang; `again` keeps their graph."""
    return torch.autograd.grad(0.5 * rows.square().sum(), theta, retain_graph=again)[0]


def finite(values: Float[Tensor, "*_"]) -> bool:
    """Whether all values are finite."""
    return bool(values.isfinite().all())
