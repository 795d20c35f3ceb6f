"""Roles of coordinates: which are space and which is time."""

from collections.abc import Sequence

# The one name with a meaning of its own.
TIME = "t"


def time_axis(coordinates: Sequence[str]) -> int | None:
    """The axis of time; None where there is none."""
    return coordinates.index(TIME) if TIME in coordinates else None


def space_axes(coordinates: Sequence[str]) -> tuple[int, ...]:
    """The axes of space, in order: derivatives along these make a Laplacian.

    >>> space_axes(("x", "t", "y"))
    (0, 2)
    """
    return tuple(axis for axis, name in enumerate(coordinates) if name != TIME)
