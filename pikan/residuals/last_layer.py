"""r as a function of the coefficients of the last layer alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import MultiIndex, by_index, closure, coordinates
from pikan.network.base import FeatureNetwork
from pikan.network.piecewise import PiecewiseProduct
from pikan.optimize.objective import LeastSquares
from pikan.residuals.evaluation import TermEvaluation, balanced_factors, jacobians, residual
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import blocks


def features_size(terms: Sequence[Term], network: FeatureNetwork) -> int:
    """What all features take that `last_layer_objective` makes [bytes]."""
    rows = sum(
        len(points) * len(closure(term.needed_partials(place)))
        for term in terms
        for place, points in enumerate(term.points)
    )
    weight = network.last_weight()
    return rows * len(weight) * weight.element_size()


@final
@dataclass(frozen=True)
class LastLayerEvaluation(TermEvaluation):
    """A term by the features on each of its point sets, by partial derivative."""

    term: Term
    features: tuple[Mapping[MultiIndex, Float[Tensor, "n q"]], ...]

    def fields(self, theta: Float[Tensor, " p"]) -> tuple[Partials, ...]:
        """The unknowns' partial derivatives from the features'."""
        width = next(iter(self.features[0].values())).shape[1]
        coefficients = theta.view(width, -1)
        return tuple(
            {index: made @ coefficients for index, made in some.items()} for some in self.features
        )

    def design(
        self, theta: Float[Tensor, " p"], slopes: Mapping[str, Float[Tensor, " n"]]
    ) -> Float[Tensor, "n p"]:
        """sum over partials of dF/du_a times the features' partial derivative a.

        The columns run over features first and unknowns last, as the coefficients do.
        """
        rows, width = next(iter(self.features[0].values())).shape
        design = theta.new_zeros(rows, width, len(theta) // width)
        for name, slope in slopes.items():
            place, (unknown, orders) = self.term.derivatives[name]
            design[:, :, unknown] += slope[:, None] * self.features[place][orders]
        return design.view(rows, len(theta))


def last_layer_evaluations(
    terms: Sequence[Term], network: FeatureNetwork
) -> tuple[LastLayerEvaluation, ...]:
    """The terms with their features. Memory: rows by features for each partial derivative."""

    def features(term: Term, place: int) -> Mapping[MultiIndex, Float[Tensor, "n q"]]:
        inputs = coordinates(term.points[place], closure(term.needed_partials(place)))
        if isinstance(network, PiecewiseProduct):
            return by_index(network.seen_from(term.pieces[place], inputs))
        return by_index(network.features(inputs))

    with torch.no_grad():
        return tuple(
            LastLayerEvaluation(term, tuple(features(term, k) for k in range(len(term.points))))
            for term in terms
        )


def last_layer_objective(
    terms: Sequence[Term], network: FeatureNetwork, factors: Sequence[float], *, linear: bool
) -> LeastSquares:
    """r as a function of the last layer's coefficients, the rows of each term times its factor.

    `linear` says that every formula is affine in the unknowns.
    """
    return _objective(last_layer_evaluations(terms, network), network, factors, linear)


def balanced_objective(
    terms: Sequence[Term],
    network: FeatureNetwork,
    start: Float[Tensor, " p"] | None,
    *,
    linear: bool,
) -> LeastSquares:
    """The same with `balanced_factors` at the network's coefficients.

    At the `start`, if there is one, where a formula such as sqrt(u) has no derivative at them.
    """
    evaluations = last_layer_evaluations(terms, network)
    factors = balanced_factors(evaluations, network.last_weight().flatten())
    if start is not None and not all(0.0 < factor < float("inf") for factor in factors):
        factors = balanced_factors(evaluations, start)
    return _objective(evaluations, network, factors, linear)


def _objective(
    evaluations: Sequence[LastLayerEvaluation],
    network: FeatureNetwork,
    factors: Sequence[float],
    linear: bool,
) -> LeastSquares:
    return LeastSquares(
        lambda theta: residual(evaluations, factors, theta),
        lambda theta: torch.cat(jacobians(evaluations, factors, theta)),
        blocks([one.term for one in evaluations], None),
        slice(0, network.last_weight().numel()),
        linear,
    )
