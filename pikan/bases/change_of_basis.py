"""Change of basis: from the coefficients of a function in one basis to those in another."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.linalg.dense import least_squares


def transfer(old: Basis, new: Basis) -> Float[Tensor, "in new old"]:
    """For each node the matrix from coefficients in the old basis to those in the new one.

    Where the new functions include the old ones, as after `refined`, the function stays what it
    was; otherwise the new coefficients make its best approximation in the mean square over the new
    interval. Old functions are continued where the new interval is longer.
    """
    # Gauss' rule on every piece of either basis, fit for products of theirs.
    lower, upper = new.knots[:, :1], new.knots[:, -1:]
    breaks = torch.cat([new.knots, old.knots.clamp(lower, upper)], dim=1).sort(dim=1).values
    nodes, weights = np.polynomial.legendre.leggauss(max(old.resolution, new.resolution))
    half = (breaks.diff(dim=1) / 2).unsqueeze(-1)
    middle = ((breaks[:, 1:] + breaks[:, :-1]) / 2).unsqueeze(-1)
    x = (middle + half * torch.from_numpy(nodes).to(half)).flatten(1)
    scale = (half * torch.from_numpy(weights).to(half)).flatten(1).sqrt().unsqueeze(-1)
    known, wanted = (basis.derivatives(x.mT, 0)[0].transpose(0, 1) for basis in (old, new))
    return least_squares(scale * wanted, scale * known, torch.finfo(scale.dtype).eps)
