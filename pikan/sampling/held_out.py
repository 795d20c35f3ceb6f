"""Points that nothing is trained on: evenly spread, and closer where known functions are narrow."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain, as_domain
from pikan.problem.features import Feature, Features, grade
from pikan.sampling.points import interior, numpy_generator
from pikan.sampling.sobol import sobol

# So many points in the cells of a feature, and in no more cells than that.
_IN_CELLS = 200


@final
class Inside(NamedTuple):
    """Points inside the narrow cells of a feature."""

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
        tuple(one for one in in_cells if len(one.points)),
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
