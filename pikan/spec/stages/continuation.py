"""Continuation in a constant: Gauss-Newton for one value after the other."""

from collections.abc import Iterator
from typing import Annotated, final

from pydantic import Field

from pikan.expression.wording import did_you_mean, word_list
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, Positive
from pikan.spec.stages.gauss_newton import GaussNewtonSettings, GaussNewtonStage, RedrawSettings
from pikan.spec.stages.stage import StageSize, TrainingStage


class ContinuationSettings(FilePart):
    """Gauss-Newton at multiples of a constant's value, each started from the end of the last."""

    constant: str = Field(description="the constant, such as nu")
    factors: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=100)] = Field(
        default=(10.0, 5.0, 3.0, 2.0, 1.4), description="the multiples of its value, in their order"
    )
    steps: Count = Field(default=12, description="the most steps at each value")
    geodesic: bool = Field(
        default=True, description="whether steps follow the curvature of the residual"
    )
    redraw: RedrawSettings | None = Field(
        default=None, description="new points where the residual is large, every so many steps"
    )


@final
class ContinuationStage(TrainingStage):
    """Continuation in a constant."""

    continuation: ContinuationSettings = Field(
        description="Gauss-Newton steps for one value of a constant after the other"
    )
    made_by = ("pikan.solvers.schedule", "Continuation")
    dense = True

    def gauss_newton(self) -> GaussNewtonStage:
        """The stage at each value."""
        asked = self.continuation
        settings = GaussNewtonSettings(
            steps=asked.steps, geodesic=asked.geodesic, redraw=asked.redraw
        )
        return GaussNewtonStage(gauss_newton=settings)

    def numbers(self, size: StageSize) -> int:
        """What Gauss-Newton takes."""
        return self.gauss_newton().numbers(size)

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """The constant is one of the problem's."""
        name, known = self.continuation.constant, list(problem.constants)
        if name not in known:
            there = f"there are {word_list(known)}" if known else "it has none"
            message = f"the problem has no constant '{name}'; {there}"
            yield ("constant",), message + did_you_mean(name, known)
