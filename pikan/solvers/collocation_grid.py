"""Collocation grid: a tensor grid with slightly more points than functions."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.domain import BoundaryPart
from pikan.linalg.dense import least_squares
from pikan.network.base import Network
from pikan.network.product import FullProduct
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


def project_on_grid(
    known: Network, network: FullProduct, nodes: tuple[Float[np.ndarray, " _"], ...]
) -> Float[Tensor, " p"]:
    """Coefficients that bring a network close to one that is known, axis after axis."""
    points = _grid(nodes, network.center)
    with torch.no_grad():
        values = known(points).view(*(len(along) for along in nodes), -1)
    for k, (along, basis) in enumerate(zip(nodes, network.axes(), strict=True)):
        unit = (torch.from_numpy(along).to(points) - network.center[k]) / network.scale[k]
        design = basis.derivatives(unit[:, None], 0)[0, :, 0]
        turned = values.movedim(k, 0)
        found = least_squares(design, turned.flatten(1), torch.finfo(design.dtype).eps)
        values = found.unflatten(1, turned.shape[1:]).movedim(0, k)
    return values.flatten()


def _grid(axes: Sequence[Float[np.ndarray, " _"]], like: Tensor) -> Float[Tensor, "n d"]:
    stacked = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return torch.from_numpy(stacked.reshape(-1, len(axes))).to(like)
