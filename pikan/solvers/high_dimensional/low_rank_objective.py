"""Residual and Jacobian of a low-rank (CP) expansion, in closed form."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from pikan.jets.jet import MultiIndex, closure, coordinates
from pikan.network.parameters import parameter_vector
from pikan.network.product import Factors, LowRank, factors_at
from pikan.optimize.objective import Objective
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import Weights, blocks, row_factors


class _TermFactors(NamedTuple):
    """A term, and at each of its places the basis functions of every coordinate [k b n]."""

    term: Term
    bases: tuple[Factors, ...]


class _Parts(NamedTuple):
    """Parameters or marks of them: the weights of every coordinate, and the coefficients."""

    weights: tuple[Shaped[Tensor, "_ _"], ...]
    coefficients: Shaped[Tensor, "_ m"]


def low_rank_objective(
    terms: Sequence[Term],
    network: LowRank,
    free: Bool[Tensor, " p"],
    weights: Weights,
    *,
    linear: bool,
) -> Objective:
    """r as a function of the free parameters, in the order of `parameters.flat`.

    `linear` says that the formulas are affine in the unknowns, and these in the free parameters.
    """
    made = [_term_factors(term, network) for term in terms]
    factors = row_factors(terms, weights)
    whole, chosen = parameter_vector(network), _split(free, network)

    def parts(theta: Float[Tensor, " _"]) -> _Parts:
        return _split(whole.masked_scatter(free, theta.detach()), network)

    def residual(theta: Float[Tensor, " _"]) -> Float[Tensor, " r"]:
        now = parts(theta)
        rows = [one.term.residual(_partials(one, now)) for one in made]
        return torch.cat([f * some for f, some in zip(factors, rows, strict=True)])

    def jacobian(theta: Float[Tensor, " _"]) -> Float[Tensor, "r _"]:
        now = parts(theta)
        rows = [_jacobian(one, now, chosen) for one in made]
        return torch.cat([f * some for f, some in zip(factors, rows, strict=True)])

    everything = slice(0, int(free.sum())) if linear else None
    return Objective(residual, jacobian, blocks(terms, None), everything, linear)


def row_weights(terms: Sequence[Term], network: LowRank, free: Bool[Tensor, " p"]) -> Weights:
    """The weights under which the rows of every label have the same mean length."""
    now, chosen = _split(parameter_vector(network), network), _split(free, network)
    rows = (_jacobian(_term_factors(term, network), now, chosen) for term in terms)
    return _inverse_weights(terms, [float(some.square().sum()) for some in rows])


def natural_weights(terms: Sequence[Term], network: LowRank) -> Weights:
    """The weights under which an error of one size costs every label the same.

    A derivative counts as large as the half lengths of the box make natural. The lengths of rows
    tell of the highest degrees, whose derivatives are far larger than the solution's: where there
    are too few products for everything, the equations would be all but left out.
    """
    now, squares = _split(parameter_vector(network), network), list[float]()
    for term in terms:
        slopes = term.column_derivatives(term.columns(_partials(_term_factors(term, network), now)))
        orders = {name: term.derivatives[name].partial.orders for name in slopes}
        sizes = {
            name: network.scale.pow(-network.scale.new_tensor(order)).prod()
            for name, order in orders.items()
        }
        squares.append(sum(float((slopes[k] * sizes[k]).square().sum()) for k in slopes))
    return _inverse_weights(terms, squares)


def _inverse_weights(terms: Sequence[Term], squares: Sequence[float]) -> Weights:
    """The weights that make up for what the rows of each label add up to."""
    counts: dict[str, int] = {}
    sums: dict[str, float] = {}
    for term, square in zip(terms, squares, strict=True):
        counts[term.label] = counts.get(term.label, 0) + len(term.points[0])
        sums[term.label] = sums.get(term.label, 0.0) + square
    return {k: counts[k] / total if total > 0.0 else 1.0 for k, total in sums.items()}


def _term_factors(term: Term, network: LowRank) -> _TermFactors:
    def at(place: int, points: Float[Tensor, "n d"]) -> Factors:
        inputs = coordinates(points, closure(term.needed_partials(place)))
        with torch.no_grad():
            return factors_at(network.axes(), inputs, network.center, network.scale)

    return _TermFactors(term, tuple(at(place, points) for place, points in enumerate(term.points)))


def _split(theta: Shaped[Tensor, " p"], network: LowRank) -> _Parts:
    shapes = [*(weight.shape for weight in network.weights), network.coefficients.shape]
    pieces = theta.split([shape.numel() for shape in shapes])
    *weights, last = (piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True))
    return _Parts(tuple(weights), last)


def _factors(one: _TermFactors, now: _Parts) -> tuple[Factors, ...]:
    """The functions of each coordinate that are multiplied [k rank n], at each place."""
    return tuple(
        [weight.mT @ basis for weight, basis in zip(now.weights, at, strict=True)]
        for at in one.bases
    )


def _at(factors: Factors, index: MultiIndex) -> list[Float[Tensor, "_ n"]]:
    return [factor[order] for factor, order in zip(factors, index, strict=True)]


def _partials(one: _TermFactors, now: _Parts) -> tuple[Partials, ...]:
    """The unknowns' partial derivatives that the term needs at each of its places."""
    return tuple(
        {
            index: reduce(torch.mul, _at(factors, index)).mT @ now.coefficients
            for index in one.term.needed_partials(place)
        }
        for place, factors in enumerate(_factors(one, now))
    )


def _jacobian(one: _TermFactors, now: _Parts, chosen: _Parts) -> Float[Tensor, "n _"]:
    """The derivative of a term's residual with respect to the chosen parameters.

    With slope s of the formula in the partial derivative of orders o_i of an unknown, and factors
    f_i, the weight of basis function B in factor i moves the residual by s w prod_(k != i)
    f_k^(o_k) B^(o_i); products are summed over all derivatives that share o_i before B enters.
    """
    factors = _factors(one, now)
    slopes = one.term.column_derivatives(one.term.columns(_partials(one, now)))
    points = len(one.term.points[0])
    last = now.coefficients.new_zeros(*now.coefficients.shape, points)
    around: dict[tuple[int, int, int], Float[Tensor, "_ n"]] = {}
    for name, slope in slopes.items():
        place, (unknown, orders) = one.term.derivatives[name]
        values = _at(factors[place], orders)
        last[:, unknown] += slope * reduce(torch.mul, values)
        weighed = now.coefficients[:, unknown, None] * slope
        for axis, others in enumerate(_without_each(values)):
            if chosen.weights[axis].any():
                key = (place, axis, orders[axis])
                around[key] = around.get(key, 0.0) + weighed * others
    columns: list[Float[Tensor, "_ n"]] = []
    for axis, mask in enumerate(chosen.weights):
        block = now.coefficients.new_zeros(*mask.shape, points if mask.any() else 0)
        for (place, own, order), others in around.items():
            if own == axis:
                block += one.bases[place][axis][order][:, None] * others
        columns.append(block[mask].view(-1, points))
    return torch.cat([*columns, last[chosen.coefficients]]).mT


def _without_each(values: list[Float[Tensor, "_ n"]]) -> Iterator[Float[Tensor, "_ n"]]:
    """For each of the values the product of all others."""
    after = [torch.ones_like(values[0])]
    for value in reversed(values[1:]):
        after.append(after[-1] * value)
    before = torch.ones_like(values[0])
    for value, rest in zip(values, reversed(after), strict=True):
        yield before * rest
        before = before * value
