"""The self-scaled update of the inverse Hessian of Broyden's family."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Member(NamedTuple):
    """A member of the two-parameter family: θ = 0 is BFGS and θ = 1 DFP, τ = 1 does not scale."""

    theta: float
    tau: float


def broyden_update(
    inverse: Float[Tensor, "p p"] | None,
    step: Float[Tensor, " p"],
    change: Float[Tensor, " p"],
    length: float,
) -> Float[Tensor, "p p"] | None:
    """H after a step s that changed the gradient by y, so that H y = s; None is the identity.

    H ← (H - H y yᵀH / yᵀH y + φ v vᵀ) / τ + s sᵀ / yᵀs with v = √(yᵀH y) (s / yᵀs - H y / yᵀH y)
    and φ = (1 - θ) / (1 + a θ), from `member`. `length` is sᵀB s with B the inverse of H. H stays
    as it is where yᵀs or yᵀH y is not clearly positive. One pass over p² numbers.

    Source: Al-Baali 1998, doi 10.1023/A:1018315205474, as used by Urbán, Stefanou, Pons 2025,
    doi 10.1016/j.jcp.2024.113656, equations (13) to (18).

    >>> broyden_update(None, torch.tensor([2.0]), torch.tensor([4.0]), length=4.0)
    tensor([[0.5000]])
    """
    image = change if inverse is None else inverse @ change
    ys, yHy = float(change @ step), float(change @ image)
    smallest = torch.finfo(step.dtype)
    if not (ys > smallest.eps * float(change.norm() * step.norm()) and yHy > smallest.tiny):
        return inverse
    b, h = length / ys, yHy / ys
    theta, tau = member(b, h, len(step), first=inverse is None)
    phi = (1.0 - theta) / (1.0 + (b * h - 1.0) * theta)
    # All terms but H itself as [s, H y] C [s, H y]ᵀ.
    C = step.new_tensor(
        [
            [(1.0 + phi * h / tau) / ys, -phi / (tau * ys)],
            [-phi / (tau * ys), (phi - 1.0) / (tau * yHy)],
        ]
    )
    both = torch.stack([step, image], dim=1)
    before = torch.eye(len(step)).to(step) if inverse is None else inverse
    return torch.addmm(before, both @ C, both.mT, beta=1.0 / tau)


def member(b: float, h: float, parameters: int, *, first: bool) -> Member:
    """The choice of θ and τ from b = sᵀB s / yᵀs and h = yᵀH y / yᵀs, b h >= 1.

    θ comes as close to (1 - b) / b, of the symmetric rank-one update, as keeps H positive and its
    growth within bounds; τ makes up for the eigenvalues that this θ enlarges. The first update
    scales the identity to the size that yᵀH y shows instead.

    Source: Al-Baali and Khalfan 2012, Optimization Methods and Software, "A combined class of
    self-scaling and modified quasi-Newton methods"; Kiyani et al. 2025, arXiv 2501.16371,
    section 2, SSBroyden.
    """
    # Zero in exact arithmetic where y and B s are parallel: then every θ gives the same update.
    a = max(b * h - 1.0, 1e-15)
    c = (a / (1.0 + a)) ** 0.5
    lower = min(1.0, h * (1.0 - c))
    theta = max((lower - 1.0) / a, min(1.0 / lower, (1.0 - b) / b))
    sigma = 1.0 + a * theta
    if first:
        return Member(theta, h / sigma)
    scale = min(1.0, 1.0 / b)
    spread = sigma ** (-1.0 / max(1, parameters - 1))
    if theta <= 0.0:
        return Member(theta, min(scale * spread, sigma))
    return Member(theta, scale * min(spread, 1.0 / theta))
