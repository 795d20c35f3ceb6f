"""What a search for sums of products goes with, what each step of it leaves, and how good it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.product import LowRank
from pikan.problem import Problem
from pikan.residuals import Points, Sheet, merged, sheets, used_faces
from pikan.sampling.held_out import HeldOut
from pikan.sampling.method import Method
from pikan.sampling.points import interior, on_face
from pikan.solving.level import distance
from pikan.solving.misfit import Misfit, worst
from pikan.solving.rung import Ladder

_FEWEST_ON_FACE = 20
# Residuals may be so much larger than the accuracy, being derivatives.
_LOOSE = 10.0
# Residuals fall a little faster or slower than errors do.
_CAUTION = 2.0
# What is left of sixteen digits.
_ROUNDING = 1e-15

HOW = "difference from the level before on fresh points, carried on as the residual falls"


@final
@dataclass(frozen=True)
class Growth:
    """What a search for sums of products goes with.

    `network` makes the network of a degree and a rank, all zero; `ladder` is what all products of
    polynomials would go with where they are few enough; `accuracy` is the relative L2 error
    wanted, `largest` the number of free parameters that a level may have, `steps` its Gauss-Newton
    steps, `samples` the points on which levels are compared.
    """

    network: Callable[[int, int], LowRank]
    ladder: Ladder
    accuracy: float
    largest: int
    steps: int
    samples: HeldOut


class Rung(NamedTuple):
    """A level; `estimate` is its relative L2 error as estimated, None if there is none before."""

    words: str
    network: LowRank
    values: Float[Tensor, "n m"]
    misfit: Misfit
    estimate: float | None

    def reaches(self, accuracy: float) -> bool:
        """Whether the estimate meets the accuracy and the equations bear it out."""
        fits = self.misfit.relative <= _LOOSE * accuracy
        return self.estimate is not None and self.estimate <= accuracy and fits


def rung(
    problem: Problem, growth: Growth, words: str, network: LowRank, lower: Rung | None
) -> Rung:
    """A level from its network, compared with the level before."""
    with torch.no_grad():
        values = growth.samples.weighted(network(growth.samples.points))
    misfit = worst(problem, network, growth.samples)
    estimate = None if lower is None else _estimate(lower, values, misfit)
    return Rung(words, network, values, misfit, estimate)


def _estimate(lower: Rung, values: Float[Tensor, "n m"], misfit: Misfit) -> float:
    """The sum of all further differences, if they fall as the residual does.

    With error and residual q times those of the level before, the levels differ by (1 - q) times
    the error before, and q / (1 - q) of that is left. Where the residual hardly falls the
    difference tells little; the residual itself, relative to its terms, is then the estimate.
    """
    apart = distance(lower.values, values)
    if not misfit.relative < lower.misfit.relative:
        return max(apart, misfit.relative, _ROUNDING)
    share = misfit.relative / lower.misfit.relative
    carried = _CAUTION * apart * share / (1.0 - share)
    return max(min(carried, max(apart, misfit.relative)), _ROUNDING)


def fresh_sheets(
    problem: Problem, method: Method, rows: int, like: Tensor, generator: torch.Generator
) -> tuple[Sheet, ...]:
    """The formulas on points drawn anew: rows inside, and half as many on all faces together."""
    faces = used_faces(problem)
    on_each = max(rows // 2 // max(len(faces), 1), _FEWEST_ON_FACE)
    points = Points(
        interior(problem.box, method, rows, generator, like),
        {f: on_face(problem.box, f, method, on_each, generator, like) for f in faces},
    )
    return merged(sheets(problem, points))
