"""r as a function of the coefficients of the last layer alone."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.collocation.weights import Weights, balanced, blocks, row_factors
from pikan.jet import MultiIndex, by_index, closure, coordinates
from pikan.network.base import FeatureNetwork
from pikan.objective import Objective
from pikan.residuals import Partials, Sheet

Features = tuple[Mapping[MultiIndex, Float[Tensor, "n q"]], ...]


def features_size(sheets: Sequence[Sheet], network: FeatureNetwork) -> int:
    """What all features take that `last_layer_objective` makes [bytes]."""
    rows = sum(
        len(points) * len(closure(sheet.wanted(place)))
        for sheet in sheets
        for place, points in enumerate(sheet.places)
    )
    return rows * len(network.coefficients) * network.coefficients.element_size()


def last_layer_objective(
    sheets: Sequence[Sheet], network: FeatureNetwork, weights: Weights, *, linear: bool
) -> Objective:
    """r as a function of the last layer's coefficients alone; the features are made once.

    `linear` says that every formula is affine in the unknowns. Memory: one dense matrix of
    rows by features for each partial derivative in use.
    """
    factors = row_factors(sheets, weights)
    with torch.no_grad():
        features = [_features(sheet, network) for sheet in sheets]
    shape = network.coefficients.shape

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        coefficients = theta.view(shape)
        return torch.cat(
            [
                factor * sheet.residual(_combined(made, coefficients))
                for sheet, made, factor in zip(sheets, features, factors, strict=True)
            ]
        )

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        coefficients = theta.detach().view(shape)
        return torch.cat(
            [
                factor * _design(sheet, made, _combined(made, coefficients))
                for sheet, made, factor in zip(sheets, features, factors, strict=True)
            ]
        )

    return Objective(residual, jacobian, blocks(sheets, None), slice(0, shape.numel()), linear)


def balanced_weights(sheets: Sequence[Sheet], network: FeatureNetwork) -> Weights:
    """The weights under which every label's rows of the design have the same mean length.

    High derivatives of high degrees are large: without this the equation would drown its
    conditions, and one equation another. Taken at the network's coefficients as they are.
    """
    squares: list[float] = []
    with torch.no_grad():
        for sheet in sheets:
            features = _features(sheet, network)
            design = _design(sheet, features, _combined(features, network.coefficients))
            squares.append(float(design.square().sum()))
    return balanced(sheets, squares)


def _features(sheet: Sheet, network: FeatureNetwork) -> Features:
    """The features at each place of a sheet, by partial derivative."""
    return tuple(
        by_index(network.features(coordinates(points, closure(sheet.wanted(place)))))
        for place, points in enumerate(sheet.places)
    )


def _combined(features: Features, coefficients: Float[Tensor, "q m"]) -> tuple[Partials, ...]:
    """The unknowns' partial derivatives from the features'."""
    return tuple({index: made @ coefficients for index, made in at.items()} for at in features)


def _design(
    sheet: Sheet, features: Features, partials_now: tuple[Partials, ...]
) -> Float[Tensor, "n p"]:
    """The derivative of a sheet's residual with respect to the coefficients.

    sum over partials of dF/du_a times the features' partial derivative a; the columns run
    over features first and unknowns last, as the coefficients do.
    """
    columns = sheet.columns(partials_now)
    slopes = sheet.slopes(columns)
    unknowns = next(iter(partials_now[0].values())).shape[-1]
    rows, width = next(iter(features[0].values())).shape
    design = columns[next(iter(columns))].new_zeros(rows, width, unknowns)
    for name, slope in slopes.items():
        symbol = sheet.symbols[name]
        made = features[symbol.place][symbol.partial.orders]
        design[:, :, symbol.partial.unknown] += slope[:, None] * made
    return design.view(rows, width * unknowns)
