"""Measured fields on a grid: their values, their noise, and derivatives of smoothed values."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import comb, inf, prod
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.chebyshev import Chebyshev
from pikan.linalg.dense import least_squares
from pikan.linalg.tensor_product import mode_product, mode_products

# Differences of this order leave noise of smooth fields.
_ORDER = 6
# The median of the square of a standard Gaussian.
_MEDIAN = 0.45494
# Noise is not taken for less than this part of a field: sums over test functions are not exact.
LEAST_NOISE = 1e-5
# Degrees that are tried where derivatives of values themselves are needed.
_DEGREES = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48)
# The share of values that is left over by a fit.
_FREE = 0.2


class MeasuredGrid(NamedTuple):
    """Fields measured on an even grid, along the axes of the domain; `noise` is that of each."""

    axes: tuple[Float[Tensor, " _"], ...]
    fields: tuple[Float[Tensor, "*n"], ...]
    noise: tuple[float, ...]


def on_grid(points: Float[np.ndarray, "n d"], values: Float[np.ndarray, " n"]) -> Tensor:
    """Values at the points of a grid as an array along its axes."""
    order = np.lexsort(points.T[::-1])
    shape = [len(np.unique(column)) for column in points.T]
    return torch.from_numpy(values[order].reshape(shape))


def difference_noise(field: Float[Tensor, "*n"]) -> float:
    """The standard deviation of noise on a smooth field, from its sixth differences."""
    scale, rough = 1.0, field
    for axis in sorted(range(field.ndim), key=lambda k: -field.shape[k])[:2]:
        if field.shape[axis] > 2 * _ORDER:
            rough = torch.diff(rough, _ORDER, dim=axis)
            scale *= sum(comb(_ORDER, k) ** 2 for k in range(_ORDER + 1))
    return float((rough.square().median() / _MEDIAN / scale).sqrt())


class Derivative(NamedTuple):
    """A derivative of smoothed values on a grid: a matrix along each axis."""

    matrices: tuple[Float[Tensor, "_ _"], ...]

    def __call__(self, values: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """The derivative of values on the grid."""
        return mode_products(self.matrices, values)

    def adjoint(self, values: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """The transposed derivative, along the last axes of values."""
        first = values.ndim - len(self.matrices)
        for axis, matrix in enumerate(self.matrices):
            values = mode_product(matrix.mT, values, first + axis)
        return values


def smoothed_derivatives(
    grid: MeasuredGrid, field: int, wanted: Sequence[tuple[int, ...]]
) -> Mapping[tuple[int, ...], Derivative]:
    """Derivatives of least-squares polynomials, whose degrees cross-validation chooses.

    Source: Golub, Heath and Wahba 1979, doi 10.1080/00401706.1979.10489751, equation (1.4).
    """
    highest = [max(orders[axis] for orders in wanted) for axis in range(len(grid.axes))]
    fits = [
        # Higher degrees are unstable on even points.
        list(_fits(axis, order, 2.0 * len(axis) ** 0.5))
        for axis, order in zip(grid.axes, highest, strict=True)
    ]
    chosen = _cross_validated(grid.fields[field], fits)
    return {
        orders: Derivative(tuple(one.derivatives[k] for one, k in zip(chosen, orders, strict=True)))
        for orders in wanted
    }


class _AxisFit(NamedTuple):
    """Matrices of the derivatives of a fit of `size` polynomials along an axis, by order."""

    size: int
    derivatives: tuple[Float[Tensor, "n n"], ...]


def resolved_degrees(grid: MeasuredGrid) -> tuple[int, ...]:
    """Degrees along the axes at which polynomials say all that the values of the fields do."""
    fits = [list(_fits(axis, 0, 0.4 * len(axis))) for axis in grid.axes]
    measured = [field for field in grid.fields if bool(field.any())]
    chosen = [_cross_validated(field, fits) for field in measured]
    return tuple(max(one[axis].size - 1 for one in chosen) for axis in range(len(fits)))


def _cross_validated(
    values: Float[Tensor, "*n"], fits: Sequence[Sequence[_AxisFit]]
) -> tuple[_AxisFit, ...]:
    """The fit along each axis that predicts left-out values best."""
    best, chosen = inf, tuple(each[0] for each in fits)
    for parts in product(*fits):
        left = values - mode_products(tuple(one.derivatives[0] for one in parts), values)
        freedom = 1.0 - prod(one.size for one in parts) / values.numel()
        score = float(left.square().mean()) / freedom**2 if freedom > _FREE else inf
        if score < best:
            best, chosen = score, parts
    return chosen


def _fits(axis: Float[Tensor, " n"], order: int, highest: float) -> Iterator[_AxisFit]:
    """Fits of polynomials on an axis, up to a degree."""
    ends = torch.stack([axis[0], axis[-1]])[None]
    for degree in _DEGREES:
        if degree > max(highest, _DEGREES[0]) or degree > len(axis) - 2:
            break
        tables = Chebyshev(ends, degree).derivatives(axis[:, None], order)[:, :, 0]
        inverse = least_squares(tables[0], torch.eye(len(axis)).to(axis), 1e-12)
        yield _AxisFit(degree + 1, tuple(table @ inverse for table in tables))
