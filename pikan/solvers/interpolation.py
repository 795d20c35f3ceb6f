"""Interpolation by products of polynomials on cells."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.elements import Elements
from pikan.linalg.dense import inverse
from pikan.linalg.tensor_product import mode_products


def interpolate(
    bases: Sequence[Elements], function: Callable[[Float[Tensor, "n d"]], Float[Tensor, "n m"]]
) -> Float[Tensor, "*_ m"]:
    """The coefficients, by axis, of the interpolant of a function of the unit box."""
    lines = list[Float[Tensor, " n"]]()
    for basis in bases:
        # As many points as functions that are continuous: Chebyshev's in each cell, edges shared.
        edges = basis.edges()[0]
        angles = torch.linspace(0.0, torch.pi, basis.degree + 1, dtype=edges.dtype)
        inside = edges[:-1, None] + edges.diff()[:, None] * (1.0 - angles[:-1].cos()) / 2
        lines.append(torch.cat([inside.flatten(), edges[-1:]]))
    grid = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1)
    values = function(grid.flatten(0, -2)).unflatten(0, grid.shape[:-1])
    pairs = zip(bases, lines, strict=True)
    inverses = tuple(inverse(one.derivatives(x[:, None], 0)[0, :, 0]) for one, x in pairs)
    return torch.stack([mode_products(inverses, one) for one in values.unbind(-1)], dim=-1)
