"""Shapes: open sets of points with a surface of smooth sides, each with exact outward normals."""

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Bool, Float

Points = Float[np.ndarray, "n d"]


class Side(ABC):
    """A smooth piece of the surface of a shape."""

    @property
    @abstractmethod
    def size(self) -> float:
        """Its length or area, as exactly as the sharing of points asks for."""

    @property
    @abstractmethod
    def is_closed(self) -> bool:
        """Whether it has no ends, as a circle has none."""

    @abstractmethod
    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points on the side from parameters in the unit interval or square."""

    @abstractmethod
    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """Length or area of the side per unit of its parameters."""

    @abstractmethod
    def normals(self, points: Points) -> Points:
        """The normals of length one at points of the side, out of the shape."""


class Shape(ABC):
    """An open, bounded set of points.

    `kind` is its word in a problem file, `words` are the words for its sides where these have any
    beside their numbers.
    """

    kind: str
    words: tuple[str, ...] = ()

    @property
    @abstractmethod
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The lower and the upper ends of the smallest box around it."""

    @property
    @abstractmethod
    def sides(self) -> tuple[Side, ...]:
        """Its surface."""

    @abstractmethod
    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Whether points lie inside."""
