"""Autograd of functions with closed-form derivatives, to any order."""

from collections.abc import Callable
from typing import Any, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor

Evaluate: TypeAlias = Callable[
    [Float[Tensor, "in n"], Float[Tensor, "in _"], int], Float[Tensor, "k in b n"]
]
"""Derivatives 0 to `order` of b functions of every node, from x, the nodes' knots and `order`."""

Univariate: TypeAlias = Callable[[Float[Tensor, "*n"], int], Float[Tensor, " k *n"]]
"""Derivatives 0 to `order` of one function, from x and `order`."""


# Any: torch makes these objects itself, from classes that it neither exports nor describes.
Context: TypeAlias = Any
"""What passes from the way forward to the way back; it carries whatever is put there."""

Info: TypeAlias = Any
"""What `torch.vmap` tells of itself: `batch_size`."""


def derivatives(
    evaluate: Evaluate, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int
) -> Float[Tensor, "k in b n"]:
    """`evaluate(x, knots, order)`, differentiable in x: one order's derivative is the next.

    Knots count as constants.
    """
    if is_plain():
        return evaluate(x.contiguous(), knots, order)
    values: Tensor = _Derivatives.apply(x, knots, order, evaluate)
    return values


def is_plain() -> bool:
    """Whether nobody asks for gradients, nor maps over anything: `apply` costs as much as values.

    The latter as `torch.autograd.Function.apply` itself finds out; there is no public way.
    """
    if torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage] documented so
        # A trace holds operations, not functions of ours.
        return True
    mapped = torch._C._are_functorch_transforms_active()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] no public way
    return not (torch.is_grad_enabled() or mapped)


def is_traced() -> bool:
    """Whether operations are recorded, to be run later on other points."""
    tracing = torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage] documented so
    return torch.compiler.is_compiling() or tracing


def write(operation: Callable[..., Tensor], *arguments: Tensor | float, out: Tensor) -> None:
    """Put the result of an operation into a part of an array."""
    if is_traced():
        # torch.compile refuses `out` where it is not contiguous.
        out.copy_(operation(*arguments))
    else:
        operation(*arguments, out=out)


def spread(tensor: Tensor, dim: int | None, to: int, many: int) -> Tensor:
    """The tensor with its dimension mapped over moved; where there is none (None), repeated."""
    if dim is not None:
        return tensor.movedim(dim, to)
    return tensor.unsqueeze(to).expand(*tensor.shape[:to], many, *tensor.shape[to:])


@final
class _Derivatives(torch.autograd.Function):
    """Derivatives 0 to k, with derivatives 1 to k+1 as their slopes."""

    @staticmethod
    def forward(x: Tensor, knots: Tensor, order: int, evaluate: Evaluate) -> Tensor:
        return evaluate(x.contiguous(), knots, order)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004 (torch names it)
        x, knots, ctx.order, ctx.evaluate = inputs
        ctx.save_for_backward(x, knots)
        ctx.save_for_forward(x, knots)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        return (gradient * _slopes(ctx)).sum(dim=(0, 2)), None, None, None

    @staticmethod
    def jvp(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, tangent: Tensor, *_: Tensor | None
    ) -> Tensor:
        return _slopes(ctx) * tangent.unsqueeze(1)

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        info: Info,
        in_dims: tuple[Any, ...],  # Any: nested for the arguments that hold no tensor
        x: Tensor,
        knots: Tensor,
        order: int,
        evaluate: Evaluate,
    ) -> tuple[Tensor, int]:
        many = info.batch_size
        if in_dims[1] is None:
            wide = spread(x, in_dims[0], 1, many).flatten(1)
            return derivatives(evaluate, wide, knots, order).unflatten(-1, (many, -1)), 3
        x = spread(x, in_dims[0], 0, many).flatten(0, 1)
        knots = spread(knots, in_dims[1], 0, many).flatten(0, 1)
        return derivatives(evaluate, x, knots, order).unflatten(1, (many, -1)), 1


def _slopes(ctx: Context) -> Tensor:
    x, knots = ctx.saved_tensors
    return derivatives(ctx.evaluate, x, knots, ctx.order + 1)[1:]
