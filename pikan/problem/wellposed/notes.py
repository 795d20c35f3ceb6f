"""Notes on well-posedness: what may keep a problem from having one smooth solution."""

import math
from collections.abc import Iterator
from dataclasses import replace

from pikan.expression.functions import JUMPS, KINKS
from pikan.expression.tree import Call, names, parts, text
from pikan.expression.wording import word_list
from pikan.geometry.face import Face
from pikan.problem.classification import equation_order
from pikan.problem.family import inner_values, member
from pikan.problem.features import features
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Problem
from pikan.problem.wellposed.balance import imbalance
from pikan.problem.wellposed.corners import jumps
from pikan.problem.wellposed.linearization import null_space, required_conditions
from pikan.problem.wellposed.singularities import singularities


def notes(problem: Problem) -> tuple[str, ...]:
    """Conditions that may be missing or do not fit together, freedom, infinity, what is narrow.

    Of a family those of one member.
    """
    if problem.parameters:
        return notes(member(problem, inner_values(problem.parameters)))
    if problem.inverse:
        # Data take the place of conditions.
        return (*singularities(problem), *_features(problem))
    return (
        *_moments(problem),
        *_faces(problem),
        # Sources and fluxes of a problem in pieces are not balanced here.
        *(() if problem.pieces else imbalance(problem)),
        *jumps(problem),
        *_freedom(problem),
        *singularities(problem),
        *_features(problem),
    )


def _moments(problem: Problem) -> Iterator[str]:
    """There are as many conditions on t as an equation has derivatives by it."""
    axis = problem.box.time
    if axis is None or any(one.axis == axis for one in problem.periodic):
        return
    for unknown, name in enumerate(problem.unknowns):
        wanted, given = equation_order(problem, unknown, axis), 0
        for condition in problem.conditions:
            held = {one.unknown for one in partials(problem, condition.residual).values()}
            if unknown in held | set(normals(problem, condition.residual).values()):
                moments = (dict(face.fixed).get(axis) for face in condition.faces)
                given += len({moment for moment in moments if moment is not None})
        if given < wanted:
            derivative = f"{name}_{'t' * wanted}"
            yield (
                f"{derivative} is of order {wanted} in t: {name} needs {_conditions(wanted)} at "
                f"one t, for example at t = {problem.box.lower[axis]:g}; {_there_are(given)}"
            )


def _faces(problem: Problem) -> Iterator[str]:
    """There are as many conditions across each coordinate in space as the equations ask for."""
    box = problem.box
    faces = [face for condition in problem.conditions for face in condition.faces]
    across = [face.fixed[0][0] for face in faces if len(face.fixed) == 1]
    repeated = {one.axis for one in problem.periodic}
    inside = problem.region.axes if problem.region is not None else ()
    for axis, (name, wanted) in enumerate(
        zip(box.coordinates, required_conditions(problem), strict=True)
    ):
        given = across.count(axis)
        if given < wanted and axis != box.time and axis not in (*repeated, *inside):
            ends = f"{name} = {box.lower[axis]:g} and {name} = {box.upper[axis]:g}"
            yield (
                f"the equations ask for {_conditions(wanted)} across {name}, on {ends}; "
                f"{_there_are(given)}"
            )


def _freedom(problem: Problem) -> Iterator[str]:
    """Nothing can be added to a solution that no equation and no condition sees."""
    bounds = zip(problem.coordinates, problem.box.lower, strict=True)
    corner = ", ".join(f"{name} = {low:g}" for name, low in bounds)
    if problem.region is not None:
        inner = problem.domain.sample(Face(()), 1)[0]
        pairs = zip(problem.coordinates, inner, strict=True)
        corner = ", ".join(f"{name} = {at:.3g}" for name, at in pairs)
    for modes in null_space(problem):
        names = dict.fromkeys(problem.unknowns[mode.unknown] for mode in modes)
        others = list[str]()
        for mode in modes:
            sign = "-" if mode.share < 0 else "+"
            factor = "" if math.isclose(abs(mode.share), 1.0) else f"{abs(mode.share):.3g}*"
            shape = "" if mode.shape is None else f"*{problem.coordinates[mode.shape]}"
            others.append(f"{problem.unknowns[mode.unknown]} {sign} {factor}c{shape}")
        first = problem.unknowns[modes[0].unknown]
        # A multiple of a coordinate may vanish in the corner, its derivative does not.
        slope = "" if modes[0].shape is None else f"_{problem.coordinates[modes[0].shape]}"
        yield (
            f"the solution is not unique: with {word_list(names)} also "
            f"{word_list(others)} solves the problem, "
            "whatever the number c; add a condition, such as "
            f"{{where: '{corner}', that: {first}{slope} = 0}}"
        )


def _conditions(count: int) -> str:
    return f"{count} condition{'s' * (count > 1)}"


def _there_are(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count or 'none'}"


def _features(problem: Problem) -> Iterator[str]:
    """Known functions that vary, jump or bend where evenly spread points need not see it."""
    # A known solution is there to compare with alone.
    found = features(replace(problem, exact=None))
    for one in found.narrow:
        yield f"'{one.formula}' varies within {one.width:.1e} at {one.place}"
    for place in found.places:
        name = problem.coordinates[place.axis]
        yield f"'{place.formula}' has a {place.kind} at {name} = {place.value:.6g}"
    for formula in found.unread:
        yield f"'{formula}' varies in too many places to list"
    for formula in found.oblique:
        yield f"'{formula}' jumps or has a kink along lines oblique to the axes, where no cell ends"
    for formula, kind in dict.fromkeys(_moving_kinks(problem)):
        yield (
            f"'{formula}' has a {kind} where the solution decides, so that no cell ends there; "
            "Newton's method may not get past it"
        )


def _moving_kinks(problem: Problem) -> Iterator[tuple[str, str]]:
    """Functions of unknowns that jump or have a kink, and which of the two."""
    for stated in (*problem.equations, *problem.conditions):
        unknown = partials(problem, stated.residual).keys()
        for part in parts(stated.residual):
            if isinstance(part, Call) and not names(part).isdisjoint(unknown):
                if part.function in JUMPS:
                    yield text(part), "jump"
                elif part.function in KINKS - {"sqrt"}:
                    yield text(part), "kink"
