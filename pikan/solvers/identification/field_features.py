"""Features of a network at points: all of them, or those of splines that are not zero there."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.bases.bspline import BSpline
from pikan.jets.jet import MultiIndex, by_index, closure, coordinates
from pikan.network.product import FullProduct
from pikan.solvers.time_marching.spline_objective import local_features


class FieldFeatures(NamedTuple):
    """The features at some points by partial derivative, and which of all they are.

    `columns` is None where they are all.
    """

    values: Mapping[MultiIndex, Float[Tensor, "n _"]]
    columns: Int[Tensor, "n _"] | None = None

    @property
    def width(self) -> int:
        """The number of features at a point."""
        return next(iter(self.values.values())).shape[1]

    def fields(self, coefficients: Float[Tensor, "q m"]) -> dict[MultiIndex, Float[Tensor, "n m"]]:
        """The unknowns' partial derivatives."""
        if self.columns is None:
            return {index: made @ coefficients for index, made in self.values.items()}
        own = coefficients[self.columns]
        return {i: torch.bmm(made[:, None], own).squeeze(1) for i, made in self.values.items()}


def spline_axis(network: FullProduct) -> int | None:
    """The coordinate along which a network has splines, None where there is none."""
    found = [axis for axis, basis in enumerate(network.axes()) if isinstance(basis, BSpline)]
    return found[0] if len(found) == 1 else None


def field_features(
    network: FullProduct, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]
) -> FieldFeatures:
    """What some partial derivatives of the fields at points are made of."""
    axis = spline_axis(network)
    with torch.no_grad():
        if axis is None:
            jet = network.features(coordinates(points, closure(wanted)))
            return FieldFeatures(by_index(jet))
        near = local_features(network, axis, points, wanted)
    return FieldFeatures(near.features, near.columns)
