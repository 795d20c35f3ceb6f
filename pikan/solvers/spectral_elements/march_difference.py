"""The difference of two marches in relative L2, on points placed on steps and cells."""

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.elements import Elements
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.solvers.level import distance
from pikan.solvers.spectral_elements.space import gauss


def march_difference(before: Network, found: Network) -> float:
    """The relative L2 difference of two marches, on points of the steps and cells of the second."""
    points, weights = _quadrature(found)
    with torch.no_grad():
        one, other = before(points), found(points)
    return distance(weights.sqrt()[:, None] * one, weights.sqrt()[:, None] * other)


def _quadrature(network: Network) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
    """Gauss points of every step and cell, and their weights."""
    networks = network.slabs() if isinstance(network, TimeSlabs) else (network,)
    points: list[Float[Tensor, "n d"]] = []
    weights: list[Float[Tensor, " n"]] = []
    for one in networks:
        assert isinstance(one, FullProduct)
        lines = [
            _points_of(basis, one.center[axis], one.scale[axis])
            for axis, basis in enumerate(one.axes())
        ]
        grid = torch.meshgrid(*(line[0] for line in lines), indexing="ij")
        points.append(torch.stack([along.flatten() for along in grid], dim=1))
        made = torch.meshgrid(*(line[1] for line in lines), indexing="ij")
        weights.append(torch.stack([along.flatten() for along in made]).prod(dim=0))
    return torch.cat(points), torch.cat(weights)


def _points_of(
    basis: Basis, center: Float[Tensor, ""], scale: Float[Tensor, ""]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Gauss points of one coordinate, as fit for the squares of its functions as half of them."""
    edges = basis.edges()[0] if isinstance(basis, Elements) else basis.knots[0, [0, -1]]
    unit, weights = gauss(max(basis.degree // 2, 1) + 2)
    half = edges.diff()[:, None] / 2
    places = edges[:-1, None] + half * (unit.to(edges) + 1)
    return (center + scale * places).flatten(), (scale * half * weights.to(edges)).flatten()
