"""Boundary names: words such as `t = 0`, `boundary` or `x = 0, y = 0` to faces."""

import math

from pikan.expression.tree import number_text
from pikan.expression.wording import did_you_mean, there_are, word_list
from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.spec.constants import Constants

BOUNDARY = "boundary"


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


def _fixed_coordinate(part: str, words: str, box: Box, constants: Constants) -> tuple[int, float]:
    name, equal, formula = (piece.strip() for piece in part.partition("="))
    if not equal:
        lower = 0.0 if math.isnan(box.lower[0]) else box.lower[0]
        example = f"{box.coordinates[0]} = {number_text(lower)}"
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
    axis = box.axis(name)
    return axis, _snap(constants.value(formula), box.lower[axis], box.upper[axis])


def _snap(value: float, lower: float, upper: float) -> float:
    # Formulas such as 2*pi may differ from the bound by rounding; faces are told apart by equality.
    near = 1e-12 * max(abs(lower), abs(upper), abs(upper - lower))
    return next((bound for bound in (lower, upper) if abs(value - bound) <= near), value)


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
