"""Spectral elements: polynomials on cells, alone or where a climb has failed."""

from collections.abc import Iterator
from typing import Annotated, final

from pydantic import Field

from pikan.problem.characteristics import characteristics
from pikan.problem.classification import is_determined
from pikan.problem.initial_value import is_first_order_in_time
from pikan.problem.separable import separate, separate_evolution
from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import Count, FilePart
from pikan.spec.stages.stage import BoundedStage
from pikan.spec.stages.whole_schedule import product_faults
from pikan.spec.values import Quantity, Whole


class ElementsSettings(FilePart):
    """Polynomials on cells, which are halved until two degrees agree to the accuracy."""

    points: Annotated[Whole, Field(ge=4, le=40)] = Field(
        default=10, description="collocation points in each cell"
    )
    largest: Count = Field(default=200_000, description="the most coefficients")
    accuracy: Annotated[Quantity, Field(gt=0, lt=1)] | None = Field(
        default=None, description="to be reached on cells; that of the file if left out"
    )


@final
class ElementsStage(BoundedStage):
    """A whole solution by polynomials on cells."""

    elements: ElementsSettings = Field(
        description="polynomials on cells, halved until two degrees agree"
    )
    made_by = None
    follows = "climb"

    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """They take systems of one coordinate, and those that are of first order in t beside it."""
        yield from product_faults("elements", network)
        closed = is_determined(problem) or is_first_order_in_time(problem)
        apart = separate(problem) or separate_evolution(problem)
        if not closed and apart is None and characteristics(problem) is None:
            message = (
                "elements need one coordinate, one beside t with equations of first order in t or "
                "a wave equation of one speed, or a linear equation in two of space, with t or "
                "without, whose coefficients are of one each, and as many conditions as the "
                "orders ask for"
            )
            yield (), f"{message}; use climb or march"
