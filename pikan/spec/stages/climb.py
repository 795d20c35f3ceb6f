"""P-refinement: a whole schedule of rising degrees."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.bases.registry import families
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network, ProductSettings
from pikan.spec.parts import Count, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.stages.whole_schedule import product_faults


class ClimbSettings(FilePart):
    """Levels of rising degree of a full product, until two of them agree to the accuracy."""

    steps: Count = Field(default=50, description="the most Newton steps of a level")
    largest: Count = Field(default=4500, description="the most coefficients of a level")


@final
class ClimbStage(BoundedStage):
    """P-refinement: a whole schedule of rising degrees."""

    climb: ClimbSettings = Field(description="rising degrees until two levels agree")
    made_by = None

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """It makes a full product of bases whose degree may rise without end."""
        yield from product_faults("climb", network)
        words = network.basis if isinstance(network, ProductSettings) else None
        if not all(each.climbs for each in families(words)):
            yield (), "climb raises degrees without end; use chebyshev, legendre or jacobi"
