"""A spec to a `Problem`, with every fault in its names, places and formulas."""

import math

from pikan.expression.check import collect_faults
from pikan.expression.error import FormulaError
from pikan.expression.parse import read_equation
from pikan.expression.tree import number_text
from pikan.geometry.box import Box
from pikan.problem.statement import Problem
from pikan.spec.conditions import conditions, periodic
from pikan.spec.constants import Constants, constants
from pikan.spec.equations import check_determined, equations
from pikan.spec.faults import Check, Keys, SpecError
from pikan.spec.identification import check_identifiable, observations, unknown_constants
from pikan.spec.identifiers import check_names
from pikan.spec.resolve import Scope
from pikan.spec.schema import Spec, Where
from pikan.spec.settings import check_schedule, check_settings, check_weights
from pikan.spec.solutions import solution
from pikan.spec.wellposed import check_sound

# Squares of coordinates, and the coordinates in float32, are to be finite.
FARTHEST = 1e30


def problem(spec: Spec) -> Problem:
    """The problem that a spec states; SpecError with all of its faults."""
    faults, stated = collect_faults(examine(spec))
    if faults or stated is None:
        raise SpecError(faults)
    return stated


def examine(spec: Spec) -> Check[Problem | None]:
    """Every fault that takes more than one value to see; the problem, or None if it has one."""
    misnamed = collect_faults(check_names(spec))[0]
    yield from misnamed
    known = yield from constants(spec.constants, spec.origin)
    box = yield from _box(spec, known)
    find = yield from unknown_constants(spec, known)
    guesses = {one.name: one.guess for one in find}
    scope = Scope(box, spec.unknowns, Constants({**known.values, **guesses}), tuple(guesses))
    stated = yield from equations(spec, scope)
    if not misnamed and len(stated) == len(spec.equations):
        yield from check_determined(spec, scope, stated)
    held = yield from conditions(spec, scope, stated)
    repeated = yield from periodic(spec, scope, stated)
    exact = yield from solution(spec, scope.given())
    observed = yield from observations(spec, scope)
    yield from check_settings(spec, scope)
    if len(stated) < len(spec.equations) or len(held) + len(repeated) < len(spec.conditions):
        return None
    yield from check_weights(spec, [one.label for one in (*stated, *held, *repeated)])
    title = spec.title or spec.name
    constant = scope.constants.values
    whole = Problem(
        spec.name, title, scope.box, spec.unknowns, constant, stated, held, repeated, exact,
        spec.source, find, observed,
    )  # fmt: skip
    yield from check_identifiable(spec, whole)
    yield from check_schedule(spec, whole)
    # Bounds and constants at fault are NaN, and would be said to be at fault again.
    if all(map(math.isfinite, (*scope.box.lower, *scope.box.upper, *constant.values()))):
        yield from check_sound(spec, whole)
    return whole


def check_spelling(spec: Spec) -> Check[None]:
    """Faults of formulas that show without knowing which names there are."""
    known = yield from constants(spec.constants, spec.origin)
    yield from _box(spec, known)
    for index, equation in enumerate(spec.equations):
        yield from _check_formula(spec, ("equations", index), equation)
    for index, condition in enumerate(spec.conditions):
        if isinstance(condition, Where):
            yield from _check_formula(spec, ("conditions", index, "that"), condition.that)


def _check_formula(spec: Spec, keys: Keys, formula: str) -> Check[None]:
    for message in read_equation(formula).messages:
        yield spec.origin.fault(keys, message)


def _box(spec: Spec, known: Constants) -> Check[Box]:
    lower: list[float] = []
    upper: list[float] = []
    for name, interval in spec.domain.items():
        bounds: list[float] = []
        for index, written in enumerate(interval):
            try:
                bounds.append(known.value(written))
            except FormulaError as error:
                bounds.append(math.nan)
                for message in error.messages:
                    yield spec.origin.fault(("domain", name, index), message)
        if bounds[0] >= bounds[1] or max(map(abs, bounds)) > FARTHEST:
            yield spec.origin.fault(("domain", name), _interval(bounds[0], bounds[1]))
            bounds = [math.nan, math.nan]
        lower.append(bounds[0])
        upper.append(bounds[1])
    return Box(tuple(spec.domain), tuple(lower), tuple(upper))


def _interval(first: float, last: float) -> str:
    given = f"[{number_text(first)}, {number_text(last)}]"
    if first < last:
        return f"got {given}, needs bounds up to {FARTHEST:.0e}; write it in other units"
    if first == last:
        return f"got the empty interval {given}, needs two different bounds, the lower first"
    return f"got {given}, needs the lower bound first: [{number_text(last)}, {number_text(first)}]"
