"""Interface of a reference solution."""

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from jaxtyping import Float


class ReferenceSolution(ABC):
    """A solution known beforehand, for all unknowns of a problem or for some of them."""

    @property
    @abstractmethod
    def against(self) -> Literal["exact", "reference"]:
        """What an error is measured against: a solution to rounding, or a data file."""

    @property
    @abstractmethod
    def unknowns(self) -> tuple[str, ...]:
        """The unknowns whose solution is known, in the order of the columns of `values`."""

    @property
    @abstractmethod
    def points(self) -> Float[np.ndarray, "n d"] | None:
        """The only points where the solution is known to its full accuracy; None for anywhere."""

    @abstractmethod
    def values(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """The solution at points in the coordinates of the box."""
