"""The chain rule from nodes to functions of them, as one differentiable step."""

from functools import partial
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.jets.autograd import Context, Evaluate, Info, Univariate, is_plain, spread
from pikan.jets.jet import ChainRule, Jet, bell, chain_rule
from pikan.jets.kernels import composition, product, toward_inner, transposed_product


def functions(basis: Basis, inner: Jet, *others: Univariate) -> Float[Tensor, "a n in b"]:
    """The jets of all functions of a basis, each of its own node, and of others after them.

    What `compose` makes of their derivatives, only quicker, above all to differentiate.
    """
    jets = chain(inner.values.mT, basis.knots, chain_rule(inner.indices), 0, family(basis, *others))
    return jets.permute(2, 3, 0, 1)


def apply(function: Univariate, inner: Jet) -> Jet:
    """The jets of one and the same function of every node."""
    values = inner.values.mT
    none = torch.empty(values.shape[1], 0, dtype=values.dtype, device=values.device)

    def alone(x: Float[Tensor, "in n"], _: Tensor, order: int) -> Float[Tensor, "k in 1 n"]:
        return function(x, order).unsqueeze(2)

    jets = chain(values, none, chain_rule(inner.indices), 0, alone)
    return Jet(inner.indices, jets.squeeze(1).permute(1, 2, 0))


def family(basis: Basis, *others: Univariate) -> Evaluate:
    """The functions of a basis and others after them, the same for all nodes, as one."""
    return partial(_with_others, basis, others) if others else basis.evaluate


def _with_others(
    basis: Basis,
    others: tuple[Univariate, ...],
    x: Float[Tensor, "in n"],
    knots: Float[Tensor, "in _"],
    order: int,
) -> Float[Tensor, "k in b n"]:
    values = basis.evaluate(x, knots, order, spare=len(others))
    for place, other in enumerate(others, start=basis.size):
        values[:, :, place] = other(x, order)
    return values


def chain(
    values: Float[Tensor, " a in n"],
    knots: Float[Tensor, "in _"],
    rule: ChainRule,
    shift: int,
    evaluate: Evaluate,
) -> Float[Tensor, "in b a n"]:
    """The jets f^(s)(g) of the functions' derivatives of order s, the shift."""
    return with_derivatives(values, knots, rule, shift, evaluate)[0]


def with_derivatives(
    values: Float[Tensor, " a in n"],
    knots: Float[Tensor, "in _"],
    rule: ChainRule,
    shift: int,
    evaluate: Evaluate,
) -> tuple[Float[Tensor, "in b a n"], Float[Tensor, "k in b n"]]:
    """The same, and the derivatives from order s on that they and their slopes are made of."""
    if is_plain():
        return _Chain.forward(values, knots, rule, shift, evaluate)
    jets, known = _Chain.apply(values, knots, rule, shift, evaluate)
    return jets, known


@final
class _Chain(torch.autograd.Function):
    """f^(s)(g), which changes by f^(s+1)(g) times the change of g, a product of jets.

    The second output, the derivatives of f that were needed and one more, spares the way back from
    evaluating them again. It counts as a constant: where the way back has to be differentiable
    itself they are evaluated anew.
    """

    @staticmethod
    def forward(
        values: Tensor,
        knots: Tensor,
        rule: ChainRule,
        shift: int,
        evaluate: Evaluate,
    ) -> tuple[Tensor, Tensor]:
        known = evaluate(values[0].contiguous(), knots, len(rule.starts) + shift)[shift:]
        return composition(known[:-1], bell(rule, values)), known

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        *tensors, ctx.rule, ctx.shift, ctx.evaluate = inputs
        ctx.mark_non_differentiable(output[1])
        # Otherwise torch makes a gradient of zeros for the second output, as large as that is.
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, output[1])
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Tensor | None, _: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        if gradient is None:
            return (None,) * 5
        values, knots, known = ctx.saved_tensors
        if torch.is_grad_enabled():
            slopes = chain(values, knots, ctx.rule, ctx.shift + 1, ctx.evaluate)
            return transposed_product(slopes, gradient, ctx.rule.indices), *(None,) * 4
        polynomials = bell(ctx.rule, values)
        return toward_inner(gradient, known, values, polynomials, ctx.rule), *(None,) * 4

    @staticmethod
    def jvp(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, change: Tensor, *_: Tensor | None
    ) -> tuple[Tensor, None]:
        values, knots = ctx.saved_tensors[:2]
        slopes = chain(values, knots, ctx.rule, ctx.shift + 1, ctx.evaluate)
        return product(slopes, change, ctx.rule.indices), None

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        info: Info,
        in_dims: tuple[Any, ...],  # Any: nested for the arguments that hold no tensor
        values: Tensor,
        knots: Tensor,
        *rest: Any,  # noqa: ANN401 (as they come)
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        many = info.batch_size
        if in_dims[1] is None:
            wide = spread(values, in_dims[0], 2, many).flatten(2)
            jets, known = with_derivatives(wide, knots, *rest)
            return (jets.unflatten(-1, (many, -1)), known.unflatten(-1, (many, -1))), (3, 3)
        values = spread(values, in_dims[0], 1, many).flatten(1, 2)
        knots = spread(knots, in_dims[1], 0, many).flatten(0, 1)
        jets, known = with_derivatives(values, knots, *rest)
        return (jets.unflatten(0, (many, -1)), known.unflatten(1, (many, -1))), (0, 1)
