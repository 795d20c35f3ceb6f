"""Weighted sums of all functions of all nodes, a layer of a KAN, as one quick step."""

from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.compose import chain, family, with_derivatives
from pikan.jets.autograd import Context, Evaluate, Info, Univariate, is_plain, is_traced, spread
from pikan.jets.jet import ChainRule, Jet, bell, chain_rule
from pikan.jets.kernels import (
    composition,
    product,
    toward_derivatives,
    toward_inner,
    transposed_product,
)

# Function values that are worked on at a time. A layer of 64 by 64 nodes takes a fifth less time
# in pieces of this size than in one, since they find their memory in cache; small ones no more.
PIECE = 400_000

# Of what is freed, glibc keeps at hand up to twice the largest block that was, blocks up to 32 MiB
# counting [mallopt(3), M_MMAP_THRESHOLD]. The rest is taken anew page by page in every step, which
# takes up to a third of its time. A block that is never written to takes no memory itself.
BLOCK = 2**25 - 2**12


def sums(basis: Basis, inner: Jet, weights: Float[Tensor, "_ out"], *others: Univariate) -> Jet:
    """The same as `functions(basis, inner, *others).flatten(-2) @ weights`, only quicker."""
    by_node, evaluate = weights.unflatten(0, (basis.nodes, -1)), family(basis, *others)
    rule = chain_rule(inner.indices)
    if is_traced():
        # How many points there will be is not known here.
        parts = [inner.values]
    else:
        torch.empty(BLOCK, dtype=torch.uint8)
        parts = inner.values.split(max(1, PIECE // len(weights)), dim=1)
    pieces = [_sum(values.mT, basis.knots, by_node, rule, evaluate) for values in parts]
    totals = torch.cat(pieces, dim=-1) if len(pieces) > 1 else pieces[0]
    return Jet(inner.indices, totals.permute(1, 2, 0))


def _sum(
    values: Float[Tensor, " a in n"],
    knots: Float[Tensor, "in _"],
    weights: Float[Tensor, "in b out"],
    rule: ChainRule,
    evaluate: Evaluate,
) -> Float[Tensor, "out a n"]:
    if torch.compiler.is_dynamo_compiling():
        compiled: Tensor = _CompiledSums.apply(values, knots, weights, rule, evaluate)
        return compiled
    if is_plain():
        return _Sums.forward(values, knots, weights, rule, evaluate)[0]
    result: Tensor = _Sums.apply(values, knots, weights, rule, evaluate)[0]
    return result


def _together(
    jets: Float[Tensor, "in b a n"], weights: Float[Tensor, "in b out"]
) -> Float[Tensor, "out a n"]:
    """All functions of all nodes, summed with their weights."""
    total = weights.flatten(0, 1).mT @ jets.flatten(2).flatten(0, 1)
    return total.unflatten(1, jets.shape[2:])


@final
class _Sums(torch.autograd.Function):
    """Sums of f(g): first on each edge where edges are few, otherwise all at once.

    The other outputs spare the way back some work: the derivatives of f, and the weighted sums of
    them on each edge or the jets f(g). They count as constants: where the way back has to be
    differentiable itself, everything is made anew.
    """

    @staticmethod
    def forward(
        values: Tensor,
        knots: Tensor,
        weights: Tensor,
        rule: ChainRule,
        evaluate: Evaluate,
    ) -> tuple[Tensor, Tensor, Tensor]:
        known = evaluate(values[0].contiguous(), knots, len(rule.starts))
        polynomials = bell(rule, values)
        if _narrow(weights):
            on_edges = weights.mT @ known
            return composition(on_edges[:-1], polynomials).sum(dim=0), known, on_edges
        jets = composition(known[:-1], polynomials)
        return _together(jets, weights), known, jets

    @staticmethod
    def setup_context(
        ctx: Context, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        *tensors, ctx.rule, ctx.evaluate = inputs
        ctx.mark_non_differentiable(*output[1:])
        # Otherwise torch makes gradients of zeros for these outputs, as large as they are.
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *output[1:])
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Tensor | None, *_: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        if gradient is None:
            return (None,) * 5
        ways = _differentiable_ways if torch.is_grad_enabled() else _quick_ways
        to_values, to_weights = ways(ctx, gradient)
        return to_values, None, to_weights, None, None

    @staticmethod
    def jvp(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, to_values: Tensor | None, _: None, to_weights: Tensor | None, *__: None
    ) -> tuple[Tensor, None, None]:
        values, knots, weights = ctx.saved_tensors[:3]
        changes: list[Tensor] = []
        if to_values is not None:
            slopes = chain(values, knots, ctx.rule, 1, ctx.evaluate)
            changes.append(_together(product(slopes, to_values, ctx.rule.indices), weights))
        if to_weights is not None:
            jets = chain(values, knots, ctx.rule, 0, ctx.evaluate)
            changes.append(_together(jets, to_weights))
        return sum(changes[1:], start=changes[0]), None, None

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        info: Info,
        in_dims: tuple[Any, ...],  # Any: nested for the arguments that hold no tensor
        values: Tensor,
        knots: Tensor,
        weights: Tensor,
        rule: ChainRule,
        evaluate: Evaluate,
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        many = info.batch_size
        if in_dims[1] is None and in_dims[2] is None:
            wide = spread(values, in_dims[0], 2, many).flatten(2)
            found = _Sums.apply(wide, knots, weights, rule, evaluate)
            return tuple(each.unflatten(-1, (many, -1)) for each in found), (2, 3, 3)
        values = spread(values, in_dims[0], 1, many).flatten(1, 2)
        knots = spread(knots, in_dims[1], 0, many).flatten(0, 1)
        weights = spread(weights, in_dims[2], 0, many)
        jets, known = with_derivatives(values, knots, rule, 0, evaluate)
        jets, known = jets.unflatten(0, (many, -1)), known.unflatten(1, (many, -1))
        total = weights.flatten(1, 2).mT @ jets.flatten(1, 2).flatten(2)
        result = total.unflatten(2, jets.shape[3:])
        if _narrow(weights):
            return (result, known, weights.mT @ known), (0, 1, 1)
        return (result, known, jets), (0, 1, 0)


@final
class _CompiledSums(torch.autograd.Function):
    """The same for torch.compile, which takes no function that has a `jvp`: differentiable once."""

    @staticmethod
    def forward(
        ctx: Context,
        values: Tensor,
        knots: Tensor,
        weights: Tensor,
        rule: ChainRule,
        evaluate: Evaluate,
    ) -> Tensor:
        sums, known, rest = _Sums.forward(values, knots, weights, rule, evaluate)
        ctx.rule, ctx.evaluate = rule, evaluate
        ctx.save_for_backward(values, knots, weights, known, rest)
        return sums

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        to_values, to_weights = _quick_ways(ctx, gradient)
        return to_values, None, to_weights, None, None


def _narrow(weights: Tensor) -> bool:
    """Whether a node has no more edges than functions."""
    return weights.shape[-1] <= weights.shape[-2]


def _quick_ways(ctx: Context, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """The gradients with respect to values and weights from what the way forward has left."""
    values, _, weights, known, made = ctx.saved_tensors
    rule, polynomials = ctx.rule, bell(ctx.rule, values)
    to_values = to_weights = None
    if not _narrow(weights):
        if ctx.needs_input_grad[0]:
            on_functions = _spread_back(gradient, weights)
            to_values = toward_inner(on_functions, known, values, polynomials, rule)
        if ctx.needs_input_grad[2]:
            to_weights = _toward_weights(gradient, made)
        return to_values, to_weights
    on_edges = gradient.unsqueeze(0)
    if ctx.needs_input_grad[0]:
        to_values = toward_inner(on_edges, made, values, polynomials, rule)
    if ctx.needs_input_grad[2]:
        rows = toward_derivatives(on_edges, polynomials)
        to_weights = known[0] @ rows[0].mT
        for own, row in zip(known[1:], rows[1:], strict=False):
            to_weights = torch.baddbmm(to_weights, own, row.mT)
    return to_values, to_weights


def _differentiable_ways(ctx: Context, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """The same by steps that can be differentiated."""
    values, knots, weights = ctx.saved_tensors[:3]
    to_values = to_weights = None
    if ctx.needs_input_grad[0]:
        slopes = chain(values, knots, ctx.rule, 1, ctx.evaluate)
        to_values = transposed_product(slopes, _spread_back(gradient, weights), ctx.rule.indices)
    if ctx.needs_input_grad[2]:
        jets = chain(values, knots, ctx.rule, 0, ctx.evaluate)
        to_weights = _toward_weights(gradient, jets)
    return to_values, to_weights


def _spread_back(
    gradient: Float[Tensor, "out a n"], weights: Float[Tensor, "in b out"]
) -> Float[Tensor, "in b a n"]:
    """The gradient with respect to the jets in `_together`."""
    return (weights @ gradient.flatten(1)).unflatten(2, gradient.shape[1:])


def _toward_weights(
    gradient: Float[Tensor, "out a n"], jets: Float[Tensor, "in b a n"]
) -> Float[Tensor, "in b out"]:
    """The gradient with respect to the weights in `_together`."""
    return jets.flatten(2) @ gradient.flatten(1).mT
