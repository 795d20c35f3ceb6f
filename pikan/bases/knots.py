"""Knots of splines: evenly spaced, among samples, and between other knots."""

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.sample_range import sample_range


def even_knots(interval: Float[Tensor, "in 2"], grid: int) -> Float[Tensor, "in _"]:
    """The ends of `grid` equal cells.

    >>> even_knots(torch.tensor([[0.0, 2.0]]), grid=4).tolist()
    [[0.0, 0.5, 1.0, 1.5, 2.0]]
    """
    share = torch.arange(grid + 1).to(interval) / grid
    return interval[:, :1] * (1 - share) + interval[:, 1:] * share


def adapted_knots(
    samples: Float[Tensor, "n in"], knots: Float[Tensor, "in _"], evenness: float = 0.02
) -> Float[Tensor, "in _"]:
    """As many knots, at quantiles of the samples, mixed with a share `evenness` of even ones.

    With as many samples in every cell, where they differ; the even share keeps equal samples from
    making equal knots. The share is pykan 0.2.8's `grid_eps`.

    Source: Liu et al. 2024, arXiv 2404.19756, section 2.2 and appendix A.
    """
    interval = sample_range(samples, knots)
    even = even_knots(interval, knots.shape[1] - 1)
    shares = torch.arange(knots.shape[1]).to(samples) / (knots.shape[1] - 1)
    quantiles = samples.detach().quantile(shares, dim=0).mT
    crowded = (quantiles[:, -1:] == quantiles[:, :1]) | (evenness == 1)
    return torch.where(crowded, even, (1 - evenness) * quantiles + evenness * even)


def split_knots(knots: Float[Tensor, "in _"], grid: int) -> Float[Tensor, "in _"]:
    """These knots and more between them, `grid` cells in all, the widest cells split evenly first.

    >>> split_knots(torch.tensor([[0.0, 1.0, 4.0]]), grid=4).tolist()
    [[0.0, 1.0, 2.0, 3.0, 4.0]]
    """
    widths = knots.diff(dim=1)
    parts = torch.ones_like(widths)
    for _ in range(grid - widths.shape[1]):
        # Equal cells are split from the left, whatever rounding makes of their widths.
        size = widths / parts
        widest = (size > size.amax(dim=1, keepdim=True) * (1 - 1e-6)).to(size).argmax(dim=1)
        parts[torch.arange(len(parts)), widest] += 1
    made = list[Tensor]()
    for row, count in zip(knots, parts.long(), strict=True):
        lower, upper = row[:-1].repeat_interleave(count), row[1:].repeat_interleave(count)
        first = count.cumsum(0) - count
        step = torch.arange(len(lower), device=knots.device) - first.repeat_interleave(count)
        share = step.to(knots) / count.repeat_interleave(count)
        made.append(torch.cat([lower + share * (upper - lower), row[-1:]]))
    return torch.stack(made)


def repeated_knots(knots: Float[Tensor, "in _"], times: int) -> Float[Tensor, "in _"]:
    """These knots, every different one between the ends so many times more.

    That keeps the splines as smooth as they were when their degree is raised by `times`.

    >>> repeated_knots(torch.tensor([[0.0, 1.0, 2.0]]), times=1).tolist()
    [[0.0, 1.0, 1.0, 2.0]]
    """
    more = [row[1:-1].unique().repeat(times) for row in knots]
    return torch.stack([torch.cat(both).sort().values for both in zip(knots, more, strict=True)])
