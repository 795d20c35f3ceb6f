"""Boundary names: words such as `t = 0`, `boundary` or `x = 0, y = 0` to faces."""

import math

from pikan.expression.tree import number_text
from pikan.expression.wording import did_you_mean, there_are, word_list
from pikan.geometry.box import Box
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.geometry.region import Region, RegionPart
from pikan.spec.constants import Constants

BOUNDARY, HOLE, BOX = "boundary", "hole", "box"


class BoundaryError(ValueError):
    """Words that name no place of the box; the message says which would."""


def normalize(words: str) -> str:
    """The words of a place with even spaces.

    >>> normalize("x=0 ,y  = 2*pi")
    'x = 0, y = 2*pi'
    """
    parts = [part.partition("=") for part in words.split(",")]
    return ", ".join(" ".join(f"{a} {equal} {b}".split()) for a, equal, b in parts)


def faces(words: str, box: Box, constants: Constants) -> tuple[Face, ...]:
    """The faces, or the one edge or point, that the words name.

    PlaceError where they name none, FormulaError where a number in them is none. A bound that is
    NaN is at fault elsewhere, and every value will do for it.
    """
    if words.strip() == BOUNDARY:
        if not box.boundary():
            raise BoundaryError(
                f"'{BOUNDARY}' is empty where t is the only coordinate; write t = ..."
            )
        return box.boundary()
    fixed: dict[int, float] = {}
    for part in words.split(","):
        axis, value = _fixed_coordinate(part, words, box, constants)
        if axis in fixed:
            raise BoundaryError(
                f"'{words}' fixes {box.coordinates[axis]} twice; make two conditions"
            )
        fixed[axis] = value
    for axis, value in fixed.items():
        _check_inside(axis, value, box, words, whole=len(fixed) == box.dimension)
    return (Face(tuple(sorted(fixed.items()))),)


def region_parts(
    words: str, box: Box, region: Region, constants: Constants
) -> tuple[BoundaryPart, ...]:
    """The parts of the boundary of a region, or the face in other coordinates, that words name.

    BoundaryError where they name none, as `faces`.
    """
    asked = " ".join(words.split())
    if asked == BOUNDARY:
        others = [face for face in box.boundary() if face.fixed[0][0] not in region.axes]
        return (*region.parts, *others)
    if "=" not in asked:
        found = list[RegionPart]()
        for part in region.parts:
            own = (part.word, f"{part.name} {part.word}") if part.word else ()
            words_of = (part.name, f"{part.name} side {part.number}", *own)
            if asked in words_of or (part.sign < 0 and asked == HOLE):
                found.append(part)
        if not found:
            known = [BOUNDARY, *dict.fromkeys(part.label(box) for part in region.parts)]
            raise BoundaryError(
                f"unknown part '{asked}'; there are {word_list(known)}"
                f"{did_you_mean(asked, [*known, *(one.name for one in region.parts)])}"
            )
        return tuple(found)
    name, _, formula = (piece.strip() for piece in asked.partition("="))
    inside = [box.coordinates[axis] for axis in region.axes]
    if "," in asked or name not in inside:
        # A point of the region, or a face in time or another coordinate.
        places = faces(words, box, constants)
        for face in places:
            fixed = [axis for axis, _ in face.fixed if axis in region.axes]
            if fixed and len(face.fixed) < box.dimension:
                raise BoundaryError(f"'{asked}' names no part of the boundary; take its name")
        return places
    axis, value = box.axis(name), constants.value(formula)
    near = 1e-12 * max(abs(value), region.size)
    sides = [(part, part.straight()) for part in region.parts]
    found = [p for p, at in sides if at and at[0] == axis and abs(at[1] - value) <= near]
    if not found:
        known = dict.fromkeys(part.label(box) for part, at in sides if at)
        straight = f"the straight sides are {word_list(list(known))}" if known else "there is none"
        raise BoundaryError(
            f"'{asked}' names no straight side of the region; {straight}; curved ones go by the "
            "names of their shapes"
        )
    return tuple(found)


def _fixed_coordinate(part: str, words: str, box: Box, constants: Constants) -> tuple[int, float]:
    name, equal, formula = (piece.strip() for piece in part.partition("="))
    if not equal:
        # Where the domain is at fault there may be no coordinate, or no bound.
        first, lower = next(zip(box.coordinates, box.lower, strict=True), ("x", 0.0))
        example = f"{first} = {number_text(0.0 if math.isnan(lower) else lower)}"
        choices = [BOUNDARY, *box.coordinates]
        raise BoundaryError(
            f"got '{words}', needs '{BOUNDARY}' or a place such as '{example}'"
            f"{did_you_mean(part.strip(), choices)}"
        )
    if name not in box.coordinates:
        raise BoundaryError(
            f"unknown coordinate '{name}' in '{words}'; {there_are('coordinate', box.coordinates)}"
            f"{did_you_mean(name, box.coordinates)}"
        )
    axis, value = box.axis(name), constants.value(formula)
    lower, upper = box.lower[axis], box.upper[axis]
    # Formulas such as 2*pi may differ from the bound by rounding; faces are told apart by equality.
    near = 1e-12 * max(abs(lower), abs(upper), abs(upper - lower))
    return axis, next((bound for bound in (lower, upper) if abs(value - bound) <= near), value)


def _check_inside(axis: int, value: float, box: Box, words: str, whole: bool) -> None:
    name, lower, upper = box.coordinates[axis], box.lower[axis], box.upper[axis]
    if any(math.isnan(number) for number in (value, lower, upper)) or value in (lower, upper):
        return
    if whole and lower < value < upper:
        return
    ends = [f"{name} = {number_text(bound)}" for bound in (lower, upper)]
    where = "lies inside" if lower < value < upper else "lies outside"
    raise BoundaryError(
        f"'{words}' names no face: {name} = {number_text(value)} {where} the domain; the faces "
        f"are {word_list(ends)}"
    )
