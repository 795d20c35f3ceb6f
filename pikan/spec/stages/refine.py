"""Refinement of the network between stages."""

from collections.abc import Iterator
from typing import final

from pydantic import Field, model_validator

from pikan.bases.registry import families
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import MLPSettings, Network, ProductSettings
from pikan.spec.parts import Count, Degree, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.values import validation_fault


class RefineSettings(FilePart):
    """The same function in a bigger network."""

    grid: Count | None = Field(default=None, description="the new number of spline cells")
    degree: Degree | None = Field(default=None, description="the new degree")
    rank: Count | None = Field(default=None, description="the new number of products")
    adapt: bool = Field(
        default=False,
        description="whether the bases of hidden layers move to where the values lie",
    )

    @model_validator(mode="after")
    def check_one(self) -> "RefineSettings":
        """One number grows at a time."""
        asked = sum(one is not None for one in (self.grid, self.degree, self.rank))
        if asked > 1 or not (asked or self.adapt):
            raise validation_fault("needs exactly one of grid, degree and rank, or adapt alone")
        return self


@final
class RefineStage(BoundedStage):
    """Refinement of the network between stages."""

    refine: RefineSettings = Field(description="a bigger network with the same function")
    made_by = ("pikan.solvers.schedule", "Refinement")

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """What is refined must be there."""
        asked = self.refine
        bases = () if isinstance(network, MLPSettings | None) else families(network.basis)
        low_rank = isinstance(network, ProductSettings) and isinstance(network.rank, int)
        if asked.rank is not None and not low_rank:
            message = "only a product network whose rank is a number has one; refine its degree"
            yield ("rank",), message
        if isinstance(network, MLPSettings):
            yield (), "an mlp has no grid and no degree to refine; leave this stage out"
        elif asked.adapt and isinstance(network, ProductSettings):
            yield ("adapt",), "only a kan has hidden layers whose bases could move; leave it out"
        if asked.grid is not None and bases and not any(each.cells for each in bases):
            yield ("grid",), "only bspline and rbf have a grid; refine the degree"
