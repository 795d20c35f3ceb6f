"""A part of a box on which some of its coordinates are fixed."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable


@runtime_checkable
class Bounds(Protocol):
    """What a face needs to know of its box."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names, in the order of the axes."""
        ...

    @property
    def lower(self) -> tuple[float, ...]:
        """The lower end of every axis."""
        ...

    @property
    def upper(self) -> tuple[float, ...]:
        """The upper end of every axis."""
        ...


@final
@dataclass(frozen=True)
class Face:
    """`fixed` holds (axis, value) pairs: one is a face, several an edge or corner, all a point."""

    fixed: tuple[tuple[int, float], ...]

    def label(self, box: Bounds) -> str:
        """The face in the words of a problem file, numbers to six digits: `x = -1`."""
        return ", ".join(f"{box.coordinates[axis]} = {value:.6g}" for axis, value in self.fixed)

    def normal(self, box: Bounds) -> tuple[float, ...] | None:
        """The components of the outward normal, of length one.

        None where there is no one direction out: on edges, corners and planes inside the box.
        """
        if len(self.fixed) != 1:
            return None
        axis, value = self.fixed[0]
        ends = {box.lower[axis]: -1.0, box.upper[axis]: 1.0}
        if value not in ends:
            return None
        return tuple(ends[value] * (k == axis) for k in range(len(box.coordinates)))
