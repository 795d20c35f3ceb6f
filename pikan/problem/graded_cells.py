"""Cells along the axes of a box: how much neighbors differ, and points that follow them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from pikan.geometry.box import Box

Array = Float[np.ndarray, " _"]

# Neighboring cells differ threefold at most: the tail of a pulse falls into none unseen.
_RATIO = 3.0


def grade(
    unit: Float[np.ndarray, "n d"], box: Box, edges: Sequence[Array]
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Points of the unit cube moved into a box, and the part of it that each stands for.

    Along each axis half of them lie evenly, half as many in every cell as in any other; the parts
    are relative to their mean for even points, so that weighted sums are those of even points.
    """
    points, parts = np.empty_like(unit), np.ones(len(unit))
    for axis, along in enumerate(edges):
        share = (along - along[0]) / (along[-1] - along[0])
        position = (share + np.linspace(0.0, 1.0, len(along))) / 2
        points[:, axis] = np.interp(unit[:, axis], position, along)
        cell = np.clip(np.searchsorted(position, unit[:, axis]) - 1, 0, len(along) - 2)
        parts *= (np.diff(share) / np.diff(position))[cell]
    return np.clip(points, box.lower, box.upper), parts


def balance(edges: Array) -> Array:
    """Cells halved until neighbors differ threefold at most."""
    while True:
        sizes = np.diff(edges)
        nearby = np.minimum(np.append(np.inf, sizes[:-1]), np.append(sizes[1:], np.inf))
        large = sizes > _RATIO * np.maximum(nearby, 1e-13 * (edges[-1] - edges[0]))
        if not large.any():
            return edges
        edges = np.sort(np.append(edges, (edges[:-1] + edges[1:])[large] / 2))
