"""A box: an interval for every coordinate, time among them."""

from dataclasses import dataclass
from typing import final

from pikan.geometry.face import Face
from pikan.geometry.roles import TIME, space_axes, time_axis


@final
@dataclass(frozen=True)
class Box:
    """lower[i] <= coordinates[i] <= upper[i]; the coordinate named `t` is time.

    Those named in `parameters` come last, and are neither space nor time.

    >>> box = Box(("x", "t"), (-1.0, 0.0), (1.0, 2.0))
    >>> box.time, [face.label(box) for face in box.boundary()]
    (1, ['x = -1', 'x = 1'])
    """

    coordinates: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    parameters: tuple[str, ...] = ()

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    @property
    def time(self) -> int | None:
        """The axis of time; None where the problem has none."""
        return time_axis(self.coordinates)

    @property
    def space(self) -> tuple[int, ...]:
        """The axes of space, in order."""
        return space_axes(self.coordinates[: self.dimension - len(self.parameters)])

    @property
    def evolution(self) -> int:
        """The axis of time of a box that has one; ValueError where it has none."""
        return self.axis(TIME)

    def axis(self, name: str) -> int:
        """The place of a coordinate; ValueError where the box has none of that name."""
        return self.coordinates.index(name)

    def faces(self) -> tuple[Face, ...]:
        """Both ends of every coordinate, axis by axis, the lower end first."""
        bounds = enumerate(zip(self.lower, self.upper, strict=True))
        return tuple(Face(((axis, value),)) for axis, ends in bounds for value in ends)

    def boundary(self) -> tuple[Face, ...]:
        """The faces in space: all but the first and the last moment."""
        return tuple(face for face in self.faces() if face.fixed[0][0] in self.space)
