"""Adam with a schedule of the learning rate."""

from collections.abc import Iterator
from typing import Literal, final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart, Positive
from pikan.spec.stages.stage import BESIDE, StageSize, TrainingStage
from pikan.spec.stages.weighting import Weighting, causal_faults


class AdamSettings(FilePart):
    """Adam (Kingma, Ba 2015)."""

    steps: Count = Field(default=1000, description="how many steps")
    lr: Positive = Field(default=1e-3, le=1e6, description="the learning rate")
    schedule: Literal["constant", "cosine", "exponential", "warmup_cosine"] = Field(
        default="constant", description="how the learning rate changes"
    )
    weights: Weighting = Field(default="none", description="how blocks are balanced meanwhile")


@final
class AdamStage(TrainingStage):
    """Adam with a schedule of the learning rate."""

    adam: AdamSettings = Field(description="Adam steps")
    made_by = ("pikan.optimize.adam", "Adam")
    chunked = True

    def numbers(self, size: StageSize) -> int:
        """Its point and its moments."""
        return BESIDE * size.parameters

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """Causal weights take early times first."""
        yield from causal_faults(self.adam.weights, problem)
