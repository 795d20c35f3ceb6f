"""Time-marching: a whole schedule of time slabs."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.classification import is_evolution
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.stages.whole_schedule import product_faults


class MarchSettings(FilePart):
    """Windows in t of a full product, each as long and as fine as the accuracy asks."""

    steps: Count = Field(default=12, description="the most Newton steps of a time slab")
    largest: Count = Field(default=10000, description="the most coefficients of a time slab")


@final
class MarchStage(BoundedStage):
    """Time-marching: a whole schedule of time slabs."""

    march: MarchSettings = Field(description="time slabs, marched twice until two marches agree")
    made_by = None

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """It makes full products, one after the other in t."""
        yield from product_faults("march", network)
        if not is_evolution(problem):
            message = (
                "march needs equations with a derivative in t, and conditions at its first moment"
            )
            yield (), f"{message} only; use climb"
