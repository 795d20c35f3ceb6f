"""Polynomial interpolation on products of Chebyshev extrema."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def product_interpolant(
    axes: Sequence[Sequence[float]], values: Sequence[float], points: Float[np.ndarray, "*n d"]
) -> Float[np.ndarray, "*n"]:
    """The polynomial through values on a grid, the last axis running fastest, at points.

    NaN beyond the grid.

    >>> grid = [0.0, 1.0, 2.0]
    >>> product_interpolant([grid], [0.0, 1.0, 4.0], np.array([[1.5], [3.0]]))
    array([2.25,  nan])
    """
    rows = points.reshape(-1, len(axes))
    made = np.array(values).reshape([len(axis) for axis in axes])
    weights = [_weights(np.array(axis), at) for axis, at in zip(axes, rows.T, strict=True)]
    found = np.broadcast_to(made, (len(rows), *made.shape))
    for weight in weights:
        found = np.einsum("ni,ni...->n...", weight, found)
    inside = [
        (axis[0] <= column) & (column <= axis[-1])
        for axis, column in zip(axes, rows.T, strict=True)
    ]
    return np.where(np.logical_and.reduce(inside), found, np.nan).reshape(points.shape[:-1])


def _weights(
    axis: Float[np.ndarray, " k"], at: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n k"]:
    """What each value counts at some points.

    Source: Berrut and Trefethen 2004, doi 10.1137/S0036144502417715, equations (4.2) and (5.4).
    """
    signs = (-1.0) ** np.arange(len(axis))
    signs[[0, -1]] *= 0.5
    away = at[:, None] - axis
    met = away == 0.0
    shares = signs / np.where(met, 1.0, away)
    shares /= shares.sum(axis=1, keepdims=True)
    return np.where(met.any(axis=1, keepdims=True), met.astype(float), shares)
