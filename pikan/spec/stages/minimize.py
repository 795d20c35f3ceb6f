"""Minimization of an energy by Newton's method on cells."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.stages.whole_schedule import product_faults


class MinimizeSettings(FilePart):
    """Newton's method on an energy, on finer and finer bases until two of them agree."""

    steps: Count = Field(default=60, description="the most Newton steps of a level")
    largest: Count = Field(default=40_000, description="the most coefficients")


@final
class MinimizeStage(BoundedStage):
    """The minimum of an energy."""

    minimize: MinimizeSettings = Field(description="Newton's method on an energy, on cells")
    made_by = None

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """There is an energy."""
        if problem.energy is None:
            yield (), "there is nothing to be minimized; write energy: 0.5*u_x^2 - f*u"
        yield from product_faults("minimize", network)
