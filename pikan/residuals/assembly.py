"""Rows of r as a function of all parameters, and their Jacobian."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import grad, vmap

from pikan.jets.jet import Jet, MultiIndex, by_index
from pikan.network import backpropagation
from pikan.network.base import Network
from pikan.network.kan import FirstFunctions, KANNetwork
from pikan.network.parameters import parameter_dict
from pikan.network.trial import TrialInputs, TrialNetwork
from pikan.residuals.batched_calls import (
    BatchedCall,
    calls_for,
    functional_partials,
    precompute_inputs,
)
from pikan.residuals.terms import Partials, Term

Answers = Sequence[Mapping[MultiIndex, Float[Tensor, "_ m"]]]


class Rows(NamedTuple):
    """Some rows of r as a function of θ, and their Jacobian."""

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]


def assemble_rows(network: Network, terms: Sequence[Term], factors: Sequence[float]) -> Rows:
    """The rows of terms; what follows from the points alone is made once, here."""
    with torch.no_grad():
        calls = calls_for(terms, network)
        fixed = _fixed_parts(network, calls)

    def one_term(theta: Float[Tensor, " p"], term: Term) -> Float[Tensor, " n"]:
        values = parameter_dict(network, theta)
        return term.residual(
            tuple(
                functional_partials(
                    network, values, precompute_inputs(network, points, term.needed_partials(place))
                )
                for place, points in enumerate(term.points)
            )
        )

    def assemble(found: Answers) -> Float[Tensor, " r"]:
        fields: list[list[Partials]] = [[{}] * len(term.points) for term in terms]
        for call, answer in zip(calls, found, strict=True):
            for (term, place), rows in zip(call.point_sets, call.rows, strict=True):
                fields[term][place] = {index: made[rows] for index, made in answer.items()}
        return torch.cat(
            [
                factor * term.residual(tuple(given))
                for term, given, factor in zip(terms, fields, factors, strict=True)
            ]
        )

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        values = parameter_dict(network, theta)
        return assemble([functional_partials(network, values, call.inputs) for call in calls])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        theta = theta.detach()
        if fixed:
            return _layer_by_layer(network, fixed, theta, calls, terms, assemble)
        return torch.cat(
            [
                factor * _row_by_row(one_term, theta, term)
                for term, factor in zip(terms, factors, strict=True)
            ]
        )

    return Rows(residual, jacobian)


def _fixed_parts(
    network: Network, calls: Sequence[BatchedCall]
) -> tuple[backpropagation.FixedPart, ...]:
    """The way of each call into a KAN all of whose edges are learned; none into other networks."""
    inner = network.network if isinstance(network, TrialNetwork) else network
    if not isinstance(inner, KANNetwork) or any(len(each.symbolic) for each in inner.layers()):
        return ()
    begun = (call.inputs for call in calls)
    entering = (one.inner if isinstance(one, TrialInputs) else one for one in begun)
    return tuple(
        backpropagation.fixed_part(inner, first)
        for first in entering
        if isinstance(first, FirstFunctions)
    )


def _layer_by_layer(
    network: Network,
    fixed: Sequence[backpropagation.FixedPart],
    theta: Float[Tensor, " p"],
    calls: Sequence[BatchedCall],
    terms: Sequence[Term],
    assembled: Callable[[Answers], Float[Tensor, " r"]],
) -> Float[Tensor, "r p"]:
    """The Jacobian of all terms by one backward pass, since rows depend on few points each.

    The gradient of the sum of all rows with respect to the unknowns at a point holds what each
    row changes with them; the network takes it to the parameters, point by point. See
    `scripts/jacobian_cost.py` for what this spares.
    """
    evaluated = [backpropagation.evaluate(each, theta) for each in fixed]
    with torch.enable_grad():
        nodes = [
            Jet(each.last.indices, each.last.values.detach().requires_grad_()) for each in evaluated
        ]
        fields = list[Mapping[MultiIndex, Float[Tensor, "n m"]]]()
        for each, last, call in zip(fixed, nodes, calls, strict=True):
            field = each.network.outputs(last)
            # The unknowns are what a KAN gives, or what a trial solution makes of it.
            if isinstance(call.inputs, TrialInputs):
                assert isinstance(network, TrialNetwork)
                field = network.around(call.inputs, field)
            fields.append(by_index(field))
        total = assembled(fields).sum()
        leaves = [last.values for last in nodes]
        gradients = torch.autograd.grad(total, leaves, materialize_grads=True)
    ends = list(accumulate((len(term.points[0]) for term in terms), initial=0))
    jacobian = theta.new_zeros(ends[-1], len(theta))
    for call, evaluation, gradient in zip(calls, evaluated, gradients, strict=True):
        block = backpropagation.jacobian(evaluation, gradient.permute(2, 0, 1).unsqueeze(0))
        for (term, _), rows in zip(call.point_sets, call.rows, strict=True):
            jacobian[ends[term] : ends[term + 1]] += block[rows, 0]
    return jacobian


def _row_by_row(
    one_term: Callable[[Float[Tensor, " p"], Term], Float[Tensor, " n"]],
    theta: Float[Tensor, " p"],
    term: Term,
) -> Float[Tensor, "n p"]:
    """The Jacobian of a term, whose rows depend on one point each: one gradient per row."""
    columns = {name: value for name, value in term.known.items() if isinstance(value, Tensor)}

    def row(
        theta: Float[Tensor, " p"],
        places: tuple[Float[Tensor, " d"], ...],
        known: Mapping[str, Float[Tensor, ""]],
    ) -> Float[Tensor, ""]:
        alone = replace(
            term,
            points=tuple(point[None] for point in places),
            known={**term.known, **{name: value[None] for name, value in known.items()}},
        )
        return one_term(theta, alone).squeeze(0)

    return vmap(grad(row), in_dims=(None, 0, 0))(theta, term.points, columns)
