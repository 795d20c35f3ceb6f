"""Batched polynomial KANs, fitted from random starts by Levenberg-Marquardt.

An edge is a polynomial of a node in [-1, 1], with no constant; the constants are the levels of the
nodes. After every step the nodes are scaled to [-1, 1] again, which changes no function: a
polynomial of a scaled argument is one of the same degree.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import pi
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from pikan.linalg.dense import solve_positive_definite

# Damping at the start, and the factors by which it falls after a good step and grows after a bad.
_DAMPING, _FALL, _GROWTH = 1e-2, 5.0, 6.0

# How often a step is shortened before the next Jacobian; nonlinearity of random edges.
_TRIED, _CURVED = 4, 0.05


class NetworkBatch(NamedTuple):
    """S networks of the same width: for each layer weights of T_1 to T_k, masks of these, levels.

    What a mask says is zero stays so.
    """

    weights: tuple[Float[Tensor, "_ _ k _"], ...]
    masks: tuple[Float[Tensor, "_ _ k _"], ...]
    levels: tuple[Float[Tensor, "_ _"], ...]

    def __len__(self) -> int:
        return len(self.weights[0])

    def only(self, rows: Sequence[int]) -> "NetworkBatch":
        """Those networks."""
        chosen = (tuple(each[list(rows)] for each in part) for part in self)
        return NetworkBatch(*chosen)

    def degrees(self) -> tuple[Float[Tensor, "_ _ _"], ...]:
        """The highest degree that each edge may have; zero for one that is cut."""
        counts = torch.arange(1, self.weights[0].shape[2] + 1).to(self.masks[0]).unsqueeze(1)
        return tuple((mask * counts).amax(dim=2) for mask in self.masks)

    def edges(self) -> Float[Tensor, " _"]:
        """How many edges each network has."""
        return sum((each > 0).sum(dim=(1, 2)) for each in self.degrees()) + torch.zeros(len(self))


class FittedBatch(NamedTuple):
    """Networks, and what they leave of the values: the root of the mean square of each."""

    batch: NetworkBatch
    left: Float[Tensor, " _"]

    def only(self, rows: Sequence[int]) -> "FittedBatch":
        """Those networks."""
        return FittedBatch(self.batch.only(rows), self.left[list(rows)])

    def best(self, enough: float = 0.0) -> "FittedBatch":
        """The one of fewest edges that leaves no more than `enough`, or that leaves the least."""
        fits = self.left <= max(enough, float(self.left.min()))
        return self.only([int(torch.where(fits, self.batch.edges(), torch.inf).argmin())])


class _LayerPass(NamedTuple):
    """One layer of all networks: functions on its edges, their slopes, and what they sum to."""

    functions: Float[Tensor, " _ n in k"]
    slopes: Float[Tensor, " _ n in k"]
    sums: Float[Tensor, "_ n out"]


def random_batch(
    masks: Sequence[Float[Tensor, "_ _ k _"]], x: Float[Tensor, "n d"], generator: Generator
) -> NetworkBatch:
    """Nearly straight random edges where `masks` allow, every node from -1 to 1."""
    count = len(masks[0])
    nodes, weights, levels = x.expand(count, *x.shape), list[Tensor](), list[Tensor]()
    for mask in masks:
        size = _CURVED / torch.arange(1, mask.shape[2] + 1).to(x).square()
        drawn_here = torch.randn(2, *mask.shape, generator=generator, dtype=x.dtype).to(x)
        weight = drawn_here[0] * size.unsqueeze(1)
        weight[:, :, 0] += drawn_here[1, :, :, 0]
        weight = weight * mask
        sums = _sum_edges(chebyshev(nodes, mask.shape[2])[0], weight)
        middle, half = _spans(sums)
        weights.append(weight / half[:, None, None, :])
        levels.append(-middle / half)
        nodes = (sums - middle.unsqueeze(1)) / half.unsqueeze(1)
    return NetworkBatch(tuple(weights), tuple(masks), tuple(levels))


def fit_batch(
    batch: NetworkBatch,
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    steps: int,
) -> FittedBatch:
    """All networks after so many steps.

    Source: Madsen, Nielsen, Tingleff 2004, Methods for Non-Linear Least Squares Problems,
    section 3.2; Marquardt's scaling.
    """
    batch = _rescale(batch, _passes(batch, x))
    passes = _passes(batch, x)
    residual = passes[-1].sums[..., 0] - y
    loss = residual.square().mean(dim=1)
    damping = loss.new_full(loss.shape, _DAMPING)
    for _ in range(steps):
        # Columns of the Jacobian that are not zero for all networks.
        parts = list[Tensor]()
        for mask, level in zip(batch.masks, batch.levels, strict=True):
            parts += [mask.amax(dim=0).flatten() > 0, torch.ones_like(level[0]) > 0]
        used = torch.cat(parts)
        jacobian = _jacobian(batch, passes)[..., used]
        square, slope = jacobian.mT @ jacobian, (jacobian.mT @ residual.unsqueeze(2)).squeeze(2)
        lengths = square.diagonal(dim1=1, dim2=2)
        lengths = lengths + 1e-12 * lengths.amax(dim=1, keepdim=True) + 1e-30
        tried, new = batch, loss
        for _ in range(_TRIED):
            ridge = (damping.unsqueeze(1) + 1e-13) * lengths
            move = solve_positive_definite(square + torch.diag_embed(ridge), slope)
            whole = move.new_zeros(len(batch), len(used))
            whole[:, used] = torch.where(move.isfinite(), move, 0.0)
            tried = _apply_step(batch, whole)
            new = (_passes(tried, x)[-1].sums[..., 0] - y).square().mean(dim=1)
            damping = torch.where(new < loss, damping / _FALL, damping * _GROWTH)
            if bool((new < loss).any()):
                break
        better, damping = new < loss, damping.clamp(1e-12, 1e8)
        loss = torch.where(better, new, loss)
        kept = list[tuple[Tensor, ...]]()
        for news, olds in zip(tried, batch, strict=True):
            kept.append(
                tuple(
                    torch.where(better.view(-1, *[1] * (one.ndim - 1)), one, two)
                    for one, two in zip(news, olds, strict=True)
                )
            )
        batch = NetworkBatch(*kept)
        batch = _rescale(batch, _passes(batch, x))
        passes = _passes(batch, x)
        residual = passes[-1].sums[..., 0] - y
    return FittedBatch(batch, loss.sqrt())


def raise_degree(batch: NetworkBatch, degree: int) -> NetworkBatch:
    """The same functions; those of more than the second degree may have this one."""
    weights, masks = list[Tensor](), list[Tensor]()
    for weight, mask in zip(batch.weights, batch.masks, strict=True):
        count, nodes, before, sums = weight.shape
        room = weight.new_zeros(count, nodes, degree - before, sums)
        weights.append(torch.cat([weight, room], dim=2))
        masks.append(torch.cat([mask, room + mask[:, :, 2:3]], dim=2))
    return NetworkBatch(tuple(weights), tuple(masks), batch.levels)


def chebyshev(
    z: Float[Tensor, "*n"], degree: int
) -> tuple[Float[Tensor, "*n k"], Float[Tensor, "*n k"]]:
    """T_1 to T_k and their slopes, by T_(j+1) = 2 z T_j - T_(j-1)."""
    values, slopes = [torch.ones_like(z), z], [torch.zeros_like(z), torch.ones_like(z)]
    for _ in range(degree - 1):
        slopes.append(2 * values[-1] + 2 * z * slopes[-1] - slopes[-2])
        values.append(2 * z * values[-1] - values[-2])
    return torch.stack(values[1:], dim=-1), torch.stack(slopes[1:], dim=-1)


def _sum_edges(
    functions: Float[Tensor, " _ n in k"], weight: Float[Tensor, "_ in k out"]
) -> Float[Tensor, "_ n out"]:
    return torch.bmm(functions.flatten(2), weight.flatten(1, 2))


def _passes(batch: NetworkBatch, x: Float[Tensor, "n d"]) -> list[_LayerPass]:
    nodes, passes = x.expand(len(batch), *x.shape), list[_LayerPass]()
    for weight, level in zip(batch.weights, batch.levels, strict=True):
        functions, slopes = chebyshev(nodes, weight.shape[2])
        nodes = _sum_edges(functions, weight) + level.unsqueeze(1)
        passes.append(_LayerPass(functions, slopes, nodes))
    return passes


def _jacobian(batch: NetworkBatch, passes: Sequence[_LayerPass]) -> Float[Tensor, "_ n p"]:
    """The derivatives with respect to each layer's weights, then its levels."""
    parts, after = list[Tensor](), torch.ones_like(passes[-1].sums)
    for layer in reversed(range(len(passes))):
        functions, slopes, _ = passes[layer]
        weight, mask = batch.weights[layer], batch.masks[layer]
        own = functions.unsqueeze(-1) * after[:, :, None, None, :] * mask.unsqueeze(1)
        parts = [own.flatten(2), after, *parts]
        after = torch.einsum("snik,siko,sno->sni", slopes, weight, after) if layer else after
    return torch.cat(parts, dim=2)


def _apply_step(batch: NetworkBatch, move: Float[Tensor, "_ p"]) -> NetworkBatch:
    """The networks less a step."""
    weights, levels, first = list[Tensor](), list[Tensor](), 0
    for weight, level in zip(batch.weights, batch.levels, strict=True):
        middle = first + weight[0].numel()
        last = middle + level.shape[1]
        weights.append(weight - move[:, first:middle].view_as(weight))
        levels.append(level - move[:, middle:last])
        first = last
    return NetworkBatch(tuple(weights), batch.masks, tuple(levels))


def _spans(sums: Float[Tensor, "_ n out"]) -> tuple[Float[Tensor, "_ out"], Float[Tensor, "_ out"]]:
    """The middle and half the range of every node; one where it is constant."""
    low, high = sums.amin(dim=1), sums.amax(dim=1)
    half = (high - low) / 2
    return (low + high) / 2, torch.where(half > 1e-12, half, torch.ones_like(half))


def _rescale(batch: NetworkBatch, passes: Sequence[_LayerPass]) -> NetworkBatch:
    """The same functions with every hidden node from -1 to 1."""
    weights, levels = list(batch.weights), list(batch.levels)
    degree = weights[0].shape[2]
    angles = pi * (torch.arange(degree + 1).to(weights[0]) + 0.5) / (degree + 1)
    orders = torch.arange(degree + 1).to(angles)
    # From values at Chebyshev's points to coefficients of T_0 to T_k.
    analysis = 2 / (degree + 1) * torch.cos(orders.unsqueeze(1) * angles)
    analysis[0] /= 2
    for layer, (_, mask) in enumerate(pairwise(batch.masks)):
        middle, half = _spans(passes[layer].sums)
        weights[layer] = weights[layer] / half[:, None, None, :]
        levels[layer] = (levels[layer] - middle) / half
        places = middle.unsqueeze(-1) + half.unsqueeze(-1) * torch.cos(angles)
        values, _ = chebyshev(places, degree)
        changed = analysis @ values @ weights[layer + 1]
        levels[layer + 1] = levels[layer + 1] + changed[:, :, 0].sum(dim=1)
        weights[layer + 1] = changed[:, :, 1:] * mask
    return NetworkBatch(tuple(weights), batch.masks, tuple(levels))
