"""Shapes of a problem file with their numbers, and whatever is at fault in them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from pikan.expression.error import FormulaError, refuse
from pikan.expression.functions import CONSTANTS
from pikan.expression.parse import read_formula
from pikan.expression.scan import cut
from pikan.expression.tree import Expression, Number, names, substitute, subtract
from pikan.expression.wording import did_you_mean, word_list
from pikan.geometry.curve import Curve, ParametricSide
from pikan.geometry.ellipse import Annulus, Ellipse
from pikan.geometry.implicit import Implicit, LevelSet, extent
from pikan.geometry.polygon import Polygon, crossing, signed_area
from pikan.geometry.region import Component
from pikan.geometry.shape import Shape, Side
from pikan.geometry.solid import Ball, Cuboid, Cylinder
from pikan.spec.boundaries import BOUNDARY, BOX, HOLE
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Keys, Origin
from pikan.spec.outlines import ShapeError, outline_shape
from pikan.spec.shapes import KINDS, DiscSettings, Pair, Parameter, Shapes, ShapeSettings

# Words of `where` that no shape may take for its name.
_TAKEN = (BOUNDARY, HOLE, "region", BOX)
_COMPARISON = re.compile(r"(<=|>=|<|>)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,63}")
# A curve is closed if its ends are this near to each other, in parts of its size.
_CLOSED = 1e-9
# So many points of a curve are compared with each other for crossings.
_COMPARED = 512
# A polygon whose corner lies this near to the line through its neighbors has no corner there, and
# a shape this thin is empty.
_FLAT = 1e-9
# What surrounds shapes is wider than they are by this part of its width.
_MORE = 0.05

Bounds = tuple[tuple[float, ...], tuple[float, ...]]


def inequalities(text: str, reach: Sequence[str], constants: Constants) -> tuple[Expression, ...]:
    """Formulas that are negative where comparisons of formulas hold, as in `0 < x < 1`.

    FormulaError where it is none of the names in reach.
    """
    pieces = _COMPARISON.split(text)
    if len(pieces) < 3:
        raise FormulaError(f"'{cut(text, 80)}' compares nothing; write it as x^2 + y^2 < 1")
    sides = [known_formula(piece.strip(), reach, constants) for piece in pieces[::2]]
    signs = [sign.startswith("<") for sign in pieces[1::2]]
    return tuple(
        subtract(left, right) if smaller else subtract(right, left)
        for (left, right), smaller in zip(pairwise(sides), signs, strict=True)
    )


def known_formula(text: str, reach: Sequence[str], constants: Constants) -> Expression:
    """A formula of the names in reach, the constants put in; FormulaError with all faults."""
    reading, known = read_formula(text), [*reach, *constants.values, *CONSTANTS]
    strange = [
        f"unknown name '{name}' in '{cut(text, 80)}'; it may hold {word_list(known)}"
        f"{did_you_mean(name, known)}"
        for name in sorted(reading.names - set(known))
    ]
    refuse([*reading.messages, *strange])
    values = {name: Number(value) for name, value in constants.values.items() if name not in reach}
    return substitute(reading.sides[0], values)


def as_list(keys: Keys, written: Shapes | None) -> list[tuple[Keys, ShapeSettings]]:
    """One shape or several, each with the way to it."""
    if written is None:
        return []
    if isinstance(written, ShapeSettings):
        return [(keys, written)]
    return [((*keys, index), one) for index, one in enumerate(written)]


def around_all(bounds: Sequence[Bounds]) -> Bounds | None:
    """A box around some, and a little more; None around nothing."""
    if not bounds:
        return None
    lower, upper = np.min([b[0] for b in bounds], axis=0), np.max([b[1] for b in bounds], axis=0)
    more = _MORE * (upper - lower)
    return tuple(map(float, lower - more)), tuple(map(float, upper + more))


class ShapeReader:
    """Reads shapes one by one and keeps the names that were given; `faulty` where one is none."""

    def __init__(self, origin: Origin, coordinates: tuple[str, ...], known: Constants) -> None:
        self.origin, self.coordinates, self.known = origin, coordinates, known
        self.names: list[tuple[Keys, str]] = []
        self.sides: list[tuple[Keys, tuple[Side, ...]]] = []
        self.faulty = False

    def components(
        self, written: list[tuple[Keys, ShapeSettings]], around: Bounds | None
    ) -> Check[tuple[Component, ...]]:
        """The components of some shapes; those at fault are left out.

        `around` is a box beyond which nothing matters; None where shapes have to be bounded.
        """
        found: list[Component] = []
        for keys, shape in written:
            kind = next(kind for kind in KINDS if getattr(shape, kind) is not None)
            if shape.name is not None:
                self.names.append((keys, shape.name))
            try:
                shapes = tuple(self._shapes(shape, around))
            except FormulaError as error:
                self.faulty = True
                yield from self.origin.faults((*keys, kind), error.messages)
                continue
            except ShapeError as error:
                self.faulty = True
                yield self.origin.fault((*keys, kind), str(error))
                continue
            inner = around_all([one.bounds for one in shapes])
            without = yield from self.components(as_list((*keys, "without"), shape.without), inner)
            within = yield from self.components(as_list((*keys, "within"), shape.within), inner)
            self.sides += [((*keys, kind), one.sides) for one in shapes]
            found += [Component(one, shape.name or kind, without, within) for one in shapes]
        return tuple(found)

    def check_names(self) -> Check[None]:
        """Names can be told apart from other words of places, and from each other."""
        seen: set[str] = set()
        for keys, name in self.names:
            fault = None
            if name in seen:
                fault = f"'{name}' names another shape already; choose another name"
            elif name in _TAKEN or " side " in f" {name} " or not _NAME.fullmatch(name):
                fault = (
                    f"got '{name}', needs a word of letters and digits that is none of "
                    f"{word_list(_TAKEN)}"
                )
            if fault is not None:
                self.faulty = True
                yield self.origin.fault((*keys, "name"), fault)
            seen.add(name)

    def _numbers(self, written: Sequence[float | str]) -> tuple[float, ...]:
        found = tuple(self.known.value(one) for one in written)
        if any(map(math.isnan, found)):
            raise ShapeError("holds a constant that is at fault; see there")
        return found

    def _positive(self, what: str, written: float | str) -> float:
        (found,) = self._numbers([written])
        if not 0.0 < found < math.inf:
            raise ShapeError(f"got a {what} of {found:g}, needs more than 0")
        return found

    def _interval(self, written: Sequence[float | str]) -> tuple[float, float]:
        low, high = self._numbers(written)
        if not low < high:
            raise ShapeError(f"got [{low:g}, {high:g}], needs two bounds, the lower one first")
        return low, high

    def _shapes(self, written: ShapeSettings, around: Bounds | None) -> Iterator[Shape]:
        """The shape, of several centers one each."""
        if written.disc is not None:
            yield from self._discs(written.disc)
        elif written.polygon is not None:
            yield self._polygon([self._numbers(corner) for corner in written.polygon])
        elif written.box is not None:
            yield self._cuboid(written.box)
        elif written.curve is not None:
            yield self._curve(written.curve)
        elif written.outline is not None:
            yield outline_shape(written.outline, self.origin, self.coordinates, self.known)
        elif written.formula is not None:
            yield self._implicit(written.formula, around)
        else:
            yield self._round(written)

    def _discs(self, disc: DiscSettings) -> Iterator[Shape]:
        radius = self._positive("radius", disc.radius)
        if (disc.center is None) == (disc.centers is None):
            raise ShapeError("needs either center or centers")
        for center in disc.centers or (disc.center,):
            x, y = self._numbers(center or ())
            yield Ellipse((x, y), (radius, radius), kind="disc")

    def _round(self, written: ShapeSettings) -> Shape:
        """An ellipse, an annulus, a ball or a cylinder."""
        if (ellipse := written.ellipse) is not None:
            x, y = self._numbers(ellipse.center)
            a, b = (self._positive("semi-axis", axis) for axis in ellipse.axes)
            (angle,) = self._numbers([ellipse.angle])
            return Ellipse((x, y), (a, b), angle)
        if (annulus := written.annulus) is not None:
            x, y = self._numbers(annulus.center)
            inner = self._positive("radius", annulus.inner)
            outer = self._positive("radius", annulus.outer)
            if not inner < outer:
                raise ShapeError(f"got inner {inner:g} and outer {outer:g}, needs inner < outer")
            return Annulus((x, y), inner, outer)
        if (ball := written.ball) is not None:
            x, y, z = self._numbers(ball.center)
            return Ball((x, y, z), self._positive("radius", ball.radius))
        cylinder = written.cylinder
        assert cylinder is not None
        x, y = self._numbers(cylinder.center)
        radius = self._positive("radius", cylinder.radius)
        return Cylinder((x, y), radius, self._interval(cylinder.ends))

    def _polygon(self, given: Sequence[tuple[float, ...]]) -> Polygon:
        corners = np.array(given)
        size = float(np.max(np.ptp(corners, axis=0)))
        following = np.roll(corners, -1, axis=0)
        twice = np.flatnonzero(np.linalg.norm(following - corners, axis=1) <= _FLAT * size)
        if len(twice):
            raise ShapeError(
                f"corner {_point(corners[twice[0]], size)} is there twice in a row; leave one out"
            )
        before = np.roll(corners, 1, axis=0)
        first, second = corners - before, following - corners
        turn = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        flat = np.flatnonzero(turn <= _FLAT * lengths)
        if len(flat):
            raise ShapeError(
                f"corner {_point(corners[flat[0]], size)} lies on the line through its neighbors; "
                "leave it out"
            )
        met = crossing(corners)
        if met is not None:
            raise ShapeError(
                f"its sides cross or touch at {_point(met, size)}; give it a simple outline"
            )
        if abs(signed_area(corners)) <= _FLAT * size**2:
            raise ShapeError("has no area; take corners apart from each other")
        return Polygon(tuple((float(x), float(y)) for x, y in corners))

    def _cuboid(self, written: Mapping[str, Pair]) -> Cuboid:
        for name in written:
            if name not in self.coordinates:
                raise ShapeError(
                    f"unknown coordinate '{name}'; the shapes have {word_list(self.coordinates)}"
                    f"{did_you_mean(name, self.coordinates)}"
                )
        ends = [self._interval(written[name]) for name in self.coordinates]
        return Cuboid(tuple(low for low, _ in ends), tuple(high for _, high in ends))

    def _curve(self, written: Mapping[str, Parameter]) -> Curve:
        formulas = [written.get(name) for name in self.coordinates]
        others = [name for name in written if name not in self.coordinates]
        ends = written[others[0]] if len(others) == 1 else None
        if not isinstance(ends, tuple) or not all(isinstance(one, str) for one in formulas):
            pair = ", ".join(self.coordinates)
            raise ShapeError(
                f"needs a formula for each of {pair} and an interval for the parameter, such as "
                "{x: cos(s), y: sin(s), s: [0, 2*pi]}"
            )
        x, y = (known_formula(str(one), others, self.known) for one in formulas)
        side = ParametricSide((x, y), others[0], *self._interval(ends))
        places = side.table[1]
        if not np.isfinite(places).all():
            raise ShapeError(
                "its formulas have no value at some parameters; choose another interval"
            )
        size = float(np.max(np.ptp(places, axis=0)))
        start, end = side.at(np.array([side.first, side.last]))
        if size == 0.0 or np.linalg.norm(end - start) > _CLOSED * size:
            raise ShapeError(
                f"is not closed: it begins at {_point(start, size)} and ends at "
                f"{_point(end, size)}; write formulas with the same value at both ends"
            )
        met = crossing(places[:: len(places) // _COMPARED])
        if met is not None:
            raise ShapeError(
                f"crosses or touches itself at {_point(met, size)}; write a simple curve"
            )
        return Curve(side)

    def _implicit(self, text: str, around: Bounds | None) -> Implicit:
        if len(self.coordinates) != 2:
            raise ShapeError("formulas describe shapes of two coordinates; take ball, box, ...")
        found = inequalities(text, self.coordinates, self.known)
        if len(found) != 1:
            raise ShapeError(f"'{cut(text, 60)}' compares twice; write `within` for the other")
        formula = found[0]
        if not names(formula) & set(self.coordinates):
            raise ShapeError(f"'{cut(text, 60)}' holds no coordinate; write one")
        first, second = self.coordinates
        level = LevelSet(formula, (first, second))
        if around is None and (around := _extent(level, text)) is None:
            raise ShapeError(
                f"'{cut(text, 60)}' holds at no point that was tried; write a comparison that holds"
            )
        (a, b), (c, d) = around
        made = Implicit(level, (a, b), (c, d))
        if not made.sides:
            raise ShapeError(
                f"'{cut(text, 60)}' has no boundary where it was looked for; leave it out"
            )
        return made


def _extent(level: LevelSet, text: str) -> Bounds | None:
    """A box around the points at which a formula is negative; None where none is found."""
    found = extent(level)
    if found is None:
        return None
    if not np.isfinite(found[0]).all():
        raise ShapeError(
            f"'{cut(text, 60)}' reaches farther than a thousand; a region is bounded, take another "
            "shape and `within`"
        )
    return tuple(map(float, found[0])), tuple(map(float, found[1]))


def _point(at: Sequence[float] | np.ndarray, size: float) -> str:
    """A point in words; what is zero but for rounding, in parts of a size, is zero."""
    values = (0.0 if abs(value) < _FLAT * size else value for value in at)
    return f"({', '.join(f'{value:.4g}' for value in values)})"
