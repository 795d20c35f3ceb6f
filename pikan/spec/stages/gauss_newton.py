"""Gauss-Newton with Levenberg-Marquardt damping."""

from collections.abc import Iterator
from typing import Annotated, final

from pydantic import Field

from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, NotNegative, Positive
from pikan.spec.stages.stage import StageSize, TrainingStage
from pikan.spec.values import Quantity

# Matrices of the Jacobian's shape and of p² numbers that are in memory at once, as measured; as
# many more of the former as there are partial derivatives hold the features.
JACOBIANS, SQUARES = 6, 4


class RedrawSettings(FilePart):
    """New points on the way (RAD, Wu et al. 2023, Eq. 2)."""

    every: Count = Field(default=20, description="after how many steps")
    points: Count | None = Field(default=None, description="how many; as before if left out")
    k: NotNegative = Field(default=1.0, description="the exponent of the residual in the density")
    c: NotNegative = Field(default=1.0, description="what is added to the density everywhere")


class GaussNewtonSettings(FilePart):
    """Gauss-Newton with Levenberg-Marquardt damping on scaled columns."""

    steps: Count = Field(default=100, description="the most steps")
    damping: Positive | None = Field(default=None, description="at the start")
    tolerance: NotNegative | None = Field(
        default=None, description="of the change of the residual to stop at"
    )
    eliminate: bool = Field(
        default=False, description="whether the last layer is solved for at every point"
    )
    geodesic: bool = Field(
        default=False, description="whether steps follow the curvature of the residual"
    )
    memory: Annotated[Quantity, Field(gt=0, le=1)] | None = Field(
        default=None, description="the part of a column's largest length kept from step to step"
    )
    redraw: RedrawSettings | None = Field(
        default=None, description="new points where the residual is large, every so many steps"
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
        if self.gauss_newton.eliminate and self.gauss_newton.redraw is not None:
            yield ("redraw",), "with eliminate points stay; leave one of them out"
        if self.gauss_newton.eliminate and not linear(problem):
            yield ("eliminate",), "the problem is not linear in its unknowns; leave eliminate out"
