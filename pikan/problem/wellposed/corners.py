"""Conditions whose faces meet, or whose ends repeat: whether values and slopes fit there."""

import math
from collections.abc import Iterator
from itertools import islice, product

import numpy as np

from pikan.expression.differentiate import differentiate
from pikan.expression.magnitude import magnitude
from pikan.expression.tree import Expression, fold, substitute
from pikan.geometry.face import Face
from pikan.problem.partials import partials
from pikan.problem.statement import Condition, Problem, residual_on
from pikan.problem.wellposed.compatibility import (
    DIFFERENT,
    PrescribedValue,
    givens,
    on,
    pairs,
    places_on,
)

# Problems in many coordinates have more corners than anyone reads about.
_CORNERS = 1000


def jumps(problem: Problem) -> Iterator[str]:
    """A sentence for each two conditions that do not fit together where their faces meet."""
    if problem.region is not None:
        # Faces of the bounding box do not meet there.
        return
    for first, second in pairs(problem):
        meeting = _meeting(first.condition, second.condition)
        met = (_jump(problem, first, second, *faces) for faces in meeting)
        yield from islice(filter(None, met), 1)
    for given, condition in islice(product(givens(problem), problem.conditions), _CORNERS):
        meeting = _meeting(given.condition, condition)
        met = (_slope(problem, given, condition, *faces) for faces in meeting)
        yield from islice(filter(None, met), 1)
    for given in islice(givens(problem), _CORNERS):
        yield from islice(_ends(problem, given), 1)


def _meeting(first: Condition, second: Condition) -> Iterator[tuple[Face, Face]]:
    """The pairs of faces that have an edge or a corner in common."""
    for one, other in islice(product(first.faces, second.faces), _CORNERS):
        if not (isinstance(one, Face) and isinstance(other, Face)):
            continue
        if not {axis for axis, _ in one.fixed} & {axis for axis, _ in other.fixed}:
            yield one, other


def _edge(one: Face, other: Face) -> Face:
    return Face(tuple(sorted((*one.fixed, *other.fixed))))


def _jump(
    problem: Problem, first: PrescribedValue, second: PrescribedValue, one: Face, other: Face
) -> str:
    """That two conditions give an unknown different values where their faces meet, or nothing."""
    edge = _edge(one, other)
    left, right = on(problem, first.value, edge), on(problem, second.value, edge)
    ends = on(problem, first.value, one), on(problem, second.value, other)
    apart = np.abs(left - right)
    place = np.argmax(apart)
    if not DIFFERENT * np.max(np.abs(ends)) < apart[place] < math.inf:
        return ""
    # Adding 0 makes 0 of -0.
    values = left[place] + 0.0, right[place] + 0.0
    labels = first.condition.label, second.condition.label
    return (
        f"{first.unknown} jumps at '{edge.label(problem.box)}': '{labels[0]}' gives "
        f"{values[0]:.3g} there, '{labels[1]}' gives {values[1]:.3g}; no smooth solution has both"
    )


def _slope(
    problem: Problem, given: PrescribedValue, condition: Condition, one: Face, other: Face
) -> str:
    """That a condition on derivatives does not hold where it meets one that gives values.

    u = g(x) at t = 0 gives u_x as well, to which u_n + u = 0 at x = 0 is to fit.
    """
    residual = residual_on(problem, condition, other)
    found = partials(problem, residual)
    if not any(any(wanted.orders) for wanted in found.values()):
        return ""
    known: dict[str, Expression] = {}
    for name, wanted in found.items():
        across = any(wanted.orders[axis] for axis, _ in one.fixed)
        if across or problem.unknowns[wanted.unknown] != given.unknown:
            return ""
        known[name] = given.value
        for coordinate, order in zip(problem.coordinates, wanted.orders, strict=True):
            for _ in range(order):
                known[name] = differentiate(known[name], coordinate)
    formula, edge = fold(substitute(residual, known)), _edge(one, other)
    left = np.abs(on(problem, formula, edge))
    named = [{**problem.constants, **places_on(problem, face)} for face in (one, edge)]
    size = max(float(np.max(magnitude(formula, values))) for values in named)
    place = np.argmax(left)
    if not DIFFERENT * size < left[place] < math.inf:
        return ""
    return (
        f"a slope of {given.unknown} jumps at '{edge.label(problem.box)}': by what "
        f"'{given.condition.label}' gives '{condition.label}' is left with {left[place]:.3g}; "
        "no smooth solution has both"
    )


def _ends(problem: Problem, given: PrescribedValue) -> Iterator[str]:
    """That what is given on a face does not repeat at the ends of a periodic axis."""
    box, unknown = problem.box, problem.unknowns.index(given.unknown)
    for periodic in problem.periodic:
        axis, value = periodic.axis, given.value
        name, ends = box.coordinates[axis], (box.lower[axis], box.upper[axis])
        faces = [
            face
            for face in given.condition.faces
            if isinstance(face, Face) and axis not in dict(face.fixed)
        ]
        for order in range(periodic.orders[unknown]):
            for face in faces:
                edges = [_edge(face, Face(((axis, end),))) for end in ends]
                left, right = (on(problem, value, edge) for edge in edges)
                apart, size = np.abs(left - right), np.max(np.abs(on(problem, value, face)))
                place = np.argmax(apart)
                if DIFFERENT * size < apart[place] < math.inf:
                    whose = f"{given.unknown}{'_' * (order > 0)}{name * order}"
                    yield (
                        f"{whose} jumps between the ends of {name}, which is periodic: "
                        f"'{given.condition.label}' gives {left[place] + 0.0:.3g} and "
                        f"{right[place] + 0.0:.3g}; no smooth solution has both"
                    )
            value = differentiate(value, name)
