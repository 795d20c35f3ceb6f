"""r as a function of the coefficients of the last layer alone."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import MultiIndex, by_index, closure, coordinates
from pikan.network.base import FeatureNetwork
from pikan.optimize.objective import Objective
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import Weights, balance_weights, blocks, row_factors

Features = tuple[Mapping[MultiIndex, Float[Tensor, "n q"]], ...]


def features_size(terms: Sequence[Term], network: FeatureNetwork) -> int:
    """What all features take that `last_layer_objective` makes [bytes]."""
    rows = sum(
        len(points) * len(closure(term.needed_partials(place)))
        for term in terms
        for place, points in enumerate(term.points)
    )
    return rows * len(network.coefficients) * network.coefficients.element_size()


def last_layer_objective(
    terms: Sequence[Term], network: FeatureNetwork, weights: Weights, *, linear: bool
) -> Objective:
    """r as a function of the last layer's coefficients alone; the features are made once.

    `linear` says that every formula is affine in the unknowns. Memory: one dense matrix of
    rows by features for each partial derivative in use.
    """
    factors = row_factors(terms, weights)
    with torch.no_grad():
        features = [_features(term, network) for term in terms]
    shape = network.coefficients.shape

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        coefficients = theta.view(shape)
        return torch.cat(
            [
                factor * term.residual(_combine(made, coefficients))
                for term, made, factor in zip(terms, features, factors, strict=True)
            ]
        )

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        coefficients = theta.detach().view(shape)
        return torch.cat(
            [
                factor * _design(term, made, _combine(made, coefficients))
                for term, made, factor in zip(terms, features, factors, strict=True)
            ]
        )

    return Objective(residual, jacobian, blocks(terms, None), slice(0, shape.numel()), linear)


def balanced_weights(terms: Sequence[Term], network: FeatureNetwork) -> Weights:
    """The weights under which every label's rows of the design have the same mean length.

    High derivatives of high degrees are large: without this the equation would drown its
    conditions, and one equation another. Taken at the network's coefficients as they are.
    """
    squares: list[float] = []
    with torch.no_grad():
        for term in terms:
            features = _features(term, network)
            design = _design(term, features, _combine(features, network.coefficients))
            squares.append(float(design.square().sum()))
    return balance_weights(terms, squares)


def _features(term: Term, network: FeatureNetwork) -> Features:
    """The features at each place of a term, by partial derivative."""
    return tuple(
        by_index(network.features(coordinates(points, closure(term.needed_partials(place)))))
        for place, points in enumerate(term.points)
    )


def _combine(features: Features, coefficients: Float[Tensor, "q m"]) -> tuple[Partials, ...]:
    """The unknowns' partial derivatives from the features'."""
    return tuple({index: made @ coefficients for index, made in at.items()} for at in features)


def _design(
    term: Term, features: Features, partials_now: tuple[Partials, ...]
) -> Float[Tensor, "n p"]:
    """The derivative of a term's residual with respect to the coefficients.

    sum over partials of dF/du_a times the features' partial derivative a; the columns run
    over features first and unknowns last, as the coefficients do.
    """
    columns = term.columns(partials_now)
    slopes = term.column_derivatives(columns)
    unknowns = next(iter(partials_now[0].values())).shape[-1]
    rows, width = next(iter(features[0].values())).shape
    design = columns[next(iter(columns))].new_zeros(rows, width, unknowns)
    for name, slope in slopes.items():
        symbol = term.derivatives[name]
        made = features[symbol.point_set][symbol.partial.orders]
        design[:, :, symbol.partial.unknown] += slope[:, None] * made
    return design.view(rows, width * unknowns)
