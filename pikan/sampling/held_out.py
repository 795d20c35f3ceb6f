"""Points that nothing is trained on: evenly spread, and closer where known functions are narrow."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.box import Box
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
    box: Box, features: Features, count: int, generator: torch.Generator, like: Tensor
) -> HeldOut:
    """Held-out points of a box, with the dtype and device of `like`.

    `generator` moves on by one number, and one more for each feature.
    """
    if features.smooth and not features.narrow:
        points = interior(box, sobol, count, generator, like)
        return HeldOut(points, torch.ones_like(points[:, 0]), ())
    unit = sobol(count, box.dimension, numpy_generator(generator))
    points, weights = grade(unit, box, features.edges)
    return HeldOut(
        torch.from_numpy(points).to(like),
        torch.from_numpy(weights).to(like),
        tuple(Inside(one, _inside(one, generator, like)) for one in features.narrow),
    )


def _inside(feature: Feature, generator: torch.Generator, like: Tensor) -> Float[Tensor, "n d"]:
    """Points in the cells of a feature: equally many in each, or one in each of some."""
    chance = numpy_generator(generator)
    cells = len(feature.lower)
    chosen = chance.permutation(np.resize(np.arange(cells), max(cells, _IN_CELLS)))[:_IN_CELLS]
    lower, upper = feature.lower[chosen], feature.upper[chosen]
    return torch.from_numpy(lower + (upper - lower) * chance.random(lower.shape)).to(like)
