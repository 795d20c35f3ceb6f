"""The conditions of a spec: on faces that exist, about unknowns, each with its own label."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pikan.expression.error import FormulaError
from pikan.expression.tree import Expression
from pikan.expression.wording import did_you_mean, there_are, word_list
from pikan.geometry.domain import BoundaryPart, even
from pikan.geometry.face import Face
from pikan.geometry.region import RegionPart
from pikan.problem.classification import equation_order
from pikan.problem.partials import normal_components, normals, partials
from pikan.problem.statement import Condition, Equation, Periodic, Problem
from pikan.spec.boundaries import BoundaryError, faces, normalize, region_parts
from pikan.spec.equations import approximates
from pikan.spec.faults import Check, Keys
from pikan.spec.interfaces import is_on_interface
from pikan.spec.resolve import Scope, residual, unknowns_of
from pikan.spec.schema import Repeats, Spec, Where
from pikan.spec.shape_reader import inequalities

# As many points show which part of a side a condition is about.
_PROBES = 64


@dataclass(frozen=True)
class _ParsedCondition:
    """A condition that can be read, before it has a label: the place in words, what holds there."""

    keys: Keys
    place: str
    formula: str
    faces: tuple[BoundaryPart, ...]
    residual: Expression


def conditions(
    spec: Spec, scope: Scope, equations: Sequence[Equation]
) -> Check[tuple[Condition, ...]]:
    """The conditions on faces that can be read.

    A label is the place, such as `t = 0`; where two conditions hold at one place, with the formula:
    `t = 0: u_t = 0`.
    """
    # Of an energy all may be natural.
    needed = spec.energy is None and not spec.data
    if needed and "conditions" not in spec.model_fields_set:
        message = f"missing; {Spec.model_fields['conditions'].description}"
        yield spec.origin.fault(("conditions",), message)
    elif needed and not spec.conditions and not approximates(spec, scope, equations):
        message = "there is none; a problem needs one, such as {where: boundary, that: u = 0}"
        yield spec.origin.fault(("conditions",), message)
    found: list[_ParsedCondition] = []
    for index, written in enumerate(spec.conditions):
        if isinstance(written, Where) and not is_on_interface(written):
            held = yield from _parse_condition(spec, scope, ("conditions", index), written)
            found += [] if held is None else [held]
    seen: set[tuple[str, Expression]] = set()
    for held in found:
        if (held.place, held.residual) in seen:
            message = f"'{held.formula}' at '{held.place}' is given twice; leave one of them out"
            yield spec.origin.fault(held.keys, message)
        seen.add((held.place, held.residual))
    count = Counter(held.place for held in found)
    return tuple(
        Condition(
            held.place if count[held.place] == 1 else f"{held.place}: {held.formula}",
            held.faces,
            held.residual,
        )
        for held in found
    )


def periodic(
    spec: Spec, scope: Scope, equations: Sequence[Equation]
) -> Check[tuple[Periodic, ...]]:
    """The coordinates along which the solution repeats itself.

    Matched are the derivatives below the order of the equations, as the theory of ordinary
    differential equations asks for.
    """
    found: dict[str, Periodic] = {}
    for index, written in enumerate(spec.conditions):
        if not isinstance(written, Repeats):
            continue
        name, keys = written.periodic, ("conditions", index, "periodic")
        if name not in scope.coordinates:
            message = f"unknown coordinate '{name}'; {there_are('coordinate', scope.coordinates)}"
            yield spec.origin.fault(keys, message + did_you_mean(name, scope.coordinates))
        elif name in found:
            yield spec.origin.fault(keys, f"'{name}' is periodic already; leave one of them out")
        else:
            axis = scope.box.axis(name)
            groups = [partials(scope, equation.residual).values() for equation in equations]
            held = [one for group in groups for one in group]
            orders = tuple(
                max((one.orders[axis] for one in held if one.unknown == unknown), default=0)
                for unknown in range(len(scope.unknowns))
            )
            found[name] = Periodic(axis, f"periodic {name}", orders)
    return tuple(found.values())


def _parse_condition(
    spec: Spec, scope: Scope, keys: Keys, written: Where
) -> Check[_ParsedCondition | None]:
    words = (written.where,) if isinstance(written.where, str) else written.where
    found: list[BoundaryPart] = []
    readable = True
    for index, place in enumerate(words):
        way = () if isinstance(written.where, str) else (index,)
        try:
            found += _parts(place, written, scope)
        except BoundaryError as error:
            readable = False
            yield spec.origin.fault((*keys, "where", *way), str(error))
        except FormulaError as error:
            readable = False
            yield from spec.origin.faults((*keys, "where", *way), error.messages)
    try:
        expression = residual(written.that, scope)
    except FormulaError as error:
        yield from spec.origin.faults((*keys, "that"), error.messages)
        return None
    formula = " ".join(written.that.split())
    place = " and ".join(map(normalize, words))
    if written.only is not None:
        only = (written.only,) if isinstance(written.only, str) else written.only
        place = ", ".join([place, *(" ".join(one.split()) for one in only)])
    held = _ParsedCondition(keys, place, formula, tuple(dict.fromkeys(found)), expression)
    yield from _meaningful(spec, scope, held)
    return held if readable else None


def _parts(place: str, written: Where, scope: Scope) -> tuple[BoundaryPart, ...]:
    """The faces or the parts of the boundary of a region that a place names.

    BoundaryError where it names none, and where nothing of it is left.
    """
    constants = scope.numbers
    if scope.region is None:
        if written.only is not None:
            raise BoundaryError("'for' tells parts of sides in two or three coordinates of space")
        return faces(place, scope.box, constants)
    if place in scope.pieces.interfaces and not any(p.name == place for p in scope.region.parts):
        raise BoundaryError(f"'{place}' is an interface; write u(inside) or u(outside) there")
    found = region_parts(place, scope.box, scope.region, constants)
    only = (written.only,) if isinstance(written.only, str) else written.only or ()
    if only:
        negative = tuple(
            one for text in only for one in inequalities(text, scope.coordinates, constants)
        )
        if not all(isinstance(part, RegionPart) for part in found):
            raise BoundaryError(f"'for' tells parts of the boundary in space, not of '{place}'")
        found = tuple(
            replace(part, only=negative) for part in found if isinstance(part, RegionPart)
        )
    ends = (*scope.box.lower, *scope.box.upper)
    if any(map(math.isnan, ends)):
        return found
    left = tuple(
        part
        for part in found
        if isinstance(part, Face) or len(part.points(scope.box, _PROBES, even))
    )
    if not left:
        kept = f" for {word_list(only)}" if only else ""
        raise BoundaryError(f"nothing of '{place}'{kept} bounds the region; leave it out")
    return left


def check_covered(spec: Spec, problem: Problem) -> Check[None]:
    """Where equations are of second order, each part of the boundary of a region has a condition.

    Parts that no condition speaks of are told at the first of the conditions.
    """
    region, box = problem.region, problem.box
    if region is None or not all(
        any(equation_order(problem, k, axis) > 1 for k in range(len(problem.unknowns)))
        for axis in region.axes
    ):
        return
    given = [part for one in problem.conditions for part in one.faces]
    repeated = {one.axis for one in problem.periodic}
    for part in region.parts:
        straight = part.straight()
        if straight is not None and straight[0] in repeated:
            continue
        points = part.points(box, _PROBES, even)
        bare = np.ones(len(points), dtype=bool)
        for one in given:
            if isinstance(one, RegionPart) and one.side is part.side:
                bare &= ~one.bounds(box, points)
        # A part of a side may end between two points.
        if bare.sum() > 1:
            at = points[np.flatnonzero(bare)[0]]
            where = ", ".join(f"{n} = {x:.3g}" for n, x in zip(box.coordinates, at, strict=True))
            whole = "" if bare.all() else f", as at {where}"
            message = f"none holds on '{part.label(box)}'{whole}; write one for it"
            yield spec.origin.fault(("conditions",), message)


def _meaningful(spec: Spec, scope: Scope, held: _ParsedCondition) -> Check[None]:
    keys = (*held.keys, "that")
    if not unknowns_of(held.residual, scope):
        message = f"'{held.formula}' says nothing about {word_list(scope.unknowns)}"
        yield spec.origin.fault(keys, f"{message}; write a condition on the solution")
    blunt = [face for face in held.faces if not _has_normal(face, scope)]
    for name in (*normals(scope, held.residual), *normal_components(scope, held.residual)):
        if blunt:
            message = f"'{name}' needs one outward normal, and '{held.place}' has none"
            yield spec.origin.fault(keys, f"{message}; write the derivatives, such as u_x")


def _has_normal(face: BoundaryPart, scope: Scope) -> bool:
    """Whether there is one direction out; given the benefit of the doubt where a bound is NaN."""
    if isinstance(face, RegionPart):
        return True
    if len(face.fixed) != 1:
        return False
    axis, value = face.fixed[0]
    unknown = any(map(math.isnan, (value, scope.box.lower[axis], scope.box.upper[axis])))
    return unknown or face.normal(scope.box) is not None
