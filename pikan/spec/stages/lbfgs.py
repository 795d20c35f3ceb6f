"""L-BFGS with a strong Wolfe line search."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, NotNegative
from pikan.spec.stages.stage import BESIDE, StageSize, TrainingStage
from pikan.spec.stages.weighting import Weighting, causal_faults

# The steps remembered where the file is silent.
USUAL = 50


class LBFGSSettings(FilePart):
    """L-BFGS (Liu, Nocedal 1989)."""

    steps: Count = Field(default=1000, description="the most steps")
    memory: Count | None = Field(default=None, description="how many steps are remembered")
    tolerance: NotNegative | None = Field(
        default=None, description="of the loss: the fall in ten steps to stop at"
    )
    weights: Weighting = Field(default="none", description="how blocks are balanced meanwhile")


@final
class LBFGSStage(TrainingStage):
    """L-BFGS with a strong Wolfe line search."""

    lbfgs: LBFGSSettings = Field(description="L-BFGS steps")
    made_by = ("pikan.optimize.lbfgs", "LBFGS")
    chunked = True

    def numbers(self, size: StageSize) -> int:
        """Two vectors for each step that it remembers."""
        return 2 * ((self.lbfgs.memory or USUAL) + BESIDE) * size.parameters

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """Causal weights take early times first."""
        yield from causal_faults(self.lbfgs.weights, problem)
