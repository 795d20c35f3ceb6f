"""A solution written down as formulas whose constants differ from piece to piece of a region."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Float

from pikan.geometry.pieces import owner
from pikan.geometry.region import Region
from pikan.references.formula import FormulaSolution
from pikan.references.reference import ReferenceSolution


@final
@dataclass(frozen=True)
class PiecewiseSolution(ReferenceSolution):
    """The formulas of each region, for the points that lie in it."""

    regions: Sequence[Region]
    parts: Sequence[FormulaSolution]

    @property
    def against(self) -> Literal["exact"]:
        """A formula is exact to rounding."""
        return "exact"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The unknowns that have a formula."""
        return self.parts[0].unknowns

    @property
    def points(self) -> None:
        """A formula is as good anywhere."""
        return

    def values(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """The value of each formula; not finite where a formula is not."""
        own = owner(self.regions, points)
        found = np.empty((len(points), len(self.unknowns)))
        for number, part in enumerate(self.parts):
            found[own == number] = part.values(points[own == number])
        return found
