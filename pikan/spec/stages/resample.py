"""New points between stages."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, NotNegative
from pikan.spec.stages.stage import BoundedStage


class ResampleSettings(FilePart):
    """New points where the residual is large (RAD, Wu et al. 2023, Eq. 2)."""

    points: Count | None = Field(default=None, description="how many; as before if left out")
    k: NotNegative = Field(default=1.0, description="the exponent of the residual in the density")
    c: NotNegative = Field(default=1.0, description="what is added to the density everywhere")
    weighted: bool = Field(
        default=True,
        description="whether points count less where they are dense, as in a mean over the box",
    )


@final
class ResampleStage(BoundedStage):
    """New points between stages."""

    resample: ResampleSettings = Field(description="new points where the residual is large")
    made_by = ("pikan.solvers.schedule", "Resampling")

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """Nothing."""
        yield from ()
