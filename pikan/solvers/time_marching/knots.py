"""Knots where a spline needs them: cells of equal error, from the spline's own last derivative."""

import math

import numpy as np
from jaxtyping import Float

# A cell is at least this much as fine as its neighbors: layers move, and knots do not.
_GRADING = 0.3
# Jumps of a last derivative are known to this factor.
_SCATTER = 10.0
# No fewer cells than this, however smooth the solution.
_FEWEST = 6


def roughness(
    knots: Float[np.ndarray, " _"], last: Float[np.ndarray, "_ s"]
) -> Float[np.ndarray, " _"]:
    """The size of derivative p + 1 in every cell, the largest of s splines of degree p.

    `last` holds derivative p, which is constant in each cell; its jumps over the distance of
    the cells' middles are the derivative after it. They scatter by a digit from cell to cell:
    a size is the geometric mean with its neighbors, if that is not smaller by more.

    Source: de Boor 1978, A Practical Guide to Splines, chapter XII, NEWNOT.
    """
    middles = (knots[1:] + knots[:-1]) / 2
    jumps = np.abs(np.diff(last, axis=0)) / np.diff(middles)[:, None]
    sizes = jumps.max(axis=1)
    found = np.concatenate([sizes[:1], np.maximum(sizes[1:], sizes[:-1]), sizes[-1:]])
    beside = np.pad(found, 1, mode="edge") ** 0.25
    return np.maximum(beside[:-2] * beside[1:-1] ** 2 * beside[2:], found / _SCATTER)


def errors(
    knots: Float[np.ndarray, " _"], rough: Float[np.ndarray, " _"], degree: int
) -> Float[np.ndarray, " _"]:
    """About how far the best spline is off in every cell: (π/2) |u^(p+1)| (h/π)^(p+1).

    Source: the theorem of Favard, Akhiezer and Krein; de Boor 1978, chapter XII.
    """
    return math.pi / 2 * rough * (np.diff(knots) / math.pi) ** (degree + 1)


def integrals(knots: Float[np.ndarray, " _"], degree: int) -> Float[np.ndarray, " b"]:
    """The integral of each B-spline on open knots: its support over degree + 1.

    Source: de Boor 1978, A Practical Guide to Splines, chapter X, corollary 6.

    >>> integrals(np.array([0.0, 1.0, 2.0]), degree=1).tolist()
    [0.5, 1.0, 0.5]
    """
    ends = np.repeat(knots[:1], degree), np.repeat(knots[-1:], degree)
    padded = np.concatenate([ends[0], knots, ends[1]])
    return (padded[degree + 1 :] - padded[: -degree - 1]) / (degree + 1)


def equidistribute(
    knots: Float[np.ndarray, " _"],
    rough: Float[np.ndarray, " _"],
    degree: int,
    tolerance: float,
    most: int,
) -> Float[np.ndarray, " _"]:
    """New knots with as many cells as make the error of each about `tolerance`, at most `most`."""
    per_length = (math.pi / 2 * rough / tolerance) ** (1 / (degree + 1)) / math.pi
    widths = np.diff(knots)
    per_length = np.maximum(per_length, _FEWEST / widths.sum())
    for _ in range(2):
        beside = np.concatenate([per_length[:1], per_length, per_length[-1:]])
        per_length = np.maximum(per_length, _GRADING * np.maximum(beside[2:], beside[:-2]))
    reached = np.concatenate([[0.0], np.cumsum(per_length * widths)])
    cells = min(max(math.ceil(reached[-1]), _FEWEST), most)
    moved = np.interp(np.linspace(0.0, reached[-1], cells + 1), reached, knots)
    moved[0], moved[-1] = knots[0], knots[-1]
    # Cells too narrow for the precision have no width.
    return np.unique(moved)
