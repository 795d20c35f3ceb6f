"""The ridge start: a KAN of two layers whose hidden values are straight lines across the box."""

from copy import deepcopy
from math import pi

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from pikan.bases.basis import Basis
from pikan.linalg.dense import least_squares
from pikan.network.kan import KANNetwork


def ridge(network: KANNetwork, generator: Generator) -> KANNetwork:
    """A KAN [d, J, m] with hidden values h_j = a_j.x / |a_j|_1, which stay in [-1, 1].

    For d = 2 the a_j are equally spaced on the half circle: with the last layer's polynomials
    of degree n they span every bivariate polynomial of degree min(n, J - 1). For d > 2 they are
    random and far apart. The last layer is zero and waits for least squares. Any basis will do
    that holds the straight line.
    """
    started = deepcopy(network)
    layer, last = started.layers()
    basis = layer.edges.basis
    across = directions(basis.nodes, layer.weight.shape[1], generator).to(layer.weight)
    across = across / across.abs().sum(dim=0)
    with torch.no_grad():
        straight = line(basis, layer.weight).unsqueeze(-1) * across.unsqueeze(1)
        layer.weight.zero_()
        layer.weight.unflatten(0, (basis.nodes, -1))[:, : basis.size] = straight
        last.weight.zero_()
    return started


def line(basis: Basis, like: Tensor) -> Float[Tensor, "in b"]:
    """The coefficients of f(x) = x on [-1, 1] for every node, exact to rounding."""
    x = torch.linspace(-1, 1, 4 * basis.size + 1).to(like).unsqueeze(-1)
    values = basis.derivatives(x.expand(-1, basis.nodes), 0)[0].movedim(1, 0)
    eps = torch.finfo(values.dtype).eps
    return least_squares(values, x.expand(basis.nodes, -1, -1), eps).squeeze(-1)


def directions(d: int, count: int, generator: Generator) -> Float[Tensor, "d _"]:
    """Unit vectors, no two of them close to one line.

    >>> directions(2, 2, torch.Generator()).square().round(decimals=12).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    if d == 2:
        steps = torch.arange(count, device=generator.device, dtype=torch.float64)
        angles = (steps + 0.5) * pi / count
        return torch.stack([angles.cos(), angles.sin()])
    candidates = torch.randn(d, 16 * count, generator=generator, device=generator.device)
    candidates = candidates / candidates.norm(dim=0)
    chosen = [candidates[:, 0]]
    nearest = torch.zeros_like(candidates[0])
    for _ in range(count - 1):
        # The cosine of the angle to the nearest line chosen; the candidate farthest off comes next.
        nearest = torch.maximum(nearest, (chosen[-1] @ candidates).abs())
        chosen.append(candidates[:, nearest.argmin()])
    return torch.stack(chosen, dim=1)
