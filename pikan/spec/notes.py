"""What may keep a problem from having one smooth solution: not a fault, but good to know."""

import math
from collections.abc import Iterator
from itertools import combinations, islice, product

import numpy as np
from jaxtyping import Float

from pikan.domain.face import Face
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression
from pikan.problem import Condition, Problem, normals, order, partials
from pikan.spec.faults import listed
from pikan.spec.linearized import Mode, freedom, needed
from pikan.spec.singular import singularities
from pikan.spec.soundness import DIFFERENT, POINTS, places_on, prescribed

# Problems in many coordinates have more corners than anyone reads about.
_CORNERS = 1000


def notes(problem: Problem) -> tuple[str, ...]:
    """Conditions that may be missing, freedom that they leave, jumps, and infinite coefficients."""
    return (
        *_moments(problem),
        *_faces(problem),
        *_freedom(problem),
        *_jumps(problem),
        *singularities(problem),
    )


def _moments(problem: Problem) -> Iterator[str]:
    """There are as many conditions on t as an equation has derivatives by it."""
    axis = problem.box.time
    if axis is None or any(one.axis == axis for one in problem.periodic):
        return
    for unknown, name in enumerate(problem.unknowns):
        wanted = order(problem, unknown, axis)
        given = sum(_in_time(problem, one, unknown, axis) for one in problem.conditions)
        if given < wanted:
            derivative = f"{name}_{'t' * wanted}"
            yield (
                f"{derivative} asks for {_conditions(wanted)} on {name} at one t, such as "
                f"t = {problem.box.lower[axis]:g}; {_there_are(given)}"
            )


def _in_time(problem: Problem, condition: Condition, unknown: int, axis: int) -> int:
    """How many moments a condition on an unknown fixes."""
    held = {one.unknown for one in partials(problem, condition.residual).values()}
    held |= set(normals(problem, condition.residual).values())
    if unknown not in held:
        return 0
    return len({dict(face.fixed)[axis] for face in condition.faces if axis in dict(face.fixed)})


def _faces(problem: Problem) -> Iterator[str]:
    """There are as many conditions across each coordinate in space as the equations ask for."""
    box = problem.box
    for axis, name in enumerate(problem.coordinates):
        if axis == box.time or any(one.axis == axis for one in problem.periodic):
            continue
        faces = [face for condition in problem.conditions for face in condition.faces]
        given = sum(len(face.fixed) == 1 and face.fixed[0][0] == axis for face in faces)
        wanted = needed(problem, axis)
        if given < wanted:
            ends = f"{name} = {box.lower[axis]:g} and {name} = {box.upper[axis]:g}"
            yield (
                f"the equations ask for {_conditions(wanted)} across {name}, on {ends}; "
                f"{_there_are(given)}"
            )


def _freedom(problem: Problem) -> Iterator[str]:
    """Nothing can be added to a solution that no equation and no condition sees."""
    bounds = zip(problem.coordinates, problem.box.lower, strict=True)
    corner = ", ".join(f"{name} = {low:g}" for name, low in bounds)
    for modes in freedom(problem):
        names = dict.fromkeys(problem.unknowns[mode.unknown] for mode in modes)
        first = problem.unknowns[modes[0].unknown]
        # A multiple of a coordinate may vanish in the corner, its derivative does not.
        slope = "" if modes[0].shape is None else f"_{problem.coordinates[modes[0].shape]}"
        yield (
            f"the solution is not unique: with {listed(names)} also "
            f"{listed(_added(problem, mode) for mode in modes)} solves the problem, whatever the "
            f"number c; add a condition, such as {{where: '{corner}', that: {first}{slope} = 0}}"
        )


def _added(problem: Problem, mode: Mode) -> str:
    sign = "-" if mode.share < 0 else "+"
    factor = "" if math.isclose(abs(mode.share), 1.0) else f"{abs(mode.share):.3g}*"
    shape = "" if mode.shape is None else f"*{problem.coordinates[mode.shape]}"
    return f"{problem.unknowns[mode.unknown]} {sign} {factor}c{shape}"


def _jumps(problem: Problem) -> Iterator[str]:
    """Conditions on faces that meet give the same values where they meet."""
    for first, second in combinations(problem.conditions, 2):
        met = (_jump(problem, first, second, *pair) for pair in _meeting(first, second))
        yield from islice(filter(None, met), 1)


def _meeting(first: Condition, second: Condition) -> Iterator[tuple[Face, Face]]:
    """The pairs of faces that have an edge or a corner in common."""
    for one, other in islice(product(first.faces, second.faces), _CORNERS):
        if not {axis for axis, _ in one.fixed} & {axis for axis, _ in other.fixed}:
            yield one, other


def _jump(problem: Problem, first: Condition, second: Condition, one: Face, other: Face) -> str:
    """That two conditions give an unknown different values where their faces meet, or nothing."""
    given, held = prescribed(problem, first), prescribed(problem, second)
    if given is None or held is None or given[0] != held[0]:
        return ""
    edge = Face(tuple(sorted((*one.fixed, *other.fixed))))
    left, right = _on(problem, given[1], edge), _on(problem, held[1], edge)
    size = max(np.max(np.abs(_on(problem, *each))) for each in ((given[1], one), (held[1], other)))
    apart = np.abs(left - right)
    place = np.argmax(apart)
    if not DIFFERENT * size < apart[place] < math.inf:
        return ""
    # Adding 0 makes 0 of -0.
    values = left[place] + 0.0, right[place] + 0.0
    return (
        f"{given[0]} jumps at '{edge.label(problem.box)}': '{first.label}' gives {values[0]:.3g} "
        f"there, '{second.label}' gives {values[1]:.3g}; no smooth solution has both"
    )


def _on(problem: Problem, formula: Expression, face: Face) -> Float[np.ndarray, " n"]:
    """A formula without unknowns at points of a face."""
    values = {**problem.constants, **places_on(problem, face)}
    return np.broadcast_to(evaluate(formula, values, np), POINTS)


def _conditions(count: int) -> str:
    return f"{count} condition{'s' * (count > 1)}"


def _there_are(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count or 'none'}"
