"""Gauss-Newton with Levenberg-Marquardt damping."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, NotNegative, Positive
from pikan.spec.stages.stage import StageSize, TrainingStage

# Matrices of the Jacobian's shape and of p² numbers that are in memory at once, as measured; as
# many more of the former as there are partial derivatives hold the features.
JACOBIANS, SQUARES = 6, 4


class GaussNewtonSettings(FilePart):
    """Gauss-Newton with Levenberg-Marquardt damping on scaled columns."""

    steps: Count = Field(default=100, description="the most steps")
    damping: Positive | None = Field(default=None, description="at the start")
    tolerance: NotNegative | None = Field(default=None, description="of the step, to stop at")
    eliminate: bool = Field(
        default=False, description="whether the last layer is solved for at every point"
    )


@final
class GaussNewtonStage(TrainingStage):
    """Gauss-Newton with Levenberg-Marquardt damping."""

    gauss_newton: GaussNewtonSettings = Field(description="Gauss-Newton steps")
    made_by = ("pikan.optimize.levenberg_marquardt", "LevenbergMarquardt")
    arguments = (("eliminate", "variable_projection"),)
    dense = True

    def numbers(self, size: StageSize) -> int:
        """The Jacobian, its factors, and what is solved for each damping."""
        jacobians = (JACOBIANS + size.partials) * size.rows * size.parameters
        return jacobians + SQUARES * min(size.rows, size.parameters) ** 2

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """Variable projection takes a linear problem."""
        if self.gauss_newton.eliminate and not linear(problem):
            yield ("eliminate",), "the problem is not linear in its unknowns; leave eliminate out"
