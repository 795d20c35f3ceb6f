"""Multi-start sparsification: networks with as few and as simple edges as still fit.

What a formula is read off best is the simplest network of a width that fits, not the first: many
others give the same values by edges of no short form.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.bases.chebyshev import Chebyshev
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.layer import Layer
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.symbolic.batched_kan import (
    FittedBatch,
    NetworkBatch,
    fit_batch,
    raise_degree,
    random_batch,
)
from pikan.symbolic.topologies import sparse_networks, straighten

# Random starts, those that go on after the first steps, all steps, and the share of hidden nodes
# that is left out.
_STARTS, _KEPT, _FIRST, _STEPS, _LEFT_OUT = 36, 7, 12, 60, 0.5

# Points to fit to; steps after a change of an edge; degree in the end.
_POINTS, _AGAIN, _HIGH = 400, 8, 14

# What is left of a good fit falls by this factor at least once degrees are high.
_FALL = 0.2

# Sparse networks that are simplified; what may be left of the values' spread while they are, and
# what at most in the end.
_SPARSE, _EXACT, _GOOD = 3, 1e-6, 1e-4


class Sparsification(NamedTuple):
    """How to make a network simpler.

    The degree of polynomials, what may be left of the values' spread, and the degrees that edges
    are to be brought down to one after the other, zero to cut them.
    """

    degree: int
    left: float
    order: tuple[int, ...]


_WAYS = (
    Sparsification(5, 3e-3, (0, 1, 2)),
    Sparsification(5, 3e-3, (2, 1, 0)),
    Sparsification(8, 3e-4, (0, 1, 2)),
    Sparsification(8, 3e-4, (2, 1, 0)),
)

Masks = list[Float[Tensor, "_ k _"]]
Place = tuple[int, int, int]


def sparsify(
    live: Sequence[Bool[Tensor, "_ _"]],
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    seed: int,
) -> Generator[KANNetwork, None, None]:
    """Networks with no more edges than `live`, each simplified in a way of its own."""
    rows = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))[:_POINTS]
    inputs, values = points[rows.to(points.device)], labels[rows.to(points.device)]
    low, high = intervals(points)
    x = (2 * inputs - low - high) / (high - low)
    mean, spread = values.mean(), values.std()
    y = (values - mean) / spread
    generator = torch.Generator().manual_seed(seed)
    full, shapes = dict[int, FittedBatch](), set[str]()
    for way in _WAYS:
        if not full:
            # What few nodes can do with edges of no short form more may do with simple ones.
            share = 0.0 if seed % 2 else _LEFT_OUT
            many = random_batch(_sparse(live, way.degree, share, generator), x, generator)
            some = fit_batch(many, x, y, _FIRST)
            kept = (some.left.square() * some.batch.edges()).argsort()[:_KEPT].tolist()
            some = fit_batch(some.batch.only(kept), x, y, _STEPS - _FIRST)
            full[way.degree] = some.best(way.left)
        elif way.degree not in full:
            (start,) = full.values()
            full[way.degree] = fit_batch(raise_degree(start.batch, way.degree), x, y, _STEPS)
        whole = full[way.degree]
        most = max(3 * float(whole.left), way.left)
        simple = simplify(whole, x, y, most, way.order)
        shape = str([degrees.tolist() for degrees in simple.batch.degrees()])
        if shape in shapes:
            continue
        shapes.add(shape)
        sharp = fit_batch(raise_degree(simple.batch, _HIGH), x, y, 4 * _AGAIN)
        if float(sharp.left) <= _FALL * most:
            yield polynomial_network(sharp.batch, low, high, float(mean), float(spread))
    few = sparse_networks(live, x, y, generator)[:_SPARSE]
    for one in sorted(few, key=lambda each: float(each.batch.edges())):
        cut = simplify(one, x, y, max(3 * float(one.left), _EXACT), (0,))
        whole = straighten(cut, x, y, generator)
        simple = simplify(whole, x, y, max(3 * float(whole.left), _EXACT), (0, 1, 2))
        sharp = fit_batch(raise_degree(simple.batch, _HIGH), x, y, 4 * _AGAIN)
        if float(sharp.left) <= _GOOD:
            yield polynomial_network(sharp.batch, low, high, float(mean), float(spread))


def intervals(points: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """The ends of the range of each coordinate, of length one where it is constant."""
    low, high = points.amin(dim=0), points.amax(dim=0)
    return low, torch.where(high > low, high, low + 1)


def _sparse(
    live: Sequence[Bool[Tensor, "_ _"]], degree: int, share: float, generator: torch.Generator
) -> tuple[Float[Tensor, "_ _ k _"], ...]:
    """Masks of the live edges between hidden nodes, of which this share is left out by chance."""
    device = live[0].device
    nodes = [torch.ones(_STARTS, len(live[0]), device=device)]
    for layer in live:
        kept = torch.rand(_STARTS, layer.shape[1], generator=generator).to(device)
        # One of them stays, and all of them in every third start.
        chosen = (kept > share) | (kept == kept.amax(dim=1, keepdim=True))
        chosen[::3] = True
        nodes.append(chosen.to(nodes[0]))
    return tuple(
        (one.unsqueeze(2) * two.unsqueeze(1) * layer).unsqueeze(2).repeat(1, 1, degree, 1).double()
        for one, two, layer in zip(nodes, nodes[1:], live, strict=False)
    )


def simplify(
    one: FittedBatch,
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    most: float,
    order: Sequence[int],
) -> FittedBatch:
    """One network, edges brought down in degree while no more than `most` is left of the values."""
    batch = one.batch
    for degree in order:
        hopeless = set[Place]()
        while True:
            masks = [mask[0] for mask in batch.masks]
            places = [
                (layer, i, o)
                for layer, degrees in enumerate(batch.degrees())
                for _, i, o in torch.nonzero(degrees > degree).tolist()
                if (layer, i, o) not in hopeless
            ]
            if not places:
                break
            tried = fit_batch(
                _apply_masks(batch, [_lower_degree(masks, [place], degree) for place in places]),
                x,
                y,
                _AGAIN,
            )
            ranked = tried.left.argsort().tolist()
            good = [places[k] for k in ranked if float(tried.left[k]) <= most]
            hopeless |= {places[k] for k in ranked if float(tried.left[k]) > 10 * most}
            if not good:
                break
            before, batch = batch, tried.batch.only([ranked[0]])
            counts = sorted({2, 3, 4, 6, len(good)} & set(range(2, len(good) + 1)))
            if counts:
                several = [_lower_degree(masks, good[:count], degree) for count in counts]
                together = fit_batch(_apply_masks(before, several), x, y, 2 * _AGAIN)
                fits = torch.nonzero(together.left <= most)[:, 0].tolist()
                batch = together.batch.only([fits[-1]]) if fits else batch
    return fit_batch(batch, x, y, 2 * _AGAIN)


def _apply_masks(batch: NetworkBatch, masks: Sequence[Masks]) -> NetworkBatch:
    """Copies of one network under these masks."""
    every = tuple(torch.stack(layer) for layer in zip(*masks, strict=True))
    weights = tuple(w * mask for w, mask in zip(batch.weights, every, strict=True))
    return NetworkBatch(
        weights, every, tuple(level.expand(len(masks), -1) for level in batch.levels)
    )


def _lower_degree(masks: Masks, places: Sequence[Place], degree: int) -> Masks:
    """The masks with these edges brought down, and those cut that are no part of a way through."""
    lowered = [mask.clone() for mask in masks]
    for layer, i, o in places:
        lowered[layer][i, degree:, o] = 0
    for _ in lowered:
        for before, after in pairwise(lowered):
            after[before.sum(dim=(0, 1)) == 0] = 0
            before[:, :, after.sum(dim=(1, 2)) == 0] = 0
    return lowered


def polynomial_network(
    batch: NetworkBatch,
    low: Float[Tensor, " d"],
    high: Float[Tensor, " d"],
    mean: float,
    spread: float,
) -> KANNetwork:
    """One network as it is known elsewhere, with formulas on edges of the first two degrees."""
    widths = [*(weight.shape[1] for weight in batch.weights), 1]
    degree = batch.weights[0].shape[2]
    intervals = [torch.stack([low, high], dim=1)]
    intervals += [torch.tensor([[-1.0, 1.0]] * width).to(low) for width in widths[1:-1]]
    bases = [Chebyshev(interval, degree) for interval in intervals]
    kan, layers = KANNetwork(widths, bases, [-1.0] * widths[0], [1.0] * widths[0]), list[Layer]()
    parts = zip(batch.weights, batch.levels, batch.degrees(), kan.to(low).layers(), strict=True)
    for number, (weight, level, degrees, empty) in enumerate(parts):
        last = number == len(widths) - 2
        factor, term = (spread, mean) if last else (1.0, 0.0)
        weights, degrees_here = factor * weight[0], degrees[0]
        constants = (factor * level[0] + term).tolist()
        full = torch.cat([torch.zeros_like(weights[:, :1]), weights], dim=1)
        made: list[SymbolicEdge] = []
        for i, o in torch.nonzero(degrees_here).tolist():
            constant, constants[o] = constants[o], 0.0
            full[i, 0, o] = constant
            if degrees_here[i, o] <= 2:
                interval = (low[i], high[i]) if number == 0 else (-1.0, 1.0)
                made.append(_formula(i, o, full[i, :3, o].tolist(), *map(float, interval)))
        layers.append(
            empty.replace(weight=full.flatten(0, 1), mask=degrees_here > 0, formulas=made)
        )
    return with_layers(kan, layers)


def _formula(i: int, o: int, weights: Sequence[float], low: float, high: float) -> SymbolicEdge:
    """A polynomial of second degree at most, with these weights of T_0 to T_2 on an interval."""
    a, b = 2 / (high - low), -(low + high) / (high - low)
    first, second, third = weights
    if third == 0.0:
        return SymbolicEdge(i, o, "x", (1.0, 0.0, second * a, first + second * b), 1.0)
    shift = second / (4 * third)
    level = first - third - second**2 / (8 * third)
    return SymbolicEdge(i, o, "x^2", (1.0, (b + shift) / a, 2 * third * a**2, level), 1.0)
