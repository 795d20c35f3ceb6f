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
    on_faces = dict[BoundaryPart, Float[Tensor, "n d"]]()
    for face in faces:
        fixed = dict(face.fixed)
        axes = [np.array([fixed[k]]) if k in fixed else axis for k, axis in enumerate(nodes)]
        on_faces[face] = _grid(axes, like)
    return CollocationPoints(_grid(nodes, like), on_faces)


def _grid(axes: Sequence[Float[np.ndarray, " _"]], like: Tensor) -> Float[Tensor, "n d"]:
    stacked = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return torch.from_numpy(stacked.reshape(-1, len(axes))).to(like)
