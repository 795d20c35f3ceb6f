"""Collective operations of several processes: sums, gathers and agreement.

Without `torchrun` there is one process, and all of this costs nothing.

Source: Li et al. 2020, PyTorch Distributed, arXiv 2006.15704.
"""

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import FunctionCtx


def count() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this is."""
    return dist.get_rank() if count() > 1 else 0


def total(own: Float[Tensor, "*_"]) -> Float[Tensor, "*_"]:
    """The sum over all processes, the same bits in each; every process has to ask for it."""
    summed = own.clone()
    if count() > 1:
        dist.all_reduce(summed)
    return summed


def any_process(flag: bool) -> bool:
    """Whether any process says so; every process has to ask."""
    return flag if count() == 1 else bool(total(torch.tensor(float(flag))) > 0.0)


def gather(own: Float[Tensor, "*_"], rows: Int[Tensor, " _"], length: int) -> Float[Tensor, "*_"]:
    """All rows, in every process, from those that each has; nothing is added to them but zeros."""
    whole = own.new_zeros(length, *own.shape[1:])
    whole[rows] = own
    return total(whole)


def sum_gradients(theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """The same θ, whose gradient is the sum of what each process has."""
    summed = _SumGradients.apply(theta)
    assert isinstance(summed, Tensor)
    return summed


def assemble(own: Float[Tensor, " _"], rows: Int[Tensor, " _"], length: int) -> Float[Tensor, " r"]:
    """`gather`, through which gradients flow to each process's own rows."""
    whole = _Assemble.apply(own, rows, length)
    assert isinstance(whole, Tensor)
    return whole


class _SumGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, theta: Tensor) -> Tensor:  # noqa: ARG004 (nothing to keep)
        return theta.clone()

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        return total(gradients[0])


class _Assemble(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, own: Tensor, rows: Tensor, length: int) -> Tensor:
        ctx.save_for_backward(rows)
        return gather(own, rows, length)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (rows,) = ctx.saved_tensors  # pyright: ignore[reportAttributeAccessIssue] torch adds it
        return gradients[0][rows], None, None
