"""Self-scaled Broyden steps with the whole inverse Hessian."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, NotNegative
from pikan.spec.stages.stage import StageSize, TrainingStage

# Matrices of the inverse Hessian's shape that are in memory at once, as measured.
INVERSES = 5


class SSBroydenSettings(FilePart):
    """Self-scaled Broyden steps (Urbán, Stefanou, Pons 2025)."""

    steps: Count = Field(default=1000, description="the most steps")
    tolerance: NotNegative | None = Field(
        default=None, description="of the loss: the fall in ten steps to stop at"
    )


@final
class SSBroydenStage(TrainingStage):
    """Self-scaled Broyden steps with the whole inverse Hessian."""

    ssbroyden: SSBroydenSettings = Field(description="self-scaled Broyden steps")
    made_by = ("pikan.optimize.ssbroyden", "SSBroyden")
    chunked = True
    dense = True

    def numbers(self, size: StageSize) -> int:
        """The inverse Hessian and what it is updated with."""
        return INVERSES * size.parameters**2

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """Nothing."""
        yield from ()
