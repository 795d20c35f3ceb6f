"""Collocation grid: a tensor grid with slightly more points than functions."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.domain import BoundaryPart
from pikan.residuals.terms import CollocationPoints
from pikan.sampling.chebyshev import chebyshev_axis


def chebyshev_nodes(lower: float, upper: float, count: int) -> Float[np.ndarray, " _"]:
    """Chebyshev-Gauss points on an interval."""
    return lower + (upper - lower) * chebyshev_axis(count)


def tensor_points(
    faces: Iterable[BoundaryPart], nodes: tuple[Float[np.ndarray, " _"], ...], like: Tensor
) -> CollocationPoints:
    """Every combination of the nodes inside the box, and of the free axes' nodes on each face."""
    return CollocationPoints(
        _grid(nodes, like), {face: _grid(_fix_axes(nodes, face), like) for face in faces}
    )


def _grid(axes: Sequence[Float[np.ndarray, " _"]], like: Tensor) -> Float[Tensor, "n d"]:
    stacked = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return torch.from_numpy(stacked.reshape(-1, len(axes))).to(like)


def _fix_axes(
    nodes: Sequence[Float[np.ndarray, " _"]], face: BoundaryPart
) -> list[Float[np.ndarray, " _"]]:
    """The nodes with one value only along each axis that a face fixes."""
    fixed = dict(face.fixed)
    return [np.array([fixed[k]]) if k in fixed else axis for k, axis in enumerate(nodes)]
