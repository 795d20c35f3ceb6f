"""The difference of two marches in relative L2, on points placed on steps and cells."""

from collections.abc import Sequence
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.elements import Elements
from pikan.linalg.tensor_product import mode_product
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.solvers.level import distance
from pikan.solvers.spectral_elements.space import gauss

# So many coordinates have grids worth it.
_IN_PLANE = 3


def march_difference(before: Network, found: Network) -> float:
    """The relative L2 difference of two marches, on points of the steps and cells of the second."""
    ones, others = list[Float[Tensor, "n m"]](), list[Float[Tensor, "n m"]]()
    for network in found.slabs() if isinstance(found, TimeSlabs) else (found,):
        assert isinstance(network, FullProduct)
        lines, weights = zip(
            *(
                _points_of(basis, network.center[axis], network.scale[axis])
                for axis, basis in enumerate(network.axes())
            ),
            strict=True,
        )
        roots = reduce(lambda made, own: (made[:, None] * own).flatten(), weights).sqrt()[:, None]
        with torch.no_grad():
            ones.append(roots * values_on_grid(before, lines).flatten(0, -2))
            others.append(roots * values_on_grid(network, lines).flatten(0, -2))
    return distance(torch.cat(ones), torch.cat(others))


def values_on_grid(
    network: Network, lines: Sequence[Float[Tensor, " _"]]
) -> Float[Tensor, " *n m"]:
    """The unknowns on all combinations of coordinates, each of which rises.

    In the plane one coordinate after the other, which takes far less than point by point; along a
    line functions may be too many for tables of all at all points.
    """
    if len(lines) < _IN_PLANE:
        grid = torch.meshgrid(*lines, indexing="ij")
        points = torch.stack([along.flatten() for along in grid], dim=1)
        return network(points).unflatten(0, [len(line) for line in lines])
    if isinstance(network, TimeSlabs):
        axis = network.axis
        owner = (lines[axis][:, None] > network.edges[1:-1]).sum(dim=1)
        parts = [
            values_on_grid(slab, [*lines[:axis], lines[axis][owner == k], *lines[axis + 1 :]])
            for k, slab in enumerate(network.slabs())
            if bool((owner == k).any())
        ]
        return torch.cat(parts, dim=axis)
    assert isinstance(network, FullProduct)
    sizes = [basis.size for basis in network.axes()]
    found = network.coefficients.unflatten(0, sizes)
    for axis, (basis, line) in enumerate(zip(network.axes(), lines, strict=True)):
        unit = ((line - network.center[axis]) / network.scale[axis])[:, None]
        found = mode_product(basis.derivatives(unit, 0)[0, :, 0], found, axis)
    return found


def _points_of(
    basis: Basis, center: Float[Tensor, ""], scale: Float[Tensor, ""]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Gauss points of one coordinate, as fit for the squares of its functions as half of them."""
    edges = basis.edges()[0] if isinstance(basis, Elements) else basis.knots[0, [0, -1]]
    unit, weights = gauss(max(basis.degree // 2, 1) + 2)
    half = edges.diff()[:, None] / 2
    places = edges[:-1, None] + half * (unit.to(edges) + 1)
    return (center + scale * places).flatten(), (scale * half * weights.to(edges)).flatten()
