"""Settings and levels of the search for sums of products."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.product import LowRank
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import RelativeResidual, largest_relative_residual
from pikan.residuals.terms import CollocationPoints, Term, merge, terms, used_faces
from pikan.sampling.held_out import HeldOut
from pikan.sampling.method import Method
from pikan.sampling.points import interior, on_face
from pikan.solvers.level import distance
from pikan.solvers.spectral.level import PRefinement

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
class SearchSettings:
    """Settings of the search for sums of products.

    `network` makes the network of a degree and a rank, all zero; `p_refinement` is what all
    products of polynomials would go with where they are few enough; `accuracy` is the relative L2
    error wanted, `largest` the number of free parameters that a level may have, `steps` its
    Gauss-Newton steps, `samples` the points on which levels are compared.
    """

    network: Callable[[int, int], LowRank]
    p_refinement: PRefinement
    accuracy: float
    largest: int
    steps: int
    samples: HeldOut


class SearchLevel(NamedTuple):
    """A level; `estimate` is its relative L2 error as estimated, None if there is none before."""

    words: str
    network: LowRank
    values: Float[Tensor, "n m"]
    relative_residual: RelativeResidual
    estimate: float | None

    def reaches(self, accuracy: float) -> bool:
        """Whether the estimate meets the accuracy and the equations bear it out."""
        fits = self.relative_residual.relative <= _LOOSE * accuracy
        return self.estimate is not None and self.estimate <= accuracy and fits


def diagnose(
    problem: Problem,
    settings: SearchSettings,
    words: str,
    network: LowRank,
    lower: SearchLevel | None,
) -> SearchLevel:
    """A level from its network, compared with the level before."""
    with torch.no_grad():
        values = settings.samples.weight(network(settings.samples.points))
    relative_residual = largest_relative_residual(problem, network, settings.samples)
    estimate = None if lower is None else _estimate(lower, values, relative_residual)
    return SearchLevel(words, network, values, relative_residual, estimate)


def _estimate(
    lower: SearchLevel, values: Float[Tensor, "n m"], relative_residual: RelativeResidual
) -> float:
    """The sum of all further differences, if they fall as the residual does.

    With error and residual q times those of the level before, the levels differ by (1 - q) times
    the error before, and q / (1 - q) of that is left. Where the residual hardly falls the
    difference tells little; the residual itself, relative to its terms, is then the estimate.
    """
    apart = distance(lower.values, values)
    if not relative_residual.relative < lower.relative_residual.relative:
        return max(apart, relative_residual.relative, _ROUNDING)
    share = relative_residual.relative / lower.relative_residual.relative
    carried = _CAUTION * apart * share / (1.0 - share)
    return max(min(carried, max(apart, relative_residual.relative)), _ROUNDING)


def random_terms(
    problem: Problem, method: Method, rows: int, like: Tensor, generator: torch.Generator
) -> tuple[Term, ...]:
    """The formulas on points drawn anew: rows inside, and half as many on all faces together."""
    faces = used_faces(problem)
    on_each = max(rows // 2 // max(len(faces), 1), _FEWEST_ON_FACE)
    points = CollocationPoints(
        interior(problem.box, method, rows, generator, like),
        {f: on_face(problem.box, f, method, on_each, generator, like) for f in faces},
    )
    return merge(terms(problem, points))
