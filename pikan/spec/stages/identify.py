"""Identification: constants found from data, by joint fits of fields and constants."""

from collections.abc import Iterator
from typing import final

from pydantic import Field

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.stages.whole_schedule import product_faults


class IdentifySettings(FilePart):
    """Joint fits of fields and constants on finer and finer bases, until two of them agree."""

    steps: Count = Field(default=40, description="the most Gauss-Newton steps of a fit")
    largest: Count = Field(default=3000, description="the most coefficients of a basis")


@final
class IdentifyStage(BoundedStage):
    """Constants found from data."""

    identify: IdentifySettings = Field(description="constants and fields from data, together")
    made_by = None

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """There is something to be found."""
        if not problem.inverse:
            yield (), "there is nothing to be found; name a constant in find, and data"
        yield from product_faults("identify", network)
