"""Outlines: closed curves through points that a file holds, or that are written in the spec."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from pikan.files.arrays import DataError, read_arrays
from pikan.geometry.curve import TABLE, Curve, ParametricSide
from pikan.geometry.periodic_spline import PeriodicSpline
from pikan.geometry.polygon import Polygon, crossing, signed_area
from pikan.geometry.shape import Points
from pikan.spec.constants import Constants
from pikan.spec.data_files import inside
from pikan.spec.faults import Origin
from pikan.spec.schema import Spec
from pikan.spec.shapes import OutlineSettings, Shapes, ShapeSettings

# A smooth outline has at least so many points; more corners or points than these take too long.
_LEAST, _CORNERS, MOST = 8, 300, 2000
# An outline is open if its ends are so many times farther apart than any two neighbors.
_OPEN = 3.0
# A corner this near to the line through its neighbors is none, and so thin a shape is empty.
_FLAT = 1e-9
# So many points of a curve are compared with each other for crossings.
_COMPARED = 512


class ShapeError(ValueError):
    """A shape that is none; the message says why."""


def outline_shape(
    written: OutlineSettings, origin: Origin, coordinates: Sequence[str], known: Constants
) -> Curve | Polygon:
    """The inside of an outline; ShapeError where there is none."""
    if len(coordinates) != 2:
        raise ShapeError("an outline is one of the plane; take ball, box or cylinder")
    points = outline_points(written, origin, coordinates, known)
    extent = np.ptp(points, axis=0)
    size, largest = float(extent.max()), float(np.abs(points).max())
    if size <= _FLAT * largest:
        raise ShapeError(
            f"is {size:.1e} wide at coordinates of {largest:.1e}, where rounding is as large; "
            "move it to the origin"
        )
    gaps = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    if gaps[-1] <= _FLAT * size:
        points, gaps = points[:-1], gaps[:-1]
    twice = np.flatnonzero(gaps <= _FLAT * size)
    if len(twice):
        raise ShapeError(
            f"point {_place(points, int(twice[0]))} is there twice in a row; leave one out"
        )
    _check_simple(points)
    if abs(signed_area(points)) <= _FLAT * size**2:
        raise ShapeError("has no area; its points lie on a line, or run back where they came")
    return _polygon(points) if written.straight else _curve(points, gaps, size)


def _polygon(points: Points) -> Polygon:
    """The polygon of an outline; points on the line through their neighbors are no corners."""
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turn = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    corners = points[turn > _FLAT * lengths]
    if len(corners) > _CORNERS:
        raise ShapeError(
            f"has {len(corners)} corners, at most {_CORNERS} are taken; leave `straight` out for a "
            "smooth curve, or thin it out"
        )
    return Polygon(tuple((float(x), float(y)) for x, y in corners))


def _curve(points: Points, gaps: Float[np.ndarray, " n"], size: float) -> Curve:
    """The smooth curve of an outline."""
    if len(points) < _LEAST:
        raise ShapeError(
            f"has {len(points)} points, a smooth outline needs {_LEAST}; add some, or write "
            "straight: true for a polygon"
        )
    others = float(gaps[:-1].max())
    if gaps[-1] > _OPEN * others:
        first, last = _place(points, 0), _place(points, -1)
        raise ShapeError(
            f"is open: from its last point {last} to its first {first} it is {gaps[-1]:.2g}, "
            f"{gaps[-1] / others:.0f} times as far as between any others; add what is missing"
        )
    side = ParametricSide(PeriodicSpline(points), "s", 0.0, 1.0)
    table = side.table[1]
    _check_simple(table[:: TABLE // _COMPARED])
    if np.ptp(table, axis=0).max() > 2.0 * size:
        raise ShapeError(
            "bends far out between its points; add points there, or write straight: true"
        )
    return Curve(side, kind="outline")


def _check_simple(points: Points) -> None:
    met = crossing(points)
    if met is not None:
        place = ", ".join(f"{value:.4g}" for value in met)
        raise ShapeError(f"crosses or touches itself at ({place}); give it a simple outline")


def _place(points: Points, index: int) -> str:
    return f"({', '.join(f'{value:.4g}' for value in points[index])})"


def outline_points(
    written: OutlineSettings, origin: Origin, coordinates: Sequence[str], known: Constants
) -> Points:
    """The points of an outline; ShapeError where they cannot be read or are too many."""
    if (written.file is None) == (written.points is None):
        raise ShapeError("needs either a file or points")
    if written.points is not None:
        found = np.array([[known.value(one) for one in point] for point in written.points])
        if not np.isfinite(found).all():
            raise ShapeError("holds a constant that is at fault; see there")
        return found
    assert written.file is not None
    strange = sorted(written.coordinates.keys() - set(coordinates))
    if strange:
        raise ShapeError(f"'{strange[0]}' is no coordinate; there are {', '.join(coordinates)}")
    file = inside(written.file, origin.folder, origin.folder)
    if file is None:
        needs = "needs a file in the folder of the problem file or below it"
        raise ShapeError(f"got '{written.file}', {needs}")
    names = [written.coordinates.get(name, name) for name in coordinates]
    try:
        columns = read_arrays(file, names)
    except DataError as error:
        raise ShapeError(str(error)) from error
    x, y = (np.ravel(columns[name]) for name in names)
    if len(x) != len(y):
        raise ShapeError(f"'{file.name}' has {len(x)} of '{names[0]}' and {len(y)} of '{names[1]}'")
    if len(x) > MOST:
        step = -(-len(x) // MOST)
        raise ShapeError(
            f"'{file.name}' has {len(x):,} points, at most {MOST} make an outline; take every "
            f"{step}th"
        )
    if len(x) < 3:
        raise ShapeError(f"'{file.name}' has {len(x)} points; an outline needs three or more")
    return np.stack([x, y], axis=1)


def with_points(spec: Spec, coordinates: Sequence[str]) -> Spec:
    """The spec with the points of outlines in the place of their files, so that it needs none."""

    def written_out(shapes: Shapes | None) -> Shapes | None:
        if shapes is None:
            return None
        if not isinstance(shapes, ShapeSettings):
            return tuple(map(one_written_out, shapes))
        return one_written_out(shapes)

    def one_written_out(shape: ShapeSettings) -> ShapeSettings:
        changes: dict[str, object] = {
            "without": written_out(shape.without),
            "within": written_out(shape.within),
        }
        if shape.outline is not None and shape.outline.file is not None:
            points = outline_points(shape.outline, spec.origin, coordinates, Constants({}))
            pairs = tuple((float(x), float(y)) for x, y in points)
            inline = {"file": None, "coordinates": {}, "points": pairs}
            changes["outline"] = shape.outline.model_copy(update=inline)
        return shape.model_copy(update=changes)

    changed = {key: written_out(getattr(spec, key)) for key in ("region", "without", "within")}
    named = {name: written_out(one) for name, one in spec.shapes.items()}
    return spec.model_copy(update={**changed, "shapes": named})
