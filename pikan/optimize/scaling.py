"""Variables in which every parameter moves the residual about as much as any other."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.optimize.gradient import finite
from pikan.optimize.objective import Objective

# Random vectors in an estimate of the Jacobian's column lengths, good to a fifth or so.
SIGNS = 50

# A column this much shorter than the longest counts as this long: θ must not run away along it.
SHORTEST = 1e-3


def column_lengths(objective: Objective, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """About the lengths of the Jacobian's columns at θ, none below a thousandth of the longest.

    The mean of (Jᵀz)² over random signs z is the squared length, and a few dozen z are enough;
    each costs one backward pass, where the Jacobian would cost one for every row.

    Source: Bekas, Kokiopoulou, Saad 2007, doi 10.1016/j.apnum.2007.01.003.
    """
    moving = theta.detach().clone().requires_grad_()
    residual = objective.residual(moving)
    # The same signs in every run: they are part of the method, not of the problem's chance.
    generator = torch.Generator().manual_seed(0)
    squares = torch.zeros_like(theta)
    for _ in range(SIGNS):
        signs = torch.randint(2, residual.shape, generator=generator).to(residual) * 2 - 1
        squares += torch.autograd.grad(residual, moving, signs, retain_graph=True)[0].square()
    lengths = (squares / SIGNS).sqrt()
    longest = lengths.max()
    if not bool(longest > 0.0) or not finite(lengths):
        return torch.ones_like(theta)
    return lengths.clamp_min(SHORTEST * longest)


def rescale(objective: Objective, lengths: Float[Tensor, " p"]) -> Objective:
    """The same residual as a function of `lengths` times θ."""
    return replace(
        objective,
        residual=lambda y: objective.residual(y / lengths),
        jacobian=lambda y: objective.jacobian(y / lengths) / lengths,
    )
