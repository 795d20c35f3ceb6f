"""Networks on random sparse topologies, the most promising first.

Of hundreds of skeletons only few can be what the values come from, but on those a fit succeeds far
more often than on all edges at once, and finds one of few ways to say the same.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.symbolic.batched_kan import FittedBatch, fit_batch, raise_degree, random_batch

# Skeletons drawn at a time, those that go on after the first few steps on few points, those that
# are made sharp, and how often they are drawn.
_DRAWN, _GO_ON, _SHARP, _ROUNDS = 300, 14, 4, 3

# Skeletons of edges of second degree that go on.
_QUADRATIC = 60

# Degrees of polynomials: of first, of second and of sharp networks.
_LOW, _MIDDLE, _FINE = 3, 5, 12

# Points of the first steps, those steps, steps afterwards.
_FEW, _FIRST, _STEPS = 200, 8, 30

# Of as many edges go on at most; how often a shape that is known is begun anew, and what may be
# left of the values' spread for it to do.
_ALIKE, _ANEW, _GOOD = 2, 12, 1e-4

# Shares of edges beyond those of a tree, in turn, and of layers that only hand on.
_SHARES, _HANDING_ON = (0.0, 0.15, 0.4, 1.0), 0.4

# What an edge more has to gain, in orders of magnitude of what is left; what counts as nothing.
_EDGE, _NOTHING = 0.4, 1e-7


def sparse_networks(
    live: Sequence[Bool[Tensor, "_ _"]],
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    generator: torch.Generator,
) -> list[FittedBatch]:
    """Single networks with no more edges than `live`, the most promising first.

    One for each number of edges: those with many can come near to what those with few are exactly.
    """
    found = list[FittedBatch]()
    for _ in range(_ROUNDS):
        # The most promising of many networks, each with a skeleton of its own.
        many = random_batch(random_topologies(live, generator), x, generator)
        first = _diverse(fit_batch(many, x[:_FEW], y[:_FEW], _FIRST), _GO_ON)
        second = fit_batch(raise_degree(first.batch, _MIDDLE), x[:_FEW], y[:_FEW], _STEPS)
        best_of_round = raise_degree(_diverse(second, _SHARP).batch, _FINE)
        found.append(fit_batch(best_of_round, x, y, _STEPS))
    every = [each.only([row]) for each in found for row in range(len(each.batch))]
    best = dict[float, FittedBatch]()
    for each in sorted(every, key=lambda each: float(_score(each))):
        best.setdefault(float(each.batch.edges()), each)
    return list(best.values())


def quadratic_networks(
    live: Sequence[Bool[Tensor, "_ _"]],
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    enough: float,
    generator: torch.Generator,
) -> FittedBatch | None:
    """The network of fewest edges, all of second degree at most, that leaves no more than `enough`.

    None where no start leads to one.
    """
    for _ in range(_ROUNDS):
        masks = [mask[:, :, :2] for mask in random_topologies(live, generator)]
        first = fit_batch(random_batch(masks, x, generator), x[:_FEW], y[:_FEW], _FIRST)
        rows = _score(first).argsort()[:_QUADRATIC].tolist()
        fitted = fit_batch(first.only(rows).batch, x, y, 2 * _STEPS)
        if float(fitted.left.min()) <= enough:
            return fitted.best(enough)
    return None


def _score(some: FittedBatch) -> Float[Tensor, " _"]:
    """The lower the better: what is left in orders of magnitude, and edges, weighed."""
    return some.left.clamp_min(_NOTHING).log10() + _EDGE * some.batch.edges()


def _diverse(some: FittedBatch, count: int) -> FittedBatch:
    """The best few, of which only some have the same number of edges.

    The simplest skeletons are all alike: sums of functions of each coordinate.
    """
    taken, rows = Counter[int](), list[int]()
    edges = some.batch.edges().int().tolist()
    for row in _score(some).argsort().tolist():
        taken[edges[row]] += 1
        if taken[edges[row]] <= _ALIKE:
            rows.append(row)
    return some.only(rows[:count])


def random_topologies(
    live: Sequence[Bool[Tensor, "_ _"]], generator: torch.Generator
) -> tuple[Float[Tensor, "_ _ k _"], ...]:
    """Masks of edges drawn from those that are live: trees, trees with more edges, and all.

    Some layers only hand on what they get, which makes a network of fewer layers.
    """

    def chance(*shape: int) -> Float[Tensor, "..."]:
        return torch.rand(_DRAWN, *shape, generator=generator).to(live[0].device)

    share = torch.tensor(_SHARES, device=live[0].device).repeat(_DRAWN)[:_DRAWN, None, None]
    masks = list[Tensor]()
    reached = torch.ones_like(chance(len(live[0]))) > 0
    for layer, allowed in enumerate(live):
        before, after = allowed.shape
        kept = chance(after)
        # One of the nodes stays, and all of them in every other start.
        nodes = (kept > 0.7 * chance(1)) | (kept == kept.amax(dim=1, keepdim=True))
        nodes[1::2] = True
        possible = allowed & nodes.unsqueeze(1)
        rank = (0.1 + chance(before, after)) * possible
        tree = rank == rank.amax(dim=2, keepdim=True)
        edges = (tree | (chance(before, after) < share)) & possible & reached.unsqueeze(2)
        mask = edges.unsqueeze(2).repeat(1, 1, _LOW, 1).double()
        if 0 < layer < len(live) - 1:
            alone = torch.zeros_like(mask)
            alone[:, :, 0] = torch.eye(before, after).to(mask) * allowed * reached.unsqueeze(2)
            fits = (alone.sum(dim=(2, 3)) > 0) == reached
            handing_on = fits.all(dim=1) & (chance() < _HANDING_ON)
            mask = torch.where(handing_on[:, None, None, None], alone, mask)
        reached = mask.amax(dim=(1, 2)) > 0
        masks.append(mask)
    return tuple(masks)


def straighten(
    one: FittedBatch, x: Float[Tensor, "n d"], y: Float[Tensor, " n"], generator: torch.Generator
) -> FittedBatch:
    """One network with an edge straight of each two that follow one another alone.

    Both could be any that give the same together.
    """
    masks = [mask[0].clone() for mask in one.batch.masks]
    for before, after in pairwise(masks):
        enters, leaves = before.amax(dim=1), after.amax(dim=1)
        alone = (enters.sum(dim=0) == 1) & (leaves.sum(dim=1) == 1)
        for node in torch.nonzero(alone)[:, 0].tolist():
            i, o = int(enters[:, node].argmax()), int(leaves[node].argmax())
            after[node, :, o] = torch.maximum(before[i, :, node], after[node, :, o])
            before[i, 1:, node] = 0
    if all(torch.equal(new, old[0]) for new, old in zip(masks, one.batch.masks, strict=True)):
        return one
    anew = [mask[:, :_LOW].expand(_ANEW, -1, -1, -1) for mask in masks]
    begun = fit_batch(random_batch(anew, x, generator), x, y, _STEPS)
    straight = fit_batch(raise_degree(_diverse(begun, _ALIKE).batch, _FINE), x, y, _STEPS).best()
    return straight if float(straight.left) <= _GOOD else one
