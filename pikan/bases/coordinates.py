"""Functions of coordinates: their derivatives are their own, each in its coordinate alone."""

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.compose import family
from pikan.jets.autograd import Univariate, derivatives
from pikan.jets.jet import Jet


def functions_of_coordinates(
    basis: Basis, inner: Jet, scale: Float[Tensor, " in"], *others: Univariate
) -> Jet:
    """The jets [a n in*b] of all functions, where the nodes are coordinates divided by a scale.

    The same as `functions(basis, inner, *others).flatten(-2)`, in less time.
    """
    order = max(max(index) for index in inner.indices)
    known = derivatives(family(basis, *others), inner.values[0].mT, basis.knots, order)
    if order == 0:
        return Jet(inner.indices, known.flatten(1, 2).mT)
    powers = scale ** torch.arange(order + 1, device=scale.device)[:, None]
    scaled = known / powers[:, :, None, None]
    nothing = torch.zeros_like(known[0, 0])
    # A partial derivative by another coordinate too is zero.
    rows = [
        scaled[index[axis], axis] if index[axis] == sum(index) else nothing
        for index in inner.indices
        for axis in range(basis.nodes)
    ]
    return Jet(inner.indices, torch.cat(rows).unflatten(0, (len(inner.indices), -1)).mT)
