"""Points that nothing is trained on: evenly spread, and closer where known functions are narrow."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain, as_domain, even
from pikan.geometry.region import RegionPart
from pikan.problem.features import Feature, Features
from pikan.problem.graded_cells import grade
from pikan.sampling.points import interior, numpy_generator
from pikan.sampling.sobol import sobol

# So many points in the cells of a feature, and in no more cells than that.
_IN_CELLS = 200
# So many points of a part of the boundary are looked at for those in cells, neighbors of a curve
# not farther apart than so many times their median distance.
_ALONG, _JUMP = 20_000, 10.0


@final
class Inside(NamedTuple):
    """Points inside the narrow cells of a feature; none where they lie off the region."""

    feature: Feature
    points: Float[Tensor, "n d"]


@final
@dataclass(frozen=True)
class HeldOut:
    """Points on which solutions are compared and judged.

    `weights` is the part of the domain that each of the `points` stands for, one where they are
    evenly spread.
    """

    points: Float[Tensor, "n d"]
    weights: Float[Tensor, " n"]
    inside: tuple[Inside, ...]

    def weight(self, values: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        """Values on the first points, scaled so that mean squares are those of even points."""
        return values * self.weights[: len(values), None].sqrt()


def held_out(
    domain: Domain | Box, features: Features, count: int, generator: torch.Generator, like: Tensor
) -> HeldOut:
    """Held-out points of a domain, with the dtype and device of `like`.

    `generator` moves on by one number, and one more for each feature.
    """
    domain = as_domain(domain)
    if features.smooth and not features.narrow:
        points = interior(domain, sobol, count, generator, like)
        return HeldOut(points, torch.ones_like(points[:, 0]), ())
    unit = sobol(count, domain.box.dimension, numpy_generator(generator))
    points, weights = grade(unit, domain.box, features.edges)
    inside = domain.contains(points)
    in_cells = (Inside(one, _inside(domain, one, generator, like)) for one in features.narrow)
    return HeldOut(
        torch.from_numpy(points[inside]).to(like),
        torch.from_numpy(weights[inside]).to(like),
        tuple(in_cells),
    )


def _inside(
    domain: Domain, feature: Feature, generator: torch.Generator, like: Tensor
) -> Float[Tensor, "n d"]:
    """Points in the cells of a feature: equally many in each, or one in each of some."""
    chance = numpy_generator(generator)
    cells = len(feature.lower)
    chosen = chance.permutation(np.resize(np.arange(cells), max(cells, _IN_CELLS)))[:_IN_CELLS]
    lower, upper = feature.lower[chosen], feature.upper[chosen]
    points = lower + (upper - lower) * chance.random(lower.shape)
    return torch.from_numpy(points[domain.contains(points)]).to(like)


def on_narrow_part(
    domain: Domain, part: RegionPart, feature: Feature, like: Tensor
) -> Float[Tensor, "n d"]:
    """Points of a part of a region's boundary in the narrow cells of a feature, none where none is.

    A curve is cut where it passes the middle of a cell, however small that is. On a surface they
    are points of the part, or the middles of cells that lie nearer to it than its points do.
    """
    own, count = list(part.region.axes), len(feature.lower)
    cells = np.linspace(0, count - 1, min(count, _IN_CELLS)).round().astype(int)
    lower, upper = feature.lower[cells], feature.upper[cells]
    middles = lower + (upper - lower) / 2

    def in_order(wanted: int, axes: int) -> Float[np.ndarray, "n _"]:
        unit = even(wanted, axes)
        unit[:, 0] = np.sort(unit[:, 0]) if len(own) == 2 else unit[:, 0]
        return unit

    along = part.points(domain.box, _ALONG, in_order)
    if not len(along):
        return like.new_zeros(0, domain.box.dimension)
    pairs = (
        [_crossings(along[:, own], middles[:, own], axis) for axis in range(2)]
        if len(own) == 2
        else [_near(along[:, own], middles[:, own])]
    )
    places, numbers = (np.concatenate(one) for one in zip(*pairs, strict=True))
    points = middles[numbers]
    points[:, own] = places
    slack = 1e-9 * np.subtract(domain.box.upper, domain.box.lower)
    held = (points >= lower[numbers] - slack) & (points <= upper[numbers] + slack)
    return torch.from_numpy(points[held.all(axis=1)][:_IN_CELLS]).to(like)


def _crossings(
    along: Float[np.ndarray, "n 2"], middles: Float[np.ndarray, "c 2"], axis: int
) -> tuple[Float[np.ndarray, "_ 2"], Int[np.ndarray, " _"]]:
    """Where a curve has the coordinate of the middle of a cell, and of which cell."""
    steps = np.diff(along, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    joined = lengths < _JUMP * np.median(lengths)
    beyond = along[None, :, axis] >= middles[:, None, axis]
    cell, i = np.nonzero((beyond[:, 1:] != beyond[:, :-1]) & joined)
    share = (middles[cell, axis] - along[i, axis]) / steps[i, axis]
    return along[i] + share[:, None] * steps[i], cell


def _near(
    along: Float[np.ndarray, "n 3"], middles: Float[np.ndarray, "c 3"]
) -> tuple[Float[np.ndarray, "_ 3"], Int[np.ndarray, " _"]]:
    """The nearest point of a surface to the middle of each cell; the middle where that is nearer.

    Than points are to each other.
    """
    from scipy.spatial import KDTree  # slow to import, and few surfaces have narrow features

    tree = KDTree(along)
    distance, nearest = tree.query(middles)
    spacing = float(np.median(tree.query(along, k=2)[0][:, 1]))
    beside = distance < spacing
    return (
        np.concatenate([along[nearest], middles[beside]]),
        np.concatenate([np.arange(len(middles)), np.flatnonzero(beside)]),
    )
