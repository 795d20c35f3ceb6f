"""The last layer by linear least squares."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import FilePart, Positive
from pikan.spec.stages.stage import StageSize, TrainingStage

# Matrices of the design's shape in memory at once, as measured; one more for each partial.
DESIGNS = 5


class LeastSquaresSettings(FilePart):
    """The last layer by linear least squares."""

    cutoff: Positive | None = Field(
        default=None, description="singular values below this part of the largest are dropped"
    )


@final
class LeastSquaresStage(TrainingStage):
    """The last layer by linear least squares."""

    least_squares: LeastSquaresSettings = Field(
        description="the last layer by linear least squares"
    )
    made_by = ("pikan.optimize.linear_least_squares", "LinearLeastSquares")
    dense = True

    def numbers(self, size: StageSize) -> int:
        """The design matrix and its factors."""
        return (DESIGNS + size.partials) * size.rows * size.last

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """The problem is linear."""
        if not linear(problem):
            yield (), "the problem is not linear in its unknowns; use gauss_newton"
