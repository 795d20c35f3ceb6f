"""Residual and Jacobian of a low-rank (CP) expansion, in closed form."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from pikan.jets.jet import MultiIndex, closure, coordinates
from pikan.network.parameters import parameter_vector
from pikan.network.product import Factors, LowRank, factors_at
from pikan.optimize.objective import LeastSquares
from pikan.residuals.evaluation import TermEvaluation, jacobians, residual, unit_factors
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import blocks


class _Parts(NamedTuple):
    """Parameters or marks of them: the weights of every coordinate, and the coefficients."""

    weights: tuple[Shaped[Tensor, "_ _"], ...]
    coefficients: Shaped[Tensor, "_ m"]


@final
@dataclass(frozen=True)
class LowRankEvaluation(TermEvaluation):
    """A term by the basis functions of every coordinate [k b n] on each of its point sets.

    θ are those parameters of the network that are `free`, in the order of `parameter_vector`.
    """

    term: Term
    bases: tuple[Factors, ...]
    network: LowRank
    free: Bool[Tensor, " p"]

    def fields(self, theta: Float[Tensor, " _"]) -> tuple[Partials, ...]:
        """The unknowns' partial derivatives on each point set of the term."""
        now = self._parts(theta)
        return tuple(
            {
                index: reduce(torch.mul, _at(factors, index)).mT @ now.coefficients
                for index in self.term.needed_partials(place)
            }
            for place, factors in enumerate(self._factors(now))
        )

    def design(
        self, theta: Float[Tensor, " _"], slopes: Mapping[str, Float[Tensor, " n"]]
    ) -> Float[Tensor, "n _"]:
        """The derivative of the term's residual with respect to the free parameters.

        With slope s of the formula in the partial derivative of orders o_i of an unknown, and
        factors f_i, the weight of basis function B in factor i moves the residual by
        s w prod_(k != i) f_k^(o_k) B^(o_i); products are summed over all derivatives that share
        o_i before B enters.
        """
        now, chosen = self._parts(theta), _split(self.free, self.network)
        factors = self._factors(now)
        points = len(self.term.points[0])
        last = now.coefficients.new_zeros(*now.coefficients.shape, points)
        around: dict[tuple[int, int, int], Float[Tensor, "_ n"]] = {}
        for name, slope in slopes.items():
            place, (unknown, orders) = self.term.derivatives[name]
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
                    block += self.bases[place][axis][order][:, None] * others
            columns.append(block[mask].view(-1, points))
        return torch.cat([*columns, last[chosen.coefficients]]).mT

    def _parts(self, theta: Float[Tensor, " _"]) -> _Parts:
        whole = parameter_vector(self.network).masked_scatter(self.free, theta.detach())
        return _split(whole, self.network)

    def _factors(self, now: _Parts) -> tuple[Factors, ...]:
        """The functions of each coordinate that are multiplied [k rank n], on each point set."""
        return tuple(
            [weight.mT @ basis for weight, basis in zip(now.weights, at, strict=True)]
            for at in self.bases
        )


def low_rank_evaluations(
    terms: Sequence[Term], network: LowRank, free: Bool[Tensor, " p"]
) -> tuple[LowRankEvaluation, ...]:
    """The terms as functions of the free parameters."""

    def at(points: Float[Tensor, "n d"], wanted: Iterable[MultiIndex]) -> Factors:
        inputs = coordinates(points, closure(wanted))
        with torch.no_grad():
            return factors_at(network.axes(), inputs, network.center, network.scale)

    return tuple(
        LowRankEvaluation(
            term,
            tuple(at(points, term.needed_partials(k)) for k, points in enumerate(term.points)),
            network,
            free,
        )
        for term in terms
    )


def low_rank_objective(
    evaluations: Sequence[LowRankEvaluation], factors: Sequence[float], *, linear: bool
) -> LeastSquares:
    """r as a function of the free parameters, the rows of each term times its factor.

    `linear` says that the formulas are affine in the unknowns, and these in the free parameters.
    """
    everything = slice(0, int(evaluations[0].free.sum())) if linear else None
    return LeastSquares(
        lambda theta: residual(evaluations, factors, theta),
        lambda theta: torch.cat(jacobians(evaluations, factors, theta)),
        blocks([one.term for one in evaluations], None),
        everything,
        linear,
    )


def natural_factors(
    evaluations: Sequence[LowRankEvaluation], theta: Float[Tensor, " _"]
) -> list[float]:
    """The factors by which an error of one size moves the rows of every term as much.

    A derivative counts as large as the half lengths of the box make natural. The lengths of rows
    tell of the highest degrees, whose derivatives are far larger than the solution's: where there
    are too few products for everything, the equations would be all but left out.
    """
    squares: list[float] = []
    for one in evaluations:
        scale = one.network.scale
        sizes = {
            name: scale.pow(-scale.new_tensor(partial.orders)).prod()
            for name, (_, partial) in one.term.derivatives.items()
        }
        slopes = one.slopes(theta).items()
        squares.append(sum(float((slope * sizes[name]).square().sum()) for name, slope in slopes))
    return unit_factors([one.term for one in evaluations], squares)


def _split(theta: Shaped[Tensor, " p"], network: LowRank) -> _Parts:
    shapes = [*(weight.shape for weight in network.weights), network.coefficients.shape]
    pieces = theta.split([shape.numel() for shape in shapes])
    *weights, last = (piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True))
    return _Parts(tuple(weights), last)


def _at(factors: Factors, index: MultiIndex) -> list[Float[Tensor, "_ n"]]:
    return [factor[order] for factor, order in zip(factors, index, strict=True)]


def _without_each(values: list[Float[Tensor, "_ n"]]) -> Iterator[Float[Tensor, "_ n"]]:
    """For each of the values the product of all others."""
    after = [torch.ones_like(values[0])]
    for value in reversed(values[1:]):
        after.append(after[-1] * value)
    before = torch.ones_like(values[0])
    for value, rest in zip(values, reversed(after), strict=True):
        yield before * rest
        before = before * value
