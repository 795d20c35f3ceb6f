"""Where the functions of a node live: intervals fixed or taken from samples."""

import torch
from jaxtyping import Float
from torch import Tensor


def sample_range(
    samples: Float[Tensor, "n in"], before: Float[Tensor, "in _"]
) -> Float[Tensor, "in 2"]:
    """From the least to the greatest sample of each node.

    Where all samples of a node are equal, its interval before, moved to have them in the middle.
    """
    lower, upper = samples.amin(dim=0), samples.amax(dim=0)
    half = (before[:, -1] - before[:, 0]) / 2
    alone = upper - lower <= torch.finfo(samples.dtype).eps * (half + lower.abs())
    bounds = torch.where(alone, lower - half, lower), torch.where(alone, lower + half, upper)
    return torch.stack(bounds, dim=1).detach()
